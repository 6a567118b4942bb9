import type { ErrorAdvice } from '../../errors.js';
import { type Check, checkedOptions } from '../../options/checked-options.js';
import { type Duration, milliseconds } from '../../options/duration.js';
import { describeLateness } from '../../options/synchronous.js';
import { amountOf } from '../../options/wrong-option.js';
import { durationCheck } from '../../settings/duration-checks.js';

/** How the messages of failed calls are settled. */
export interface SettlementOptions {
  /**
   * Classifies an error that the method threw itself, synchronously. On `undefined` the queue's own rules for failures decide. An error of this
   * library has its own advice. Default: none.
   */
  readonly advise?: (error: unknown) => ErrorAdvice | undefined;
  /** After how long a message is delivered again whose error says `retry-later` and not when. Default: 5 seconds. */
  readonly retryDelay?: Duration;
}

const DEFAULT_RETRY_DELAY_SECONDS = 5;

const settlementChecks: Readonly<Record<keyof SettlementOptions, Check>> = {
  advise: (value) => (typeof value === 'function' ? describeLateness(value) : 'a function of an error'),
  retryDelay: durationCheck({ leastMs: 0, mostSeconds: 86_400, example: "5 or '30s'" }),
};

/** Checks how often a message may fail, of adapters whose queue has no such rule. */
export function checkMaxReceives(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 2 ? undefined : 'a whole number, 2 or more';
}

/**
 * Checks the options of an adapter: those of settling, and its own.
 *
 * @throws {ConfigurationError} that names the wrong option, and what is expected.
 */
export function checkSettlementOptions(
  options: unknown,
  where: string,
  own: Readonly<Record<string, Check>> = {},
  required: readonly string[] = [],
): void {
  checkedOptions(where, options, {
    checks: { ...settlementChecks, ...own },
    required,
    example: 'an object such as { retryDelay: 5 }',
    shown: (option) => (option === 'retryDelay' ? amountOf : undefined),
  });
}

/** Returns `retryDelay` in seconds. */
export function retryDelaySeconds({ retryDelay = DEFAULT_RETRY_DELAY_SECONDS }: SettlementOptions): number {
  return (milliseconds(retryDelay) as number) / 1_000;
}
