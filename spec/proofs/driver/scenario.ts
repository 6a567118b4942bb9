import type { IdempotentOptions } from 'retrysafe';

/** What a store returns: promises that the checker settles, or values in the turn in which it is asked. */
export type Port = 'promises' | 'values' | 'in memory';

/** What a method does before it ends, as the checker decides. */
export type Script =
  | 'waits'
  /** Asks for its completion at once, in a context of its own, and writes it. */
  | 'completes'
  /** Asks for two completions, so that the second one needs a renewal, and writes none. */
  | 'asks twice'
  /** Makes a call with another key, and waits for it. */
  | 'nests another'
  /** Makes a call with its own key, which is refused. */
  | 'nests itself'
  /** Calls the library back when its signal aborts. */
  | 'listens';

/** What is done about the key by one who looks after it. */
export type Decision =
  | 'forgets'
  /** Equal calls get a value. */
  | 'gives a value'
  /** They may run. */
  | 'lets it run again'
  /** They are refused. */
  | 'refuses';

/** What may happen in a history, and how often. */
export interface Bounds {
  /** How many choices are tried in every order. What follows happens in a fixed one. */
  readonly depth: number;
  /** How often a store call fails. */
  readonly faults?: number;
  /** How often a timer fires before all else has happened. */
  readonly timers?: number;
  /** How often something happens before the microtasks of what happened before have run. */
  readonly hurries?: number;
}

export interface Scenario {
  readonly name: string;
  readonly port: Port;
  /** One for each call, in the order in which they begin. All have the same key. */
  readonly calls: readonly Script[];
  readonly options?: IdempotentOptions;
  /** Whether a process elsewhere holds the key at first. It ends when the checker says so, and its store gives notices. */
  readonly isHeldElsewhere?: boolean;
  /** What an operator decides by force, once, at any time. */
  readonly operator?: Decision;
  /** What a listener of the event `waited` decides by force, once. */
  readonly listener?: Decision;
  readonly bounds: Bounds;
}
