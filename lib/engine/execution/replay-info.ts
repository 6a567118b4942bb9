import { AsyncLocalStorage } from 'node:async_hooks';
import { shared } from '../../process/shared.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Ending } from './ending.js';

/** Whether a call's outcome was replayed, and where it came from. */
export interface ReplayInfo {
  readonly operation: string;
  /** The idempotency key. If the operation is disabled, the key is made when it is read, which may throw a `KeyError`. */
  readonly key: string;
  /** Whether the outcome is that of another call. */
  readonly isReplay: boolean;
  /**
   * Where the outcome came from. `run`: this call ran the method, or its `onAbandoned` returned the outcome. `store`: the record
   * of an earlier run. `joined`: a run in this process that was under way. `kept`: the memory of this process, by `keepLocal`.
   * `none`: the call was refused, or failed without a recorded outcome.
   */
  readonly source: 'run' | 'store' | 'joined' | 'kept' | 'none';
  /** The attempt that produced the outcome; 1 is the first. */
  readonly attempt: number;
  /** Epoch milliseconds: when this call began, if it ran the method. A replay has none, because a completed record does not store it. */
  readonly startedAt?: number;
  /** Epoch milliseconds: when the outcome was recorded, if it was. */
  readonly completedAt?: number;
}

// Nothing is made before the first use, so that an unused feature costs a call one read of a property.
const watching = shared('replay-watches', () => ({}) as { storage?: AsyncLocalStorage<Watch | undefined> });

/** Where the errors came from that watched calls replayed or recorded. */
const ofErrors = shared('replayed-errors', () => new WeakMap<object, ReplayInfo>());

/** Watches the calls that one function makes, but not the calls that their methods make. */
export class Watch {
  #begun = 0;
  #heard = 0;
  #info: ReplayInfo | undefined;

  /** Describes the call that began last, among those that have ended. */
  get info(): ReplayInfo | undefined {
    return this.#info;
  }

  /** Whether any call has begun. */
  get hasBegun(): boolean {
    return this.#begun > 0;
  }

  run<T>(work: () => T): T {
    watching.storage ??= new AsyncLocalStorage();
    return watching.storage.run(this, work);
  }

  /** Makes a call whose inner calls this watch does not see. */
  async over(make: (watched: WatchedCall) => Promise<unknown>): Promise<unknown> {
    this.#begun += 1;
    const begun = this.#begun;
    const watched: WatchedCall = {};
    let ending: Ending | undefined;
    try {
      const value = await (watching.storage as AsyncLocalStorage<Watch | undefined>).run(undefined, () =>
        make(watched),
      );
      ending = { value };
      return value;
    } catch (error) {
      ending = { error };
      throw error;
    } finally {
      const info = infoOf(watched, ending);
      if (info && begun > this.#heard) {
        this.#heard = begun;
        this.#info = info;
      }
      // A failure without a recorded outcome is left out: the next equal call runs.
      if (info && info.source !== 'none' && ending && 'error' in ending && isObject(ending.error))
        ofErrors.set(ending.error, info);
    }
  }
}

/** What a call says of itself when it has ended. */
export interface CallReport {
  readonly operation: string;
  readonly key: string;
  readonly attempt: number;
  readonly startedAt: number;
  /** The outcome of another call that it returned. */
  readonly replayed:
    | { readonly record: IdempotencyRecord; readonly source: 'store' | 'joined' | 'kept' }
    | undefined;
  /** The record of its own outcome, once it is in the store. */
  readonly recorded: IdempotencyRecord | undefined;
}

/** What the engine tells a watch about the call that it makes. */
export interface WatchedCall {
  call?: CallReport;
  /** Set if the idempotency of the call is disabled. */
  bare?: { readonly operation: string; readonly key: () => string };
}

/** Returns the watch of the present asynchronous context, if there is one. */
export function watchHere(): Watch | undefined {
  return watching.storage?.getStore();
}

/** Returns where an error of a watched call came from, if its outcome was recorded. */
export function infoOfError(error: unknown): ReplayInfo | undefined {
  return isObject(error) ? ofErrors.get(error) : undefined;
}

/** Returns what is known of a call that has ended. */
export function infoOf({ call, bare }: WatchedCall, ending: Ending | undefined): ReplayInfo | undefined {
  if (bare) {
    const { operation, key } = bare;
    const source = ending && 'value' in ending ? 'run' : 'none';
    return Object.defineProperty({ operation, isReplay: false, source, attempt: 1 } as ReplayInfo, 'key', {
      get: key,
      enumerable: true,
    });
  }
  if (!call) return undefined;
  const { operation, key, attempt, startedAt, replayed, recorded } = call;
  const common = { operation, key, attempt };
  if (replayed)
    return { ...common, isReplay: true, source: replayed.source, ...completedAt(replayed.record) };
  const hasOutcome = recorded !== undefined || (ending !== undefined && 'value' in ending);
  if (!hasOutcome) return { ...common, isReplay: false, source: 'none' };
  return { ...common, isReplay: false, source: 'run', startedAt, ...(recorded && completedAt(recorded)) };
}

function completedAt({ state }: IdempotencyRecord): { readonly completedAt?: number } {
  return state.status === 'completed' ? { completedAt: state.completedAt } : {};
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
