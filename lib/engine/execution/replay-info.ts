import { AsyncLocalStorage } from 'node:async_hooks';
import { shared } from '../../process/shared.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Call } from '../call/call.js';
import type { Ending } from '../call/ending.js';

/** Whether and whence a call's outcome was replayed. */
export interface ReplayInfo {
  readonly operation: string;
  /** The idempotency key. Of an operation that is disabled it is made when it is read, and may throw a `KeyError` then. */
  readonly key: string;
  /** Whether the outcome is that of another call. */
  readonly isReplay: boolean;
  /**
   * Whence the outcome came. `run`: this call ran the method, or its `onAbandoned` found the outcome. `store`: from the record of an earlier run. `joined`: from a
   * run in this process that was under way. `kept`: from what this process keeps by `keepLocal`. `none`: the call was
   * refused, or failed without an outcome that is recorded.
   */
  readonly source: 'run' | 'store' | 'joined' | 'kept' | 'none';
  /** Which attempt at the key the outcome is of; 1 is the first. */
  readonly attempt: number;
  /** Epoch milliseconds: when this call began, where it ran the method. A record of an outcome does not tell. */
  readonly startedAt?: number;
  /** Epoch milliseconds: when the outcome was recorded, where it was. */
  readonly completedAt?: number;
}

// Nothing is made before the first use: what nobody uses costs a call one look at a property.
const watching = shared('replay-watches', () => ({}) as { storage?: AsyncLocalStorage<Watch | undefined> });

/** What the errors are that were replayed or recorded while a watch was on. */
const ofErrors = shared('replayed-errors', () => new WeakMap<object, ReplayInfo>());

/** Hears of the calls that one function makes, and not of those inside of them. */
export class Watch {
  #begun = 0;
  #heard = 0;
  #info: ReplayInfo | undefined;

  /** What is known of the last call that began, of those that have ended. */
  get info(): ReplayInfo | undefined {
    return this.#info;
  }

  /** Whether a call is under way. */
  get hasBegun(): boolean {
    return this.#begun > 0;
  }

  run<T>(work: () => T): T {
    watching.storage ??= new AsyncLocalStorage();
    return watching.storage.run(this, work);
  }

  /** Makes a call, out of the sight of this watch. */
  async over(make: (watched: WatchedCall) => Promise<Ending>): Promise<Ending> {
    this.#begun += 1;
    const begun = this.#begun;
    const watched: WatchedCall = {};
    let ending: Ending | undefined;
    try {
      ending = await (watching.storage as AsyncLocalStorage<Watch | undefined>).run(undefined, () =>
        make(watched),
      );
      return ending;
    } finally {
      const info = infoOf(watched, ending);
      if (info && begun > this.#heard) {
        this.#heard = begun;
        this.#info = info;
      }
      // A failure that is no outcome tells nothing: the next equal call runs.
      if (info && info.source !== 'none' && ending && 'error' in ending && isObject(ending.error))
        ofErrors.set(ending.error, info);
    }
  }
}

/** What a watch is told about a call before it is made. */
export interface WatchedCall {
  call?: Call;
  /** Of a call whose idempotency is disabled. */
  bare?: { readonly operation: string; readonly key: () => string };
}

/** The watch that is on here, if any. */
export function watchHere(): Watch | undefined {
  return watching.storage?.getStore();
}

/** What is known of an error that a watched call ended with. */
export function infoOfError(error: unknown): ReplayInfo | undefined {
  return isObject(error) ? ofErrors.get(error) : undefined;
}

function infoOf({ call, bare }: WatchedCall, ending: Ending | undefined): ReplayInfo | undefined {
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
