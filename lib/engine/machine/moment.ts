/** When an event happens, and what chance adds to it. The driver reads the clocks; the machine reads none. */
export interface Moment {
  /** Epoch milliseconds by this process's clock, which may be set. Instants in records are by it. */
  readonly wall: number;
  /** Milliseconds of a clock that is never set. Lengths of time are by it. */
  readonly steady: number;
  /** A random number from 0 up to 1. Pauses differ by it, so that calls spread. */
  readonly chance: number;
}

/** The time for which a lease holds. */
export interface Term {
  /** The lease's end in the record, which other calls see, by the wall clock. */
  readonly until: number;
  /** Its end by the steady clock, counted from when the record was sent. A clock that is set back makes no lease longer. */
  readonly endsAt: number;
}

/** The instant of what does not happen by itself, and a length of time that does not end. */
export const NEVER = Number.POSITIVE_INFINITY;

export const NO_TERM: Term = { until: Number.NEGATIVE_INFINITY, endsAt: Number.NEGATIVE_INFINITY };
export const ENDLESS_TERM: Term = { until: NEVER, endsAt: NEVER };

/** Returns for how many milliseconds a term holds, by the clock that is ahead. */
export function termLeft({ until, endsAt }: Term, now: Moment): number {
  return Math.min(until - now.wall, endsAt - now.steady);
}
