import { kindOfData } from '../../options/wrong-option.js';
import type { Reason } from '../../record/record.js';
import { askOption } from '../../settings/asked-option.js';
import { className } from '../../values/class-facts.js';
import type { PreparedCall } from './prepared-call.js';
import type { Telling } from './telling.js';

/** A record has no longer text about an error. */
const LONGEST_TEXT = 300;

/**
 * Returns what a record says of an error that left its key without an outcome: its class and its code. Its message may have values of a
 * user, so that only the option `describeError` adds any text.
 */
export function reasonFor(call: PreparedCall, error: unknown, telling: Telling): Reason {
  const text = describe(call, error, telling);
  return { kind: 'error', ...factsOf(error), ...(text !== undefined && { text }) };
}

function factsOf(error: unknown): { readonly error: string; readonly code?: string } {
  if (typeof error !== 'object' || error === null) return { error: typeof error };
  try {
    const { code } = error as { readonly code?: unknown };
    const name = className(error);
    return { error: isWord(name) ? name : 'Error', ...(isWord(code) && { code: String(code) }) };
  } catch {
    // A getter or a proxy that throws.
    return { error: 'object' };
  }
}

/** Whether it is the name or number of a class or code, and no text. */
function isWord(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^[\w$.:-]{1,100}$/.test(value));
}

function describe(call: PreparedCall, error: unknown, telling: Telling): string | undefined {
  const { describeError } = call.settings;
  if (!describeError) return undefined;
  const asked = askOption(() => describeError.call(call.self, error));
  if ('value' in asked && asked.value === undefined) return undefined;
  if ('value' in asked && typeof asked.value === 'string') return asked.value.slice(0, LONGEST_TEXT);
  telling.optionFailed(
    'describeError',
    'value' in asked ? { fault: `it returned ${kindOfData(asked.value)}` } : asked,
    'gave no text, so the record has none',
    'a text, or undefined',
  );
  return undefined;
}
