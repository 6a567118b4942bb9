import type { ListingPlan } from '../record/persistence-store.js';
import type { ResolvedAs } from '../record/record.js';
import type { RecordView } from '../record/record-view.js';

/** Which records an operator asks for. */
export interface DeskQuery {
  /** `stuck`: unknown or abandoned. Default: any. */
  readonly status?: RecordView['status'] | 'stuck';
  /** The operation's name. Default: any. */
  readonly operation?: string;
  /** What their keys begin with. Default: any. */
  readonly prefix?: string;
  /** An instant, in epoch milliseconds: those that have had their status since before. Default: any. */
  readonly olderThan?: number;
  /** How many at most, 1 to 1,000. Default: 100. */
  readonly limit?: number;
  /** That of the page before. Default: from the first. */
  readonly cursor?: string;
}

/** Some of the records that were asked for. */
export interface DeskPage {
  readonly records: readonly RecordView[];
  /** Where the next page begins. Absent after the last. */
  readonly cursor?: string;
  readonly examined: number;
}

/** What happened in a record's life. */
export interface LifeEvent {
  /** Epoch milliseconds. Absent where the record does not say. */
  readonly at?: number;
  readonly what:
    | 'claimed'
    | 'taken-over'
    | 'renewed'
    | 'lapses'
    | 'lapsed'
    | 'completed'
    | 'remembered'
    | 'released'
    | 'unknown'
    | 'resolved'
    | 'expires';
  readonly attempt: number;
  /** Who did it: a host and process, the request of a Lambda invocation, or an operator. */
  readonly by?: string;
  /** Why, in words without values of a user. */
  readonly why?: string;
  readonly traceparent?: string;
}

/** All that is known about one key. */
export interface RecordDetails {
  readonly record: RecordView;
  /** The earliest first. */
  readonly life: readonly LifeEvent[];
  /** What is kept of the outcome of a completed record. `text` only where it was asked for, and can be read here. */
  readonly outcome?: {
    readonly kind: 'value' | 'error' | 'none';
    /** Its JSON, or what `util.inspect` prints where it has none. */
    readonly text?: string;
    /** Why there is no outcome, or no text of it. */
    readonly reason?: string;
  };
}

/** One version of a record, as the operator has seen it. */
export interface SeenRecord {
  readonly key: string;
  /** The `token` of its view. The record is left alone where it has another one by now. Default: any. */
  readonly token?: string;
}

/** What an operator decides about keys. */
export interface Resolution {
  readonly as: ResolvedAs;
  /** With `value`: the JSON that duplicates get. It is encoded as the operation encodes its results, and not redacted. */
  readonly json?: string;
  /** Whether the operation has no codec, where the desk does not know its options. Default: `false`, which refuses the value. */
  readonly isPlain?: boolean;
  /** Whether the key is taken even from a running call. Two runs may overlap then. Default: `false`. */
  readonly isForced?: boolean;
  /** Who decides. */
  readonly by: string;
  /** Why: a ticket, for example. Default: none. */
  readonly reason?: string;
}

/** What became of one key. */
export interface Resolved {
  readonly key: string;
  /** Whether it was changed. */
  readonly isDone: boolean;
  /** Why it was not. */
  readonly error?: string;
}

/** How many records there are of an operation in one status. */
export interface StatusCount {
  readonly operation: string;
  readonly status: RecordView['status'];
  readonly count: number;
  /** The earliest `since` among them, in epoch milliseconds. */
  readonly oldestSince?: number;
  readonly mostAttempts: number;
}

/** What operators do with the records of one store. The command line and the page are two faces of it. */
export interface Desk {
  list(query: DeskQuery): Promise<DeskPage>;
  /** Tells what `list` costs, before it does. */
  plan(query: DeskQuery): Promise<ListingPlan>;
  /** Resolves to `undefined` where there is no record. */
  show(key: string, options?: { readonly reveal?: boolean }): Promise<RecordDetails | undefined>;
  /** Each key for itself, by compare-and-set. */
  resolve(seen: readonly SeenRecord[], resolution: Resolution): Promise<readonly Resolved[]>;
  /** Walks the records, and tells how far it is. */
  stats(
    query: DeskQuery,
    onProgress?: (examined: number) => void,
    signal?: AbortSignal,
  ): Promise<readonly StatusCount[]>;
}
