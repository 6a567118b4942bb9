import { shared } from './shared.js';

const clock = shared('steady-clock', () => ({ last: 0, ahead: 0 }));

/** In a millisecond. A power of two: sums of such fractions are exact, and no length becomes one of a millisecond more. */
const FRACTIONS = 1_024;

/**
 * Milliseconds by a clock that nobody sets, for lengths of time. Instants in records are by `Date.now()`. Looked up at each
 * call, since fake timers put another `performance` in place.
 */
export function steadyNow(): number {
  const now = Math.floor(performance.now() * FRACTIONS) / FRACTIONS + clock.ahead;
  // It goes back only where a test puts a fake one in place, and then it gives nobody time.
  if (now < clock.last) clock.ahead += clock.last - now;
  else clock.last = now;
  return clock.last;
}

/**
 * Notes that a timer has fired which was set for this instant: then it is that late at least. In tests timers may be fake
 * where this clock is not, or the other way round.
 */
export function reachSteady(instant: number): void {
  const behind = instant - steadyNow();
  if (behind <= 0) return;
  clock.ahead += behind;
  clock.last = instant;
}

/** For how long a lease holds. */
export class LeaseTerm {
  constructor(
    /** Its end in the record, by which others judge. */
    readonly until: number,
    /** Its end by the steady clock, from when it was sent: a clock that is set back makes no lease longer. */
    readonly endsAt: number,
  ) {}

  /** How many milliseconds are left, by the clock that is further. */
  get left(): number {
    return Math.min(this.until - Date.now(), this.endsAt - steadyNow());
  }
}

/** The term of what holds nothing. */
export const noTerm = new LeaseTerm(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
