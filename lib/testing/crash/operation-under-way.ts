import { AsyncResource } from 'node:async_hooks';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { SimulatedProcess } from './simulated-process.js';

/** What a process has asked for: of the store, of an effect, or to commit a transaction. */
export type OperationKind = 'store' | 'effect' | 'transaction';

/** What is asked for, and how it is done. */
export interface Asked {
  readonly kind: OperationKind;
  /** As stories call it. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** What belongs to it in a story, beside the name and the arguments. */
  readonly tell?: () => string;
  /** What a store is to keep. */
  readonly record?: IdempotencyRecord;
  /** Whether it changes what others see, as far as is known. What changes nothing is done at once. */
  readonly isEffective: () => boolean;
  readonly apply: () => unknown;
}

/** Does what is asked for when its turn comes, if a process asks; else at once. */
export type Operate = (asked: Asked) => Promise<unknown>;

/** What became of an operation. */
export type Done = { readonly value: unknown } | { readonly error: unknown };

/** An operation that has no answer yet. What it does runs in the context of its caller, whoever lets it happen. */
export class OperationUnderWay extends AsyncResource {
  readonly label: string;
  /** What came of it, where it is done and its answer is held back. */
  done: Done | undefined;
  /** Whether it is held back: until its process hears again. */
  isHeld = false;

  constructor(
    readonly process: SimulatedProcess,
    readonly asked: Asked,
    readonly resolve: (value: unknown) => void,
    readonly reject: (error: unknown) => void,
    /** Which others its process has asked for, that have no answer. */
    readonly beside: readonly string[],
  ) {
    super('OperationUnderWay');
    process.operations += 1;
    this.label = `${process.name}: ${asked.name} (${process.operations})`;
  }

  /** Gives its process the answer. */
  settle(done: Done): void {
    if ('error' in done) this.reject(done.error);
    else this.resolve(done.value);
  }
}
