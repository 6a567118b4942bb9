import type { PersistenceStore } from '../record/persistence-store.js';
import type { RecordView } from '../record/record-view.js';
import type { CheckedPath } from './checked-path.js';
import type { Duration } from './duration.js';

/** What a selecting function may answer with: anything but a promise. */
export type Selected =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | (object & { readonly then?: 'a key must not be a promise' });

/** Picks a part of a call: JMESPath over its first argument, or a synchronous function of its arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of every method
export type Selector<This, Args extends readonly any[]> = string | SynchronousFunction<This, Args>;

/** A synchronous function of a call's arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of every method
export type SynchronousFunction<This, Args extends readonly any[]> = (this: This, ...args: Args) => Selected;

/** What becomes of an error that the method threw. */
export type ErrorDecision = 'release' | 'remember' | 'unknown';

/** An earlier attempt whose outcome nobody recorded, as `onAbandoned` sees it. */
export interface Abandoned {
  readonly operation: string;
  readonly key: string;
  /** `abandoned`: its lease lapsed. `unknown`: somebody declared its outcome unknown. */
  readonly status: 'abandoned' | 'unknown';
  readonly attempt: number;
  readonly fencingToken: number;
}

/** What `onAbandoned` decides: the outcome it found, or to run the method again, or to refuse. */
export type AbandonedDecision<Result> = { readonly value: Result } | 'run' | 'refuse';

/** Turns a result into text and back. */
export interface Codec {
  encode(value: unknown): string;
  decode(text: string): unknown;
}

/** A class of any constructor. */
export type AnyClass = abstract new (...args: never[]) => unknown;

/**
 * A class under a name of its own, which records and keys bear in place of the class's. With `to` and `from` any class can be
 * kept, whatever its state is made of; without them its instances are kept by their fields.
 *
 * @example { class: Decimal, name: 'Decimal', to: (value) => value.toString(), from: (text) => new Decimal(text) }
 */
// biome-ignore lint/suspicious/noExplicitAny: a list of entries has instances and data of every shape
export type ClassEntry<Instance = any, Data = any> = {
  /** The class; its constructor may be private. */
  readonly class: (abstract new (...args: never[]) => Instance) | { readonly prototype: Instance };
  /** In records and keys. It stays when the class is renamed, and needs to be unique among all that are listed. */
  readonly name: string;
} & (
  | {
      /** What is kept of an instance, synchronously: anything that a result may be. Equal instances must give equal data. */
      readonly to: (instance: Instance) => Data;
      /** The instance of what `to` gave, synchronously. */
      readonly from: (data: Data) => Instance;
    }
  | { readonly to?: never; readonly from?: never }
);

/** The options of one operation. Durations are seconds, or strings with a unit such as `'250ms'` or `'5m'`. */
export interface IdempotentOptions<
  // biome-ignore lint/suspicious/noExplicitAny: an option must fit every class and method it may be given to
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
   * What makes two calls the same: JMESPath over the first argument, or a function of all of them. A plain path is checked
   * against the type of the first parameter, as far as that is an object type with names.
   * Default: all arguments, a Lambda context left out.
   */
  readonly key?: CheckedPath<Key, Args> | SynchronousFunction<This, Args>;
  /** How long an outcome is kept, at most until the end of the year 9999. Default: 86,400 (a day). */
  readonly ttl?: Duration | ((result: Result, ...args: Args) => Duration);
  /** Where records live. Default: one `InMemoryStore` for the process. */
  readonly store?: PersistenceStore | ((self: This) => PersistenceStore);
  /** The operation's name in keys, events and records. Default: `Class.method`, of the declaring class. */
  readonly name?: string;
  /** The tenant or caller that a key belongs to. Selecting nothing is an error. Default: none. */
  readonly scope?: CheckedPath<Scope, Args> | SynchronousFunction<This, Args>;
  /** What must not differ between duplicates; `true` for all arguments. Default: none. */
  readonly fingerprint?: true | CheckedPath<Fingerprint, Args> | SynchronousFunction<This, Args>;
  /** How long a claim holds unless it is renewed, which happens every third of it. Default: 30. */
  readonly lease?: Duration;
  /** How long a claim is renewed; then the signal aborts and the lease runs out. Default: 900. */
  readonly renewFor?: Duration;
  /** How long a duplicate waits for the running call's outcome; 0 refuses at once. Default: 10. */
  readonly wait?: Duration;
  /** What to do about an earlier attempt that nobody ended. Default: `'run'`. */
  readonly onAbandoned?:
    | 'run'
    | 'refuse'
    | ((
        this: This,
        abandoned: Abandoned,
        ...args: Args
      ) => AbandonedDecision<Result> | Promise<AbandonedDecision<Result>>);
  /**
   * How long it is remembered that nobody knows how an attempt ended: from its end as `unknown`, or from the lapse of its
   * lease. After that the key is free, and the next call runs. `'until-resolved'`: until `onAbandoned` or `forget` resolves
   * it. Default: `'until-resolved'`; where `onAbandoned` is `'run'`, so that nothing but a run can follow, a day or the
   * `ttl`, whichever is longer.
   */
  readonly unresolvedTtl?: Duration | 'until-resolved';
  /** Error classes, or entries, whose instances are outcomes: kept, and replayed as instances. Default: none. */
  readonly remember?: readonly (AnyClass | ClassEntry)[];
  /** Decides about an error by itself; `undefined` leaves it to `remember`, then `'release'`. */
  readonly onError?: (this: This, error: unknown, ...args: Args) => ErrorDecision | undefined;
  /** Whether to run without a claim when the store cannot be reached. Default: `'throw'`. */
  readonly onStoreFailure?: 'throw' | 'run';
  /** Changes a result that is replayed, for a header or a fresh field. Default: none. */
  readonly mapReplay?: (this: This, result: Result, record: RecordView) => Result | Promise<Result>;
  /** Replaces the built-in encoding of results. Default: plain JSON, or `devalue` for richer values. */
  readonly codec?: Codec;
  /** Classes, or entries, whose instances may be in results and keys and replay as instances. Default: none. */
  readonly classes?: readonly (AnyClass | ClassEntry)[];
  /**
   * Whether to look before claiming: cheaper where most calls are replays. The look may be stale, as after `forget`; with
   * `keepLocal` it is consistent. Default: `false`.
   */
  readonly readFirst?: boolean;
  /** How many completed outcomes of an operation this process keeps, so that a replay asks no store. Default: 0. */
  readonly keepLocal?: number;
  /** How long a lease must have lapsed before it is taken over, for clocks that differ. Default: 1. */
  readonly clockTolerance?: Duration;
  /** `false` runs the method bare, and so does `IDEMPOTENCY_DISABLED=true`. Default: `true`. */
  readonly enabled?: boolean;
}

/** Options for a class: `name` is the class's part of its operations' names. */
// biome-ignore lint/suspicious/noExplicitAny: a class-level option meets methods of every shape
export type ClassOptions<This = any> = Omit<IdempotentOptions<This>, 'key'>;

/** Options for the whole process. */
export type ProcessOptions = Omit<IdempotentOptions, 'key' | 'name'>;

/** A level at which options are given; each has its own set. */
export type OptionLevel = 'method' | 'class' | 'process';

/** The options without those that are given as undefined, which are none. */
export function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
