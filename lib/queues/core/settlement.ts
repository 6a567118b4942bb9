import { type ErrorAdvice, IdempotencyError } from '../../errors.js';
import { isRecordedError } from '../../process/recorded-errors.js';
import { warnOnce } from '../../process/warnings.js';
import { askOption } from '../../settings/asked-option.js';
import { checkSettlementOptions, retryDelaySeconds, type SettlementOptions } from './settlement-options.js';

/** What a consumer does with a message whose method threw. */
export type Settlement =
  /** It is delivered again after so many seconds. That is no failure of the message: where the queue can, it spends no attempt. */
  | { readonly do: 'redeliver'; readonly afterSeconds: number; readonly reason: string }
  /** It is set aside for a person, at once: no delivery of it would end otherwise. */
  | { readonly do: 'park'; readonly advice: ErrorAdvice | 'recorded'; readonly reason: string }
  /** The queue's own rules for failures decide, since the error is the method's own. */
  | { readonly do: 'fail'; readonly reason: string };

/**
 * Returns what a consumer does with a message whose method threw this error. The advice of the error decides alone:
 *
 * - `retry-later`: `redeliver`, after the error's `retryAfter`, or `retryDelay` where it has none.
 * - `fix-request`, `fix-code` and `ask-human`: `park`.
 * - An error that is recorded as the outcome of its key (option `remember`): `park`, since each further delivery would get it again.
 * - Any other error: what `advise` says, else `fail`.
 *
 * @throws {ConfigurationError} for a wrong option.
 */
export function settlementOf(error: unknown, options: SettlementOptions = {}): Settlement {
  checkSettlementOptions(options, 'settlementOf');
  return settle(error, options);
}

/** The same for options that are checked. */
export function settle(error: unknown, options: SettlementOptions): Settlement {
  const reason = reasonOf(error);
  const advice = error instanceof IdempotencyError ? error.advice : advised(error, options);
  if (advice === 'retry-later') return { do: 'redeliver', afterSeconds: delayOf(error, options), reason };
  if (advice !== undefined) return { do: 'park', advice, reason };
  return isRecordedError(error) ? { do: 'park', advice: 'recorded', reason } : { do: 'fail', reason };
}

/** What is wrong with `advise` must not lose a message: then the queue's own rules decide. */
function advised(error: unknown, { advise }: SettlementOptions): ErrorAdvice | undefined {
  if (!advise) return undefined;
  const asked = askOption(() => advise(error));
  if ('value' in asked && (asked.value === undefined || ADVICE.includes(asked.value as ErrorAdvice)))
    return asked.value as ErrorAdvice | undefined;
  warnOnce(
    'queue-advise',
    'RETRYSAFE_ADVISE',
    `The option "advise" of a consumer threw, or returned none of ${ADVICE.join(', ')} or undefined. The queue's own rules decide about such a message.`,
  );
  return undefined;
}

const ADVICE: readonly ErrorAdvice[] = ['retry-later', 'fix-request', 'fix-code', 'ask-human'];

function delayOf(error: unknown, options: SettlementOptions): number {
  const { retryAfter } = error as { readonly retryAfter?: unknown };
  return typeof retryAfter === 'number' && retryAfter >= 0 ? retryAfter : retryDelaySeconds(options);
}

/** The name and message of an error. Messages of this library contain no value of a user; those of a method may. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
