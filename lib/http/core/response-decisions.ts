import { kindOfData } from '../../options/wrong-option.js';
import { warnOnce } from '../../process/warnings.js';
import { askOption } from '../../settings/asked-option.js';
import type { HttpOptions, ResponseFacts } from './http-options.js';

/** An error that a handler throws is answered by the framework, mostly with this. */
const thrownAsResponse: ResponseFacts = { status: 500, header: () => undefined };

/** Decides whether a response is the outcome of its key. Where the option decides nothing, the status does. */
export function isOutcome(
  { isOutcome: ask, name = 'http' }: Pick<HttpOptions<unknown>, 'isOutcome' | 'name'>,
  where: string,
  self: unknown,
  response: ResponseFacts,
): boolean {
  const { status } = response;
  const byStatus = status < 500 && status !== 408 && status !== 409 && status !== 425 && status !== 429;
  if (!ask) return byStatus;
  return decided(
    [true, false],
    byStatus,
    () => ask.call(self, response),
    (fault) =>
      warnOnce(
        `is-outcome:${name}`,
        'RETRYSAFE_IS_OUTCOME',
        `${where}: option "isOutcome" decided nothing, since ${fault}, so the status decides; expected true or false`,
      ),
  );
}

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
  return decided(
    ['release', 'unknown'],
    'unknown',
    () => onFailure.call(self, response),
    (fault) =>
      warnOnce(
        `on-failure:${name}`,
        'RETRYSAFE_ON_FAILURE',
        `${name}: option "onFailure" decided nothing, since ${fault}, so the outcome is unknown; expected 'release' or 'unknown'`,
      ),
  );
}

/** Returns what an option's function decided, or `otherwise` where it decided none of these, after that was told. */
function decided<T>(
  decisions: readonly T[],
  otherwise: T,
  ask: () => unknown,
  tell: (fault: string) => void,
): T {
  const asked = askOption(ask);
  if ('value' in asked && decisions.includes(asked.value as T)) return asked.value as T;
  tell('value' in asked ? `it returned ${kindOfData(asked.value)}` : asked.fault);
  return otherwise;
}
