import { ConfigurationError } from '../../errors.js';
import { amountOf, kindOf, quotedName, wrongOption } from '../../options/wrong-option.js';

/** Answers with what would be right, or nothing where the value is right. */
export type Check = (value: unknown, options: Readonly<Record<string, unknown>>) => string | undefined;

/**
 * Refuses wrong options of a store, and answers with all of them.
 *
 * @throws {ConfigurationError} naming the option, its value and what would be right.
 */
export function checkStoreOptions(
  where: string,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  given: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) {
    throw new ConfigurationError(
      `${where}: the options are ${kindOf(given)}; expected { ${required.join(', ')} }`,
    );
  }
  const options: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(required.map((option) => [option, undefined])),
    ...given,
  };
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined;
    if (!check) {
      throw new ConfigurationError(
        `${where}: there is no option ${quotedName(option)}; the options are ${Object.keys(checks).join(', ')}`,
      );
    }
    if (value === undefined && !required.includes(option)) continue;
    const right = check(value, options);
    if (right !== undefined) throw wrongOption(where, option, value, right);
  }
  return options;
}

/** @throws {ConfigurationError} where a sweep is not told how many records to remove at the most. */
export function checkLimit(where: string, limit: unknown): void {
  if (Number.isSafeInteger(limit) && (limit as number) >= 1) return;
  throw wrongOption(where, 'limit', limit, 'a number of records, 1 or more', amountOf);
}
