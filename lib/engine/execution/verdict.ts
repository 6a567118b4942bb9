import { shared } from '../../process/shared.js';

/** What becomes of the key of a run that returned such a value, in place of the value's being recorded. */
export type Decision =
  | { readonly to: 'release' | 'unknown' | 'restore' }
  | { readonly to: 'complete'; readonly reason: string };

/** A value that a method returns together with what becomes of its key. Calls never see it: they get the value. */
export interface Verdict {
  readonly value: unknown;
}

// A process may load two copies of this library. And a value of a user's is never asked whether it is one: it may be a proxy.
const decisions = shared('verdicts', () => new WeakMap<object, Decision>());

/**
 * Returns a value without recording it: the caller gets it, and the key is released, so that the next equal call runs again. To be
 * returned by an idempotent method itself: `return release(response)`.
 */
export function release<T>(value: T): T {
  return verdict(value, { to: 'release' });
}

/**
 * Returns a value without recording it: the caller gets it, and the key is unknown, so that `onAbandoned` decides about the next
 * equal call. To be returned by an idempotent method itself: `return unknown(response)`.
 */
export function unknown<T>(value: T): T {
  return verdict(value, { to: 'unknown' });
}

/**
 * Returns a value without recording it: the caller gets it, and the key is completed without an outcome, so that equal calls get an
 * `OutcomeUnavailableError` with the reason. That is intended, so no warning is printed; the event `outcome-not-stored` tells of it. To be
 * returned by an idempotent method itself.
 *
 * @param reason What duplicates are told, at most 300 characters. It is stored, and no secret.
 */
export function withoutOutcome<T>(value: T, reason: string): T {
  return verdict(value, { to: 'complete', reason });
}

/**
 * Returns a value of a run whose method has not begun: the caller gets it, and the record says again what it said before. So the next
 * call with the key may be for another request.
 */
export function notBegun<T>(value: T): T {
  return verdict(value, { to: 'restore' });
}

/** Whether a method returned more than a value. */
export function isVerdict(value: unknown): value is Verdict {
  return typeof value === 'object' && value !== null && decisions.has(value);
}

/** Returns what a method decided about its key. */
export function decisionOf(verdict: Verdict): Decision {
  return decisions.get(verdict) as Decision;
}

function verdict<T>(value: T, decision: Decision): T {
  const made: Verdict = { value };
  decisions.set(made, decision);
  // The compiler knows the type that callers see.
  return made as unknown as T;
}
