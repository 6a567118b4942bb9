import type { ParseArgsConfig } from 'node:util';
import { UsageError } from './usage-error.js';

/** An option of a command, as it is read and as its help says. */
export interface ArgumentOption {
  /** What stands for its value in the help. Without one, it is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. Default: `false`. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** What a command was given. */
export interface ReadArguments {
  /** The values of each option, in their order. A switch has none. An option that was not given is absent. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly positionals: readonly string[];
}

/** @throws {UsageError} for an option that there is not, that lacks its value, or that is given twice and may not be. */
export function readArguments(
  options: Readonly<Record<string, ArgumentOption>>,
  args: readonly string[],
): ReadArguments {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: true } as const,
    ]),
  );
  const { values, positionals } = parse(config, args);
  const read: Record<string, readonly string[]> = {};
  for (const [name, given] of Object.entries(values)) {
    if (!Array.isArray(given)) continue;
    if (given.length > 1 && !options[name]?.multiple)
      throw new UsageError(`--${name} was given ${given.length} times; give it once`);
    read[name] = given.filter((one): one is string => typeof one === 'string');
  }
  return { values: read, positionals };
}

function parse(config: NonNullable<ParseArgsConfig['options']>, args: readonly string[]) {
  // Not imported: node:util takes milliseconds to load, which a command that prints its help does without.
  const { parseArgs } = process.getBuiltinModule('node:util');
  try {
    return parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    // How to give an argument that begins with a dash is of no use for a name that is wrong.
    const { message } = error as Error;
    throw new UsageError(message.replace(/\. To specify a positional.*$/s, '').replaceAll('\n', ' '));
  }
}

/** A line for each option. */
export function helpFor(options: Readonly<Record<string, ArgumentOption>>): string {
  const rows = Object.entries(options).map(([name, { value, help, multiple }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    multiple ? `${help} May be repeated.` : help,
  ]);
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return rows.map(([left = '', right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
