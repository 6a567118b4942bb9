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
  const paths = omitted.map((path) => path.replace(/^\./, ''));
  const names = [...new Set(paths)].map((path) => path || 'what was thrown');
  const more = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const name = nameOf(error);
  const subject = `${name}:${[...new Set(paths.map((path) => path.match(/^[\w$]*/)?.[0]))].join()}`;
  const text = `${name} is stored without ${shown}, which no record can hold`;
  return { subject, text };
}

function nameOf(error: unknown): string {
  try {
    return className(error as object) || 'An error';
  } catch {
    return 'An error';
  }
}
