// What the type specs share. Nothing here runs.
import type { PersistenceStore } from 'retrysafe';

export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless its type argument is `true`. */
export const ok = <_T extends true>(): void => {};

export interface PreFundRequest {
  readonly id: string;
  readonly amount: number;
}

export interface Hold {
  readonly holdId: string;
}

export declare const memory: PersistenceStore;

export class Bluebird<T> extends Promise<T> {
  spread(): void {}
}

export class Money {
  constructor(readonly cents: bigint) {}
}

/** As declared in @nestjs/common. */
export declare function applyDecorators(
  ...decorators: Array<ClassDecorator | MethodDecorator | PropertyDecorator>
  // biome-ignore lint/complexity/noBannedTypes: as it is there
): <TFunction extends Function, Y>(
  target: TFunction | object,
  propertyKey?: string | symbol,
  descriptor?: TypedPropertyDescriptor<Y>,
) => void;
