import { isNativeError } from 'node:util/types';
import type { Does } from './happening.js';

const LONGEST = 90;

/** Writes a value in few words, for a story. */
export function wordsFor(value: unknown): string {
  const text = textOf(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** Writes a value as JSON, and an error as its name and message. */
export function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isNativeError(value)) return `${value.name}: ${value.message}`;
  if (typeof value === 'function') return 'a function';
  try {
    return (
      JSON.stringify(value, (_name, part) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value)
    );
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The message of what was thrown. That of a test runner's sandbox, or of Node.js outside of it, is an Error of another realm. */
export function messageOf(thrown: unknown): string {
  return isNativeError(thrown) ? thrown.message : String(thrown);
}

/** Writes what was done, as its caller would. */
export function wordsForCall({ kind, name, args, told }: Does): string {
  if (kind === 'transaction') return told === '' ? name : `${name} (${told})`;
  return `${name}(${args.map(wordsFor).join(', ')})`;
}

/** Writes a time of a history, in seconds since it began. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))} s`;
}
