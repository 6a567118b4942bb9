import { shared } from './shared.js';

const clock = shared('steady-clock', () => ({ last: 0, ahead: 0 }));

/** Readings are rounded down to 1/1,024 of a millisecond. That is a power of two, so sums and differences are exact. */
const FRACTIONS = 1_024;

/**
 * Returns milliseconds of a clock that is never set, to measure lengths of time. Instants in records are those of `Date.now()`.
 * `performance` is read at each call, since fake timers replace it.
 */
export function steadyNow(): number {
  const now = Math.floor(performance.now() * FRACTIONS) / FRACTIONS + clock.ahead;
  // `performance` goes back only when a test replaces it. Then this clock stays where it is, so that no lease gets longer.
  if (now < clock.last) clock.ahead += clock.last - now;
  else clock.last = now;
  return clock.last;
}

/**
 * Moves the clock forward to the instant at which a fired timer was due. In tests timers may be fake while `performance` is not,
 * or the other way round.
 */
export function reachSteady(instant: number): void {
  const behind = instant - steadyNow();
  if (behind <= 0) return;
  clock.ahead += behind;
  clock.last = instant;
}
