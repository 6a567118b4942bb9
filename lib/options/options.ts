import type { PersistenceStore } from '../record/persistence-store.js';
import type { RecordView } from '../record/record-view.js';
import type { CheckedPath } from './checked-path.js';
import type { Duration } from './duration.js';

/** What a selecting function may return: anything but a promise. */
export type Selected =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | (object & { readonly then?: 'a key must not be a promise' });

/**
 * Selects a part of a call: a JMESPath expression over its first argument, or a synchronous function of its arguments. An
 * expression beyond a plain path needs `import 'retrysafe/jmespath'`.
 */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of every method
export type Selector<This, Args extends readonly any[]> = string | SynchronousFunction<This, Args>;

/** A synchronous function of a call's arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of every method
export type SynchronousFunction<This, Args extends readonly any[]> = (this: This, ...args: Args) => Selected;

/** What is recorded for an error that the method threw. */
export type ErrorDecision = 'release' | 'remember' | 'unknown';

/** An earlier attempt that recorded no outcome, as `onAbandoned` receives it. */
export interface Abandoned {
  readonly operation: string;
  readonly key: string;
  /** `abandoned`: its lease lapsed. `unknown`: its outcome was recorded as unknown. */
  readonly status: 'abandoned' | 'unknown';
  readonly attempt: number;
  readonly fencingToken: number;
}

/** What `onAbandoned` decides: the outcome that it found, to run the method again, or to refuse the call. */
export type AbandonedDecision<Result> = { readonly value: Result } | 'run' | 'refuse';

/** Whose outcome a codec is given. */
export interface CodecContext {
  /** The operation's name. */
  readonly operation: string;
  /** The idempotency key of the record. */
  readonly key: string;
  /** Whether the method returned it, or threw it. */
  readonly kind: 'value' | 'error';
}

/** Turns a result into text and back, synchronously. */
export interface Codec {
  /**
   * What `encode` gets and `decode` returns: `'values'`, in place of the built-in encoding, and errors as its text; or the `'text'` of
   * the built-in encoding of each outcome, which then keeps its types. Default: `'values'`.
   */
  readonly takes?: 'values' | 'text';
  /** What becomes of outcomes that were stored without a codec: `'refuse'` makes them unavailable. Default: `'replay'`. */
  readonly plain?: 'replay' | 'refuse';
  encode(value: unknown, context: CodecContext): string;
  decode(text: string, context: CodecContext): unknown;
}

/** A class of any constructor. */
export type AnyClass = abstract new (...args: never[]) => unknown;

/**
 * A class under a name of its own. Records and keys have this name in place of the class's. With `to` and `from` instances of any
 * class can be stored, whatever their state is. Without them instances are stored by their fields.
 *
 * @example { class: Decimal, name: 'Decimal', to: (value) => value.toString(), from: (text) => new Decimal(text) }
 */
// biome-ignore lint/suspicious/noExplicitAny: a list of entries has instances and data of every shape
export type ClassEntry<Instance = any, Data = any> = {
  /** The class; its constructor may be private. */
  readonly class: (abstract new (...args: never[]) => Instance) | { readonly prototype: Instance };
  /** The name in records and keys. It stays the same when the class is renamed, and is unique among all listed classes. */
  readonly name: string;
} & (
  | {
      /** Returns the data to store for an instance, synchronously. It may be what a result may be; equal instances have equal data. */
      readonly to: (instance: Instance) => Data;
      /** Returns the instance for what `to` returned, synchronously. */
      readonly from: (data: Data) => Instance;
    }
  | { readonly to?: never; readonly from?: never }
);

/** The options of one operation. Durations are seconds, or strings with a unit such as `'250ms'` or `'5m'`. */
export interface IdempotentOptions<
  // biome-ignore lint/suspicious/noExplicitAny: one option must fit every class and method
  This = any,
  // biome-ignore lint/suspicious/noExplicitAny: as above
  Args extends readonly any[] = any[],
  // biome-ignore lint/suspicious/noExplicitAny: as above
  Result = any,
  Key extends string = string,
  Scope extends string = string,
  Fingerprint extends string = string,
> {
  /**
   * What makes two calls equal: a JMESPath expression over the first argument, or a function of all arguments. A plain path is
   * checked against the type of the first parameter, as far as that is an object type with named properties.
   * Default: all arguments without a Lambda context.
   */
  readonly key?: CheckedPath<Key, Args> | SynchronousFunction<This, Args>;
  /** How long an outcome is stored, at most until the end of the year 9999. Default: 86,400 (a day). */
  readonly ttl?: Duration | ((result: Result, ...args: Args) => Duration);
  /** The store of the records. Default: one `InMemoryStore` for the process. */
  readonly store?: PersistenceStore | ((self: This) => PersistenceStore);
  /** The operation's name in keys, events and records. Default: `Class.method` of the declaring class. */
  readonly name?: string;
  /** The tenant or caller that a key belongs to. It is an error if it selects nothing. Default: none. */
  readonly scope?: CheckedPath<Scope, Args> | SynchronousFunction<This, Args>;
  /** What must be the same in all duplicates; `true` for all arguments. Default: none. */
  readonly fingerprint?: true | CheckedPath<Fingerprint, Args> | SynchronousFunction<This, Args>;
  /** How long a claim holds. It is renewed after each third of this time. Default: 30. */
  readonly lease?: Duration;
  /** How long a claim is renewed. After that the signal aborts and the lease lapses. Default: 900. */
  readonly renewFor?: Duration;
  /** How long a duplicate waits for the outcome of the running call; 0 refuses it at once. Default: 10. */
  readonly wait?: Duration;
  /** What to do after an earlier attempt that recorded no outcome. Default: `'run'`. */
  readonly onAbandoned?:
    | 'run'
    | 'refuse'
    | ((
        this: This,
        abandoned: Abandoned,
        ...args: Args
      ) => AbandonedDecision<Result> | Promise<AbandonedDecision<Result>>);
  /**
   * How many times the method may be started for a key before it has an outcome, by all calls together: 1 or more. After that a call is refused
   * with an `AttemptsExhaustedError`, whatever `onAbandoned` says, until an operator decides. So often a recovery function may end without a
   * decision, too. The count ends with the record: see `unresolvedTtl`. Default: no limit.
   */
  readonly maxAttempts?: number;
  /**
   * How long an attempt without a known outcome keeps its key: from when its outcome became `unknown`, or from when its lease
   * lapsed. At the next full hour the key is free, and the next call runs. `'until-resolved'`: until `onAbandoned` or `forget`
   * resolves it. Default: `'until-resolved'`; if `onAbandoned` is `'run'`, a day or the `ttl`, whichever is longer.
   */
  readonly unresolvedTtl?: Duration | 'until-resolved';
  /** Error classes, or entries, whose instances are outcomes: they are stored, and replayed as instances. Default: none. */
  readonly remember?: readonly (AnyClass | ClassEntry)[];
  /** Decides what is recorded for an error. On `undefined`, `remember` decides, then `'release'`. */
  readonly onError?: (this: This, error: unknown, ...args: Args) => ErrorDecision | undefined;
  /**
   * What the record says of an error that left its key without an outcome, for operators: at most 300 characters, which are stored as they
   * are. Default: its class and code alone, since a message may have values of a user.
   */
  readonly describeError?: (this: This, error: unknown) => string | undefined;
  /** Whether to throw, or to run without a claim, when the store cannot be reached. Default: `'throw'`. */
  readonly onStoreFailure?: 'throw' | 'run';
  /** Changes a replayed result, for example to add a header or a fresh field. Default: none. */
  readonly mapReplay?: (this: This, result: Result, record: RecordView) => Result | Promise<Result>;
  /**
   * Returns what a record keeps of a result, and so what each replay gets. The caller of the run gets the whole result. Synchronous,
   * and changes nothing of what it is given. Errors do not pass it. Default: the result.
   */
  readonly redact?: (this: This, result: Result, ...args: Args) => Result;
  /**
   * Replaces the built-in encoding of results, or takes its text. Default: plain JSON, or `devalue` for values that JSON does not have.
   */
  readonly codec?: Codec;
  /** Classes, or entries, whose instances may be in results and keys. They replay as instances. Default: none. */
  readonly classes?: readonly (AnyClass | ClassEntry)[];
  /**
   * Whether to read the record before claiming the key, which is cheaper if most calls are replays. The read may be stale, for
   * example after `forget`; with `keepLocal` it is consistent. Default: `false`.
   */
  readonly readFirst?: boolean;
  /** How many completed outcomes of an operation this process keeps in memory, to replay them without the store. Default: 0. */
  readonly keepLocal?: number;
  /** How long after its lease lapsed a claim is taken over, since clocks differ. Default: 1. */
  readonly clockTolerance?: Duration;
  /** `false` runs the method without idempotency, as `IDEMPOTENCY_DISABLED=true` does for all. Default: `true`. */
  readonly enabled?: boolean;
}

/** Options for a class. `name` is the class's part of its operations' names. */
// biome-ignore lint/suspicious/noExplicitAny: a class-level option meets methods of every shape
export type ClassOptions<This = any> = Omit<IdempotentOptions<This>, 'key'>;

/** Options for the whole process. */
export interface ProcessOptions extends Omit<IdempotentOptions, 'key' | 'name'> {
  /**
   * Who runs here, as records say it to operators: a text of at most 200 characters, a synchronous function that returns one, or `false`
   * for nothing. Default: the function and request id of a Lambda invocation, else `host:pid`.
   */
  readonly runtime?: string | false | (() => string | undefined);
}

/** The levels of options. Each has its own set of options. */
export type OptionLevel = 'method' | 'class' | 'process';

/** Returns the options whose value is not `undefined`. */
export function definedOptions<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
