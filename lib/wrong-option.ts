import type { InspectOptions } from 'node:util';
import { ConfigurationError } from './errors.js';

/**
 * What is said of an option that is wrong: which, what it is, and what would be right. What a store is given may have
 * secrets inside: of that no more than a `glimpse` is shown.
 */
export function wrongOption(
  where: string,
  option: string,
  value: unknown,
  right: string,
  shown = show,
): ConfigurationError {
  return new ConfigurationError(`${where}: option "${option}" is ${shown(value)}; right would be ${right}`);
}

/** A value in a message. */
export function show(value: unknown): string {
  return inspected(value, { depth: 0 });
}

/** A value in a message, with nothing of what is inside of it. */
export function glimpse(value: unknown): string {
  // An address that is given in place of a client often has a password.
  const shown = typeof value === 'string' ? value.replace(/^(\w+:\/\/).*$/s, '$1…') : value;
  return inspected(shown, { depth: -1, customInspect: false });
}

// Not imported: an ES module that imports node:util loads all that can be had there, which takes some milliseconds.
function inspected(value: unknown, options: InspectOptions): string {
  const { inspect } = process.getBuiltinModule('node:util');
  return inspect(value, { ...options, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY });
}
