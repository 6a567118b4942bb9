import type { VirtualTimer } from './virtual-timer.js';

/** Where code of a test runs: in a history, and there in a process or outside of all, as what an effect does is. */
export interface Place {
  /** Epoch milliseconds in this history. */
  readonly clock: { readonly now: number };
  readonly process: ProcessOfPlace | undefined;
  /** Where timers belong that are started here; without, they are real. */
  readonly timers: Set<VirtualTimer> | undefined;
  /** What is drawn here; without, real chance is. */
  readonly chance: (() => number) | undefined;
  /** The state of its steady clock. */
  readonly steady: { last: number; ahead: number };
  /** What is known of the parts outside of the processes, if it is there. */
  readonly realParts?: RealParts;
}

/** What the code of a process is told by who runs it. */
export interface ProcessOfPlace {
  readonly state: string;
  /** What the library remembers in it: a map for each of those of the real process. */
  readonly memories: Map<object, WeakMap<object, unknown>>;
  /** Takes note of what it is told. */
  hear(what: string): void;
  /** What it has reached outside of the simulation. */
  reached: UnwrappedIo | undefined;
}

/** What a test knows of the parts that are outside of its processes. */
export interface RealParts {
  /** Whether one of them is real, as a database is. Then their timers are real, too: they may bound a real wait. */
  areSeen: boolean;
  /** How often real time has passed before a timer, to see that. */
  trials: number;
}

/** Input or output that a service does without `effect`. */
export interface UnwrappedIo {
  /** What it reaches. */
  readonly what: string;
  /** The function of Node.js or of a package that does it, where that is known. */
  readonly by: string | undefined;
  /** Where the service calls it. */
  readonly line: string | undefined;
}
