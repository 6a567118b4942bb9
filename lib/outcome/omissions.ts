import { className } from '../values/class-facts.js';
import type { Pruning } from './pruning.js';

/** The most parts that the description names. */
const MOST_NAMED = 5;

/**
 * Describes what of an error is not stored. Each `subject` is told once. Returns nothing where all of it is stored.
 */
export function describeOmissions(
  error: unknown,
  { omitted }: Pruning,
): { readonly subject: string; readonly text: string } | undefined {
  if (omitted.length === 0) return undefined;
  const names = [...new Set(omitted.map((path) => path.replace(/^\./, '')))];
  const shown = names.slice(0, MOST_NAMED).map((name) => (name === '' ? 'what was thrown' : name));
  const more = names.length - shown.length;
  const name = nameOf(error);
  const subject = `${name}:${[...new Set(omitted.map((path) => path.match(/^\.?([\w$]*)/)?.[1]))].join()}`;
  const text = `${name} is stored without ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}, which no record can hold`;
  return { subject, text };
}

function nameOf(error: unknown): string {
  try {
    return className(error as object) || 'An error';
  } catch {
    return 'An error';
  }
}
