import type { IdempotentOptions } from '../options/options.js';
import { isLate } from '../options/synchronous.js';
import { devalue } from '../process/libraries/libraries.js';
import { warnOnce } from '../process/warnings.js';
import type { StoredOutcome } from '../record/record.js';
import { className, isInstance, tellsByItself } from '../values/class-facts.js';
import type { KeptClasses } from '../values/kept-classes.js';
import { NotKept } from '../values/not-kept.js';
import { describeLeftOut } from './left-out.js';
import { isPlainJson } from './plain-json.js';
import { Pruning } from './pruning.js';
import { revivers } from './revivers.js';
import { reducers } from './rich-types.js';

/** Ours are shorter; a record may have been written by anybody. */
const LONGEST_REASON = 300;

/** An outcome that was read: what the method returned or threw, or why neither can be had. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'none'; readonly reason: string };

/** Turns outcomes into what a record keeps, and back. */
export interface OutcomeFormat {
  /** Never throws: a result that cannot be kept becomes the reason why. */
  encodeValue(value: unknown): StoredOutcome;
  encodeError(error: unknown): StoredOutcome;
  /** Never throws. Each call makes a copy of its own. */
  decode(stored: StoredOutcome): Outcome;
}

/** The outcome format that these options ask for. */
export function outcomeFormat({ codec }: Pick<IdempotentOptions, 'codec'>, kept: KeptClasses): OutcomeFormat {
  const pruningOf = (whole: boolean): Pruning => {
    const pruning: Pruning = new Pruning(kept, whole, (part) => {
      const { reducers: trial, options } = reducers(pruning, true);
      return 'text' in attempt(() => ({ text: devalue().stringify([part, undefined], trial, options) }));
    });
    return pruning;
  };
  const richText = (value: unknown, pruning: Pruning): string => {
    const toText = reducers(pruning);
    return devalue().stringify(value, toText.reducers, toText.options);
  };
  const rich = (kind: 'value' | 'error', value: unknown, given?: Pruning): StoredOutcome => {
    if (isPlainJson(value)) return { kind, json: JSON.parse(JSON.stringify(value)) };
    const pruning = given ?? pruningOf(true);
    const devalued = richText(value, pruning);
    sayLeftOut(value, pruning);
    return { kind, devalue: devalued };
  };
  // A codec knows values. What it may have to encrypt of an error reaches it as text.
  const richError = (error: unknown, pruning: Pruning): StoredOutcome => {
    if (!codec) return rich('error', error, pruning);
    const encoded = text(codec.encode(richText(error, pruning)));
    sayLeftOut(error, pruning);
    return { kind: 'error', encoded };
  };
  const fromText = (stored: string) => devalue().parse(stored, revivers(kept));
  const decoded = (stored: Exclude<StoredOutcome, { kind: 'none' }>): unknown => {
    if ('json' in stored) return JSON.parse(JSON.stringify(stored.json));
    if ('devalue' in stored) return fromText(stored.devalue);
    if (!codec) throw new NotKept('it was written by a codec that is not configured here');
    const value = codec.decode(stored.encoded);
    if (isLate(value))
      throw new NotKept('codec.decode returned a promise, and has to return the value itself');
    return stored.kind === 'error' ? fromText(value as string) : value;
  };
  // A class that tells its instances by itself may see none in what its fields make up.
  const isStillRemembered = (error: unknown, stored: StoredOutcome): boolean => {
    const one = kept.keeping(error);
    if (!one || !tellsByItself(one.class) || stored.kind !== 'error') return true;
    const { again } = attempt(() => ({ again: decoded(stored) })) as { again?: unknown };
    return isInstance(again, one.class);
  };
  const errorOutcome = (error: unknown): StoredOutcome => {
    try {
      return richError(error, pruningOf(true));
    } catch (fault) {
      if (fault instanceof NotKept && kept.of(error)?.to)
        return none(`the error cannot be encoded: ${fault.message}`);
      // An error often drags along a request or a socket. What can be kept of it is.
      const pruning = pruningOf(false);
      const rest = attempt(() => {
        const copy = pruning.copy(error);
        const kind = typeof error;
        return richError(
          typeof copy === 'symbol' ? new Error(`A ${kind} was thrown that cannot be kept`) : copy,
          pruning,
        );
      });
      return 'kind' in rest
        ? rest
        : none(`the error cannot be encoded: ${reasonOf(fault) ?? faultOf(fault)}`);
    }
  };

  return {
    encodeValue(value) {
      if (codec) {
        try {
          return { kind: 'value', encoded: text(codec.encode(value)) };
        } catch (error) {
          return none(`the result cannot be encoded: ${reasonOf(error) ?? 'codec.encode threw'}`);
        }
      }
      try {
        return rich('value', value);
      } catch (error) {
        return none(
          `the result cannot be encoded: ${reasonOf(error) ?? faultOf(error)}${placeIn(value, error)}`,
        );
      }
    },
    encodeError(error) {
      const stored = errorOutcome(error);
      if (isStillRemembered(error, stored)) return stored;
      return none(
        `the error cannot be encoded: its class ${className(error as object)} tells its instances by Symbol.hasInstance, and would not know what is replayed; list it as { class, name, to, from }`,
      );
    },
    decode(stored) {
      try {
        if (stored.kind === 'none')
          return none(
            typeof stored.reason === 'string'
              ? stored.reason.slice(0, LONGEST_REASON)
              : 'its record has no outcome and does not say why',
          );
        if (stored.kind !== 'value' && stored.kind !== 'error') throw new NotKept('it is of an unknown kind');
        const value = decoded(stored);
        return stored.kind === 'value' ? { kind: 'value', value } : { kind: 'error', error: value };
      } catch (error) {
        return none(
          `its stored outcome cannot be read: ${reasonOf(error) ?? unreadable(error, 'encoded' in stored)}`,
        );
      }
    },
  };

  /** Where the part is that cannot be kept. */
  function placeIn(value: unknown, error: unknown): string {
    if (isOverflow(error)) return '';
    const pruning = pruningOf(false);
    attempt(() => ({ rest: pruning.copy(value) }));
    return pruning.first ? `, at ${pruning.first.replace(/^\./, '')}` : '';
  }
}

function none(reason: string): StoredOutcome & Outcome {
  return { kind: 'none', reason };
}

function sayLeftOut(value: unknown, pruning: Pruning): void {
  const what = describeLeftOut(value, pruning);
  if (!what) return;
  warnOnce(
    `left-out:${what.subject}`,
    'RETRYSAFE_LEFT_OUT',
    `${what.text}. To decide what is kept of it, list its class as { class, name, to, from } in the option \`remember\` or \`classes\`.`,
  );
}

function text(encoded: unknown): string {
  if (typeof encoded === 'string') return encoded;
  if (isLate(encoded))
    throw new NotKept('codec.encode returned a promise, and has to return the text itself');
  throw new NotKept('codec.encode returned no string');
}

// An application's getter, toJSON() or codec, and JSON.parse, may put a payload into their messages. Only texts that
// are ours or devalue's, which name no values, are passed on.
function reasonOf(error: unknown): string | undefined {
  return error instanceof NotKept || error instanceof devalue().DevalueError ? error.message : undefined;
}

function faultOf(error: unknown): string {
  return isOverflow(error) ? 'it is nested too deeply' : 'a getter or toJSON() in it threw';
}

function unreadable(error: unknown, isCoded: boolean): string {
  if (isOverflow(error)) return 'it is nested too deeply';
  return isCoded ? 'codec.decode threw, or its text is damaged' : 'its text is damaged';
}

function isOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

function attempt<T extends object>(run: () => T): T | Record<never, never> {
  try {
    return run();
  } catch {
    return {};
  }
}
