import { OutcomeFormat } from '../outcome/outcome.js';
import type { StoredOutcome } from '../record/record.js';
import type { Settings } from '../settings/settings.js';
import { listedClasses } from '../values/listed-classes.js';
import type { RecordDetails } from './desk.js';

/** What the text of an outcome depends on. */
interface TextOptions {
  readonly operation: string;
  readonly key: string;
  /** Whether the text was asked for. */
  readonly reveal: boolean;
}

/** Returns what an operator sees of an outcome: its text only where that was asked for, and where the means to read it are at hand. */
export function outcomeTextOf(
  stored: StoredOutcome,
  known: Settings | undefined,
  { operation, key, reveal }: TextOptions,
): NonNullable<RecordDetails['outcome']> {
  const { kind } = stored;
  if (stored.kind === 'none') return { kind: 'none', reason: stored.reason };
  if (!reveal) return { kind };
  const outcome = (known?.format ?? formatOfNoOperation()).decode(stored, { operation, key });
  switch (outcome.kind) {
    case 'none':
      return { kind, reason: outcome.reason };
    case 'value':
      return { kind, text: textOf(outcome.value) };
    case 'error':
      return { kind, text: textOf(outcome.error) };
  }
}

/** Where the options of the operation are not known: classes that it lists, and what a codec wrote, cannot be read. */
function formatOfNoOperation(): OutcomeFormat {
  const listed = listedClasses(undefined, undefined);
  if ('duplicate' in listed) throw new TypeError('no class is listed twice in no list');
  return new OutcomeFormat(undefined, listed);
}

function textOf(value: unknown): string {
  const { inspect } = process.getBuiltinModule('node:util');
  const json = isPlainData(value) ? JSON.stringify(value, undefined, 2) : undefined;
  return json ?? inspect(value, { depth: 20, maxArrayLength: 1_000, maxStringLength: 100_000 });
}

/** Whether JSON shows all of a value. */
function isPlainData(value: unknown): boolean {
  try {
    const { isDeepStrictEqual } = process.getBuiltinModule('node:util');
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value) ?? 'null'), value);
  } catch {
    return false;
  }
}
