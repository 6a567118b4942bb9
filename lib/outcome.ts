import { className, isPlain } from './class-facts.js';
import { devalue } from './libraries.js';
import type { IdempotentOptions } from './options.js';
import type { StoredOutcome } from './record.js';
import { stripped } from './rich-errors.js';
import { NotKept, reducers, revivers } from './rich-types.js';
import { isLate } from './synchronous.js';

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
export function outcomeFormat({
  codec,
  classes = [],
  remember = [],
}: Pick<IdempotentOptions, 'codec' | 'classes' | 'remember'>): OutcomeFormat {
  const kept = [...new Set([...classes, ...remember])];
  const toText = reducers(kept);
  const fromText = revivers(kept);

  const rich = (kind: 'value' | 'error', value: unknown): StoredOutcome => {
    if (isPlainJson(value, new Set())) return { kind, json: JSON.parse(JSON.stringify(value)) };
    return { kind, devalue: devalue().stringify(value, toText.reducers, toText.options) };
  };
  // A codec knows values. What it may have to encrypt of an error reaches it as text.
  const richError = (error: unknown): StoredOutcome => {
    if (!codec) return rich('error', error);
    const encoded = text(codec.encode(devalue().stringify(error, toText.reducers, toText.options)));
    return { kind: 'error', encoded };
  };
  const decoded = (stored: Exclude<StoredOutcome, { kind: 'none' }>): unknown => {
    if ('json' in stored) return JSON.parse(JSON.stringify(stored.json));
    if ('devalue' in stored) return devalue().parse(stored.devalue, fromText);
    if (!codec) throw new NotKept('it was written by a codec that is not configured here');
    const value = codec.decode(stored.encoded);
    if (isLate(value))
      throw new NotKept('codec.decode returned a promise, and has to return the value itself');
    return stored.kind === 'error' ? devalue().parse(value as string, fromText) : value;
  };

  return {
    encodeValue(value) {
      try {
        return codec ? { kind: 'value', encoded: text(codec.encode(value)) } : rich('value', value);
      } catch (error) {
        return none(
          `the result cannot be encoded: ${reasonOf(error) ?? 'codec.encode, or a getter or toJSON() in it, threw'}`,
        );
      }
    },
    encodeError(error) {
      try {
        return richError(error);
      } catch {
        // An error often drags along a request or a socket. What can be kept of it is.
        const canBeKept = (part: unknown) => 'devalue' in attempt(() => rich('error', [part, undefined]));
        const rest = attempt(() => richError(stripped(error, kept, canBeKept)));
        return 'kind' in rest ? rest : none('the error cannot be encoded');
      }
    },
    decode(stored) {
      try {
        if (stored.kind === 'none') return none(String(stored.reason).slice(0, LONGEST_REASON));
        if (stored.kind !== 'value' && stored.kind !== 'error') throw new NotKept('it is of an unknown kind');
        const value = decoded(stored);
        return stored.kind === 'value' ? { kind: 'value', value } : { kind: 'error', error: value };
      } catch (error) {
        return none(
          `its stored outcome cannot be read: ${reasonOf(error) ?? 'codec.decode threw, or its text is damaged'}`,
        );
      }
    },
  };
}

function none(reason: string): StoredOutcome & Outcome {
  return { kind: 'none', reason };
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

function attempt<T extends object>(run: () => T): T | Record<never, never> {
  try {
    return run();
  } catch {
    return {};
  }
}

/** Whether JSON keeps this value exactly. One object in two places is not plain: JSON would make it two. */
function isPlainJson(value: unknown, seen: Set<object>): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  // Before its keys are looked at: ten megabytes of bytes have ten million.
  if (!Array.isArray(value) && (Object.getPrototypeOf(value) === null || !isPlain(value))) return false;
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // The one key more is `length`.
    const isArray = className(value) === 'Array' && keys.length === value.length + 1;
    return isArray && Array.from(value).every((part) => isPlainJson(part, seen));
  }
  return keys.every((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const isData = typeof key === 'string' && property?.enumerable === true && 'value' in property;
    return isData && isPlainJson(property.value, seen);
  });
}
