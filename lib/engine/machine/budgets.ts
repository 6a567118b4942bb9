import { instantAfter } from '../../record/instants.js';
import { LAMBDA_MARGIN_MS } from '../../request/events/lambda.js';
import type { Moment, Term } from './moment.js';
import type { CallState, Situation } from './state.js';

/** Returns the term of a lease that is claimed or renewed now. It ends with the Lambda invocation. */
export function newTerm({ rules, call, now }: Situation): Term {
  const endsAt = Math.min(now.steady + rules.lease, call.endsAt);
  return { until: instantAfter(now.wall, Math.floor(endsAt - now.steady)), endsAt };
}

/** Returns for how many milliseconds a call has waited for other calls. Running does not count. */
export function waited({ phase, phaseSince, waitedMs }: CallState, now: Moment): number {
  switch (phase) {
    case 'joining':
    case 'waiting':
    case 'looking':
    case 'retrying':
    case 'probing':
      return waitedMs + now.steady - phaseSince;
    default:
      return waitedMs;
  }
}

/** Returns for how many milliseconds a call may still wait for other calls: its one budget. */
export function waitLeft({ rules, call, now }: Situation): number {
  return Math.min(rules.wait - waited(call, now), call.endsAt - LAMBDA_MARGIN_MS - now.steady);
}

/** Whether the Lambda invocation ends too soon to begin anything. */
export function isEnding({ call, now }: Situation): boolean {
  return call.endsAt - now.steady < LAMBDA_MARGIN_MS;
}

const LONGEST_STORE_CALL_MS = 5_000;

/** Returns for how many milliseconds a store call may take. A call that gave up must leave time for another before the lease lapses. */
export function longestStoreCall({ rules, call, now }: Situation): number {
  return Math.min(LONGEST_STORE_CALL_MS, rules.lease / 3, call.endsAt - now.steady);
}
