import { kindOfData } from '../../options/wrong-option.js';
import { warnOnce } from '../../process/warnings.js';
import { askOption } from '../../settings/asked-option.js';
import type { HttpOptions, ResponseFacts } from './http-options.js';

/** An error that a handler throws is answered by the framework, mostly with this. */
const thrownAsResponse: ResponseFacts = { status: 500, header: () => undefined };

/**
 * Decides what becomes of a key after a response that is no outcome, or after an error. A function that decides nothing leaves it
 * unknown, as the engine's `onError` does: a retry asks `onAbandoned`.
 */
export function failureDecision(
  { onFailure = 'release', name = 'http' }: Pick<HttpOptions<unknown>, 'onFailure' | 'name'>,
  self: unknown,
  response: ResponseFacts = thrownAsResponse,
): 'release' | 'unknown' {
  if (typeof onFailure !== 'function') return onFailure;
  const asked = askOption(() => onFailure.call(self, response));
  if ('value' in asked && (asked.value === 'release' || asked.value === 'unknown')) return asked.value;
  const fault = 'value' in asked ? `it returned ${kindOfData(asked.value)}` : asked.fault;
  warnOnce(
    `on-failure:${name}`,
    'RETRYSAFE_ON_FAILURE',
    `${name}: option "onFailure" decided nothing, since ${fault}, so the outcome is unknown; expected 'release' or 'unknown'`,
  );
  return 'unknown';
}
