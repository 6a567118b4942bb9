import type { ErrorDecision } from '../options/options.js';
import { kindOfData } from '../options/wrong-option.js';
import { askOption } from '../settings/asked-option.js';
import type { Call } from './call/call.js';
import { isOwnKind, isPassing } from './passing-errors.js';

const decisions: readonly unknown[] = ['release', 'remember', 'unknown'] satisfies ErrorDecision[];

/** What becomes of an error that the method threw, by the options `onError` and `remember`. */
export function decide(call: Call, error: unknown): ErrorDecision {
  const { onError } = call.settings;
  const asked = askOption(() => {
    const answer = onError?.apply(call.self, [error, ...call.args]);
    if (answer !== undefined) return answer;
    return isRemembered(call, error) ? 'remember' : 'release';
  });
  if ('value' in asked && decisions.includes(asked.value)) return asked.value as ErrorDecision;
  call.tellOption(
    'onError',
    'value' in asked ? { fault: `it returned ${kindOfData(asked.value)}` } : asked,
    'decided nothing, so the outcome is unknown',
    "'release', 'remember', 'unknown' or undefined",
  );
  // Nobody knows whether a second run would do harm.
  return 'unknown';
}

// What one of ours says is over by the next call, and a parent of it was listed for the errors of the application.
function isRemembered({ settings }: Call, error: unknown): boolean {
  const one = settings.remembered.of(error);
  return one !== undefined && (!isPassing(error) || isOwnKind(one.class));
}
