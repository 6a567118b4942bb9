import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A wrong option of a command. The message names it and says what would be right. */
export class WrongOption extends TypeError {}

/**
 * The options that a command was given.
 *
 * @throws {WrongOption} for one that it does not have, or without its value.
 */
export function optionsGiven<const Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
  args: readonly string[] = process.argv.slice(2),
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new WrongOption(`${(error as Error).message}; the options are ${names.join(', ')}`);
  }
}

/** @throws {WrongOption} where the option is no whole number, or less or more than it may be. */
export function wholeNumber(
  option: string,
  text: string,
  { least, most = Number.MAX_SAFE_INTEGER }: { readonly least: number; readonly most?: number },
): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new WrongOption(`--${option} ${text}: expected a whole number, ${range}`);
}

/** @throws {WrongOption} where the option is none of these. */
export function oneOf<T extends string>(option: string, text: string, all: readonly T[]): T {
  const found = all.find((one) => one === text);
  if (found === undefined) throw new WrongOption(`--${option} ${text}: expected one of ${all.join(', ')}`);
  return found;
}

/**
 * Those of a list whose name has the part that an option gives.
 *
 * @throws {WrongOption} where none has it.
 */
export function namedLike<T extends { readonly name: string }>(
  option: string,
  part: string,
  all: readonly T[],
): T[] {
  const found = all.filter(({ name }) => name.includes(part));
  if (found.length > 0) return found;
  const names = all.map(({ name }) => name);
  throw new WrongOption(`--${option} ${part}: expected a part of one of these: ${names.join('; ')}`);
}

/**
 * Parts of a list that an option names, all of them where it names none.
 *
 * @throws {WrongOption} where one of them is not in the list.
 */
export function someOf<T extends string>(option: string, text: string | undefined, all: readonly T[]): T[] {
  const named = text?.split(',') ?? all;
  const unknown = named.find((name) => !all.some((known) => known === name));
  if (unknown !== undefined)
    throw new WrongOption(`--${option} ${unknown}: expected some of ${all.join(',')}`);
  return all.filter((name) => named.includes(name));
}

/** Reads the options of a command, which ends with code 2 where one of them is wrong. */
export function orEnd<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WrongOption)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}
