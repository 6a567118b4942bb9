import { ConfigurationError } from '../../errors.js';
import { kindOf, quotedName, wrongOption } from '../../options/wrong-option.js';

/** Returns what is expected where an option's value is wrong, and `undefined` where it is not. */
export type Check = (value: unknown, options: Readonly<Record<string, unknown>>) => string | undefined;

/**
 * Checks all options of a store, and returns them.
 *
 * @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected.
 */
export function checkStoreOptions(
  where: string,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  passed: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof passed !== 'object' || passed === null) {
    throw new ConfigurationError(
      `${where}: the options are ${kindOf(passed)}; expected { ${required.join(', ')} }`,
    );
  }
  const options: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(required.map((option) => [option, undefined])),
    ...passed,
  };
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined;
    if (!check) {
      throw new ConfigurationError(
        `${where}: there is no option ${quotedName(option)}; the options are ${Object.keys(checks).join(', ')}`,
      );
    }
    if (value === undefined && !required.includes(option)) continue;
    const expected = check(value, options);
    if (expected !== undefined) throw wrongOption(where, option, value, expected);
  }
  return options;
}
