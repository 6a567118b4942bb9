/** What was tried with one number of faults in a history. */
export interface FaultLevel {
  readonly faults: number;
  /** How many histories with so many faults were lived through. */
  readonly histories: number;
  /** How many there were still to try when a bound cut them off. */
  readonly left: number;
}

/** What a crash test has tried. */
export interface CrashTestReport {
  /** Histories that were lived through, from `setUp` on. */
  readonly histories: number;
  /** Different states in which there was a choice of what happens next. */
  readonly states: number;
  /** What happened in all of them: store operations, effects, timers, crashes. */
  readonly steps: number;
  /** By the number of faults, beginning with none. */
  readonly levels: readonly FaultLevel[];
  /** Histories that came to a state which was known from another one, so that nothing new could follow. */
  readonly merged: number;
  /** Histories that were ended because they went on for too long. */
  readonly endless: number;
  /** Orders that were left out, since they need more switches between processes than `switches` permits. */
  readonly beyondSwitches: number;
  /** Which bound ended the test, if one did: then something was left to try. */
  readonly cutBy?: 'histories' | 'seconds';
  /** Which effects, store operations and transactions were seen, and how often each was done. */
  readonly effects: Readonly<Record<string, number>>;
  /** Seconds that it took. */
  readonly seconds: number;
  readonly seed: number;
}
