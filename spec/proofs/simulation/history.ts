import type { ThawOrder } from './clock.js';
import type { Fault } from './weather.js';

/** What a simulated operation is configured with, in the words of the library's options. */
export interface DrawnOptions {
  readonly wait: number;
  readonly ttl: 'short' | 'long' | 'by result' | 'fails';
  readonly lease: number;
  readonly renewFor: number;
  /** In milliseconds; clocks differ by less. */
  readonly clockTolerance: number;
  readonly onAbandoned: 'run' | 'refuse' | 'asks';
  readonly maxAttempts: number | undefined;
  readonly onStoreFailure: 'throw' | 'run';
  readonly remembersDeclines: boolean;
  readonly decidesErrors: boolean;
  readonly readFirst: boolean;
  readonly keepLocal: number;
  readonly fingerprint: boolean;
  readonly codec: boolean;
  /** Whether each call is an invocation of Lambda, with a deadline. */
  readonly lambda: boolean;
}

export type MethodEnd =
  | 'returns'
  | 'throws'
  | 'declines'
  | 'is unsure'
  | 'errs for good'
  | 'confuses onError'
  | 'crashes'
  | 'heeds the signal'
  | 'returns and releases'
  | 'returns and is unsure'
  | 'returns and keeps nothing'
  | 'commits'
  | 'commits and throws'
  | 'commits again'
  | 'commits and returns something else'
  | 'asks and does not commit'
  | 'repeats its transaction';

/** What one call's method does. */
export interface Method {
  readonly ends: MethodEnd;
  readonly takes: number;
  /** After how many of its transactions it begins another one as if the answer had been lost. */
  readonly lost: number;
  readonly result: 'plain' | 'rich' | 'large' | 'unstorable';
}

/** What one call's recovery function does. */
export interface Recovery {
  readonly answers: 'run' | 'refuse' | 'value' | 'throws' | 'nonsense';
  readonly takes: number;
}

export interface PlannedCall {
  readonly index: number;
  readonly process: number;
  readonly key: string;
  readonly at: number;
  readonly payload: number;
  readonly method: Method;
  readonly recovery: Recovery;
  /** How long its invocation of Lambda may take. */
  readonly deadline: number;
}

/** What an operator does about a key. */
interface Deciding {
  readonly key: string;
  readonly process: number;
  readonly isForced: boolean;
  /** For how long it considers the version that it has read, to decide about no other one. Without, it decides at once about any. */
  readonly considers?: number;
  /** Who it says that it is, and why. */
  readonly by?: string;
  readonly reason?: string;
}

export type Decisive = Deciding &
  (
    | { readonly kind: 'forget' }
    | {
        readonly kind: 'resolve';
        readonly as: 'value' | 'run-again' | 'refuse';
        readonly value: 'plain' | 'rich';
        /** In seconds. */
        readonly ttl?: number;
      }
  );

/** Something that happens to processes, the network or the database, or that an operator does. */
export type Act = { readonly at: number } & (
  | { readonly kind: 'crash'; readonly process: number }
  | { readonly kind: 'freeze'; readonly process: number; readonly lasts: number; readonly order: ThawOrder }
  /** Without a process, for all of them. */
  | { readonly kind: 'outage'; readonly process?: number; readonly lasts: number; readonly fault: Fault }
  | { readonly kind: 'clock'; readonly process: number; readonly skew: number }
  | Decisive
  /** What was written in the last milliseconds is lost. */
  | { readonly kind: 'failover'; readonly loses: number }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'lost notices'; readonly lasts: number }
  | { readonly kind: 'broken listener'; readonly process: number }
);

/** How the network is. What happens to one request is chanced from the seed, and the same whatever happens to others. */
export interface Climate {
  readonly seed: number;
  /** How many of a hundred requests meet a fault. */
  readonly faults: number;
  /** How many of a hundred are slow. */
  readonly slow: number;
  /** How many of a hundred reads that may be stale are. */
  readonly stale: number;
  /** Requests that nothing happens to, whatever the seed says. */
  readonly calm: readonly string[];
}

/** All that is chanced about a simulation, as plain data: what a run does follows from this alone. */
export interface History {
  readonly seed: number;
  readonly options: DrawnOptions;
  readonly calls: readonly PlannedCall[];
  readonly acts: readonly Act[];
  readonly climate: Climate;
  /** How far each process's clock is ahead at first. */
  readonly skews: readonly number[];
}
