import type { PersistenceStore } from '../../record/persistence-store.js';
import type { CrashSetting } from './crash-setting.js';
import type { TestStore } from './test-store.js';

/** What `crashTest` tests, and how far it goes. */
export interface CrashTestOptions<Made, Started = Made, Store extends PersistenceStore = TestStore> {
  /**
   * Makes everything anew for each history: the service over `store`, and what is outside of it, such as a ledger, of which each
   * change is wrapped by `effect`.
   */
  readonly setUp: (setting: CrashSetting<Store>) => Made | PromiseLike<Made>;
  /**
   * Makes what belongs to one process, such as the service with what it keeps in memory. It is called once for each process, of
   * which each delivery of a call has its own, and its result is given to the call. Default: what `setUp` returned.
   */
  readonly start?: (made: Made, setting: CrashSetting<Store>) => Started | PromiseLike<Started>;
  /** The calls. Each is made in a process of its own, and again after a crash or an error that may pass. */
  readonly calls: readonly ((started: Started, delivery: Delivery) => unknown)[];
  /** Throws where something is wrong when every call has an outcome. */
  readonly invariant: (made: Made, ends: readonly CallEnd[]) => unknown;
  /** Throws where something is wrong after any step. It should look and change nothing. Default: nothing is looked at. */
  readonly always?: (made: Made) => unknown;
  /** Makes another store for each history, as of PGlite or SQLite. Default: one in memory, with `database` for transactions. */
  readonly store?: () => Store | PromiseLike<Store>;
  /** Releases what `setUp` or `store` has opened, after each history in which `setUp` came to its end. */
  readonly tearDown?: (made: Made) => unknown;
  /** How many faults there may be in one history: all of one, and a part of more by chance. Default: 2. */
  readonly faults?: number;
  /**
   * How often a history may go on with another process than the one that went on last, though that could: all orders with so many
   * switches are tried. Default: 2.
   */
  readonly switches?: number;
  /** How many histories at most. Default: 1,500. */
  readonly histories?: number;
  /** Seconds after which no further history begins. Default: 30. */
  readonly seconds?: number;
  /** How often a call is delivered at most, before it ends with its last error. Default: 25. */
  readonly deliveries?: number;
  /** Draws the histories with more than one fault. Default: 1. */
  readonly seed?: number;
  /** Whether a failure has a diagram. Default: `false`. */
  readonly diagram?: boolean;
  /** Repeats one history alone: what the message of a failure said. */
  readonly repeat?: string;
}

/** Which delivery of its call it is, for a call that reads it as a queue's message has it. */
export interface Delivery {
  /** 1 for the first one. */
  readonly number: number;
}

/** How a call ended for whoever made it. */
export type CallEnd =
  | { readonly value: unknown; readonly deliveries: number }
  | { readonly error: unknown; readonly deliveries: number };
