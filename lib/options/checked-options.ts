import { ConfigurationError } from '../errors.js';
import { isObject, ownValue } from './reading.js';
import { isLate } from './synchronous.js';
import { kindOf, quotedName, wrongOption } from './wrong-option.js';

export type PassedOptions = Readonly<Record<string, unknown>>;

/** Returns what is expected instead of the value, or `undefined` if the value is valid. */
export type Check = (value: unknown, options: PassedOptions) => string | undefined;

/** What the options of one place may be. */
export interface OptionRules {
  readonly checks: Readonly<Record<string, Check>>;
  /** The options that must be there. Default: none. */
  readonly required?: readonly string[];
  /** An example of the options. Default: the required ones. */
  readonly example?: string;
  /** How a message shows a wrong value of an option. Default: by its kind. */
  readonly shown?: (option: string) => ((value: unknown) => string) | undefined;
  /** Says in a message where an option belongs that this place does not have. */
  readonly elsewhere?: (option: string) => string;
}

/**
 * Checks all options of a place, and returns them.
 *
 * @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected.
 */
export function checkedOptions(where: string, passed: unknown, rules: OptionRules): PassedOptions {
  const { checks, required = [], example = `{ ${required.join(', ')} }`, shown, elsewhere } = rules;
  if (!isObject(passed) || Array.isArray(passed))
    throw new ConfigurationError(`${where}: the options are ${kindOf(passed)}; expected ${example}`);
  const options: PassedOptions = {
    ...Object.fromEntries(required.map((option) => [option, undefined])),
    ...passed,
  };
  for (const [option, value] of Object.entries(options)) {
    const check = ownValue(checks, option) as Check | undefined;
    if (!check)
      throw new ConfigurationError(
        `${where}: there is no option ${quotedName(option)}${elsewhere?.(option) ?? ''} (it is ${kindOf(value)}); the options are ${Object.keys(checks).join(', ')}`,
      );
    if (value === undefined && !required.includes(option)) continue;
    const expected = check(value, options);
    if (expected === undefined) continue;
    // The value may be a promise. `isLate` handles its rejection.
    isLate(value);
    throw wrongOption(where, option, value, expected, shown?.(option));
  }
  return options;
}
