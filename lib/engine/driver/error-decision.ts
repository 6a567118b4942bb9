import type { ErrorDecision } from '../../options/options.js';
import { kindOfData } from '../../options/wrong-option.js';
import { askOption } from '../../settings/asked-option.js';
import { isOwnKind, isPassing } from './passing-errors.js';
import type { PreparedCall } from './prepared-call.js';
import type { Telling } from './telling.js';

const decisions: readonly unknown[] = ['release', 'remember', 'unknown'] satisfies ErrorDecision[];

/** Decides what becomes of an error that the method threw, by the options `onError` and `remember`. */
export function decide(call: PreparedCall, error: unknown, telling: Telling): ErrorDecision {
  const { onError } = call.settings;
  const asked = askOption(() => {
    const decision = onError?.apply(call.self, [error, ...call.args]);
    if (decision !== undefined) return decision;
    return isRemembered(call, error) ? 'remember' : 'release';
  });
  if ('value' in asked && decisions.includes(asked.value)) return asked.value as ErrorDecision;
  telling.optionFailed(
    'onError',
    'value' in asked ? { fault: `it returned ${kindOfData(asked.value)}` } : asked,
    'decided nothing, so the outcome is unknown',
    "'release', 'remember', 'unknown' or undefined",
  );
  // It is not known whether a second run would do harm.
  return 'unknown';
}

// What an error of this library says is over by the next call, and a parent of it was listed for the errors of the application.
function isRemembered({ settings }: PreparedCall, error: unknown): boolean {
  const one = settings.remembered.of(error);
  return one !== undefined && (!isPassing(error) || isOwnKind(one.class));
}
