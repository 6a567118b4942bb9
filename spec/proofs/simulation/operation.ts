import type { IdempotentOptions, PersistenceStore } from 'retrysafe';
import { keyReader } from '../../support/key-of.js';
import type { DrawnOptions } from './history.js';

const NAME = 'simulated operation';
const LONG = 86_400;
const SHORT = 2;

/** Makes a method safe to retry. The real one, unless a spec asks whether a wrong one is caught. */
export type Engine = (method: Operation, options: IdempotentOptions) => Operation;

export type Operation = (...args: Args) => Promise<unknown>;

/** A declined request: an outcome, where the options say so. */
export class Declined extends Error {
  override readonly name: string = 'Declined';
}

/** In each message of an error of a method that is no outcome: for those who handle that error, and for nobody else. */
export const confidential = 'confidential words';

/** A failure that says by itself what becomes of it, for an operation that asks it. */
export class WorkFailed extends Error {
  override readonly name = 'WorkFailed';

  constructor(
    message: string,
    readonly decision: 'release' | 'remember' | 'unknown' | 'nonsense' | undefined,
  ) {
    super(decision === 'remember' ? message : `${confidential}: ${message}`);
  }
}

/** A class of the application whose instances are in results. */
export class Amount {
  constructor(
    readonly minor: bigint,
    readonly currency: string,
  ) {}
}

/** One call's arguments: its key, its number, what is in the request, and the context of an invocation. */
export type Args = readonly [id: string, index: number, payload: number, context?: unknown];

export interface Application {
  work(index: number): Promise<unknown>;
  recover(index: number): Promise<never>;
}

/** The operation as one process has it. */
export function operation(
  engine: Engine,
  drawn: DrawnOptions,
  store: PersistenceStore,
  { work, recover }: Application,
  more: IdempotentOptions = {},
): Operation {
  return engine(async (...[, index]: Args) => work(index), {
    ...optionsFrom(drawn, recover),
    store,
    ...more,
  });
}

function optionsFrom(drawn: DrawnOptions, recover: Application['recover']): IdempotentOptions {
  const { lease, renewFor, wait, onStoreFailure, readFirst, keepLocal, clockTolerance } = drawn;
  return {
    name: NAME,
    key: (id: string) => id,
    lease,
    renewFor,
    wait,
    onStoreFailure,
    readFirst,
    keepLocal,
    clockTolerance: `${clockTolerance}ms`,
    ttl: ttl(drawn),
    classes: [Amount],
    onAbandoned:
      drawn.onAbandoned === 'asks' ? (_: unknown, ...[, index]: Args) => recover(index) : drawn.onAbandoned,
    ...(drawn.maxAttempts !== undefined && { maxAttempts: drawn.maxAttempts }),
    ...(drawn.remembersDeclines && { remember: [Declined] }),
    ...(drawn.decidesErrors && { onError: decision }),
    ...(drawn.fingerprint && { fingerprint: (...[, , payload]: Args) => payload }),
    ...(drawn.codec && { codec }),
  };
}

function ttl(drawn: DrawnOptions): NonNullable<IdempotentOptions['ttl']> {
  switch (drawn.ttl) {
    case 'short':
      return SHORT;
    case 'long':
      return LONG;
    case 'by result':
      return (_result: unknown, ...[, index]: Args) => (index % 2 ? SHORT : LONG);
    case 'fails':
      return () => {
        throw new Error('no ttl');
      };
  }
}

function decision(error: unknown) {
  if (!(error instanceof WorkFailed)) return undefined;
  if (error.decision === 'nonsense') throw new Error('no decision');
  return error.decision;
}

/** An encoding of the application's own, which does not know everything. */
const codec = {
  encode(value: unknown): string {
    return JSON.stringify(value, (_, part) => {
      if (typeof part === 'function') throw new Error('a function');
      if (typeof part === 'bigint') return { $bigint: String(part) };
      if (part instanceof Map) return { $map: [...part] };
      if (part instanceof Set) return { $set: [...part] };
      if (part instanceof Amount) return { $amount: [String(part.minor), part.currency] };
      return part;
    });
  },
  decode(text: string): unknown {
    return JSON.parse(text, (_, part) => {
      if (typeof part !== 'object' || part === null) return part;
      if ('$bigint' in part) return BigInt(part.$bigint);
      if ('$map' in part) return new Map(part.$map);
      if ('$set' in part) return new Set(part.$set);
      if ('$amount' in part) return new Amount(BigInt(part.$amount[0]), part.$amount[1]);
      return part;
    });
  },
};

/** The key of the operation for an id. */
export const keyOfId: (id: string) => Promise<string> = keyReader({ name: NAME, key: (id: string) => id });
