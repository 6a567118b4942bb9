import { className } from '../values/class-facts.js';
import type { Pruning } from './pruning.js';

/** What an error was kept without, and which of that is told once; nothing where nothing was left out. */
export function describeLeftOut(
  error: unknown,
  { leftOut }: Pruning,
): { readonly subject: string; readonly text: string } | undefined {
  if (leftOut.length === 0) return undefined;
  const names = [...new Set(leftOut.map((path) => path.replace(/^\./, '')))];
  const shown = names.slice(0, 5).map((name) => (name === '' ? 'what was thrown' : name));
  const more = names.length - shown.length;
  const name = nameOf(error);
  const subject = `${name}:${[...new Set(leftOut.map((path) => path.match(/^\.?([\w$]*)/)?.[1]))].join()}`;
  const text = `${name} is kept without ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}, which no record can keep`;
  return { subject, text };
}

function nameOf(error: unknown): string {
  try {
    return className(error as object) || 'An error';
  } catch {
    return 'An error';
  }
}
