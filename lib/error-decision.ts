import { isPromise } from 'node:util/types';
import type { Call } from './call.js';
import type { ErrorDecision } from './options.js';
import { isOwnKind, isPassing } from './passing-errors.js';
import { warnOnce } from './warnings.js';

const decisions: readonly unknown[] = ['release', 'remember', 'unknown'] satisfies ErrorDecision[];

/** What becomes of an error that the method threw, by the options `onError` and `remember`. */
export function decide(call: Call, error: unknown): ErrorDecision {
  const { onError } = call.settings;
  let fault: string;
  try {
    const decision: unknown = onError?.apply(call.self, [error, ...call.args]);
    if (decisions.includes(decision)) return decision as ErrorDecision;
    if (decision === undefined) return isRemembered(call, error) ? 'remember' : 'release';
    // An asynchronous one comes too late, and its failure must not end the process.
    if (isPromise(decision)) decision.catch(() => {});
    fault = `it answered with ${isPromise(decision) ? 'a promise' : `a value of type ${typeof decision}`}`;
  } catch (thrown) {
    fault = `it threw ${thrown instanceof Error ? 'an error' : `a ${typeof thrown}`}`;
  }
  warnOnce(
    `onError:${call.operation}`,
    'RETRYSAFE_ON_ERROR',
    `${call.operation}: option "onError" decided nothing, so the outcome is unknown; ${fault}. Right would be 'release', 'remember', 'unknown' or undefined`,
  );
  // Nobody knows whether a second run would do harm.
  return 'unknown';
}

// What one of ours says is over by the next call, and a parent of it was listed for the errors of the application.
function isRemembered({ settings }: Call, error: unknown): boolean {
  const one = settings.remembered.of(error);
  return one !== undefined && (!isPassing(error) || isOwnKind(one.class));
}
