import type { Codec } from '../options/options.js';
import { isLate } from '../options/synchronous.js';
import { devalue } from '../process/libraries/libraries.js';
import { warnOnce } from '../process/warnings.js';
import type { StoredOutcome } from '../record/record.js';
import { className, hasOwnInstanceTest, isInstance } from '../values/class-facts.js';
import { copyOfJson } from '../values/json/json-copy.js';
import type { ListedClasses } from '../values/listed-classes.js';
import { UnstorableError } from '../values/unstorable-error.js';
import { describeOmissions } from './omissions.js';
import { copyIfPlain } from './plain-json.js';
import { Pruning } from './pruning.js';
import { reducers } from './reducers.js';
import { revivers } from './revivers.js';
import { type BytesParts, fromParts, isWithBytes, toParts } from './with-bytes.js';

/** Our own reasons are shorter. A record may have been written by other software. */
export const LONGEST_REASON = 300;

/** An outcome that was read: what the method returned or threw, or why neither can be had. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'none'; readonly reason: string };

/** Turns outcomes into what a record stores, and back. No method throws. */
export class OutcomeFormat {
  readonly #codec: Codec | undefined;
  readonly #listed: ListedClasses;

  constructor(codec: Codec | undefined, listed: ListedClasses) {
    this.#codec = codec;
    this.#listed = listed;
  }

  /** Encodes a result. For one that cannot be stored it returns the reason. */
  encodeValue(value: unknown): StoredOutcome {
    if (this.#codec) {
      try {
        // It gets the bytes as text: most codecs make JSON of what they get.
        return isWithBytes(value)
          ? { kind: 'value', encodedBytes: encodedText(this.#codec.encode(toParts(value))) }
          : { kind: 'value', encoded: encodedText(this.#codec.encode(value)) };
      } catch (error) {
        return none(`the result cannot be encoded: ${reasonOf(error) ?? 'codec.encode threw'}`);
      }
    }
    try {
      if (isWithBytes(value)) return { kind: 'value', ...toParts(value) };
      return this.#withoutCodec('value', value);
    } catch (error) {
      const reason = reasonOf(error) ?? faultOf(error);
      return none(`the result cannot be encoded: ${reason}${this.#placeIn(value, error)}`);
    }
  }

  /** Encodes an error. It stores as much of it as it can. */
  encodeError(error: unknown): StoredOutcome {
    const stored = this.#storedError(error);
    if (this.#isStillRemembered(error, stored)) return stored;
    return none(
      `the error cannot be encoded: its class ${className(error as object)} decides by Symbol.hasInstance what its instances are, and would not accept the replayed error; list it as { class, name, to, from }`,
    );
  }

  /** Decodes an outcome. Each call makes a new copy. */
  decode(stored: StoredOutcome): Outcome {
    try {
      if (stored.kind === 'none')
        return none(
          typeof stored.reason === 'string'
            ? stored.reason.slice(0, LONGEST_REASON)
            : 'its record has no outcome and does not say why',
        );
      if (stored.kind !== 'value' && stored.kind !== 'error')
        throw new UnstorableError('it is of an unknown kind');
      const value = this.#decoded(stored);
      return stored.kind === 'value' ? { kind: 'value', value } : { kind: 'error', error: value };
    } catch (error) {
      const isCoded = 'encoded' in stored || 'encodedBytes' in stored;
      const reason = reasonOf(error) ?? unreadable(error, isCoded);
      return none(`its stored outcome cannot be read: ${reason}`);
    }
  }

  #withoutCodec(kind: 'value' | 'error', value: unknown, pruning?: Pruning): StoredOutcome {
    const copy = copyIfPlain(value);
    if (copy) return { kind, json: copy.json };
    const used = pruning ?? this.#pruning({ strict: true });
    const devalued = richText(value, used);
    warnOfOmissions(value, used);
    return { kind, devalue: devalued };
  }

  #storedError(error: unknown): StoredOutcome {
    try {
      return this.#wholeError(error, this.#pruning({ strict: true }));
    } catch (fault) {
      if (fault instanceof UnstorableError && this.#listed.of(error)?.to)
        return none(`the error cannot be encoded: ${fault.message}`);
      const stored = attempt(() => this.#prunedError(error));
      return 'kind' in stored
        ? stored
        : none(`the error cannot be encoded: ${reasonOf(fault) ?? faultOf(fault)}`);
    }
  }

  // A codec encodes values. An error reaches it as text, so that it can encrypt the error.
  #wholeError(error: unknown, pruning: Pruning): StoredOutcome {
    if (!this.#codec) return this.#withoutCodec('error', error, pruning);
    const encoded = encodedText(this.#codec.encode(richText(error, pruning)));
    warnOfOmissions(error, pruning);
    return { kind: 'error', encoded };
  }

  // An error often carries a request or a socket. This stores the rest of it.
  #prunedError(error: unknown): StoredOutcome {
    const pruning = this.#pruning({ strict: false });
    const copy = pruning.copy(error);
    const isOmitted = typeof copy === 'symbol';
    return this.#wholeError(
      isOmitted ? new Error(`A ${typeof error} was thrown that cannot be stored`) : copy,
      pruning,
    );
  }

  // A class with an instance test of its own may not accept what is made from the fields of its instance.
  #isStillRemembered(error: unknown, stored: StoredOutcome): boolean {
    const one = this.#listed.storedAs(error);
    if (!one || !hasOwnInstanceTest(one.class) || stored.kind !== 'error') return true;
    const { again } = attempt(() => ({ again: this.#decoded(stored) })) as { again?: unknown };
    return isInstance(again, one.class);
  }

  #decoded(stored: Exclude<StoredOutcome, { kind: 'none' }>): unknown {
    if ('json' in stored) return copyOfJson(stored.json);
    if ('devalue' in stored) return this.#fromRichText(stored.devalue);
    if ('head' in stored) return fromParts(stored);
    if ('encodedBytes' in stored) return fromParts(this.#uncoded(stored.encodedBytes) as BytesParts);
    const value = this.#uncoded(stored.encoded);
    return stored.kind === 'error' ? this.#fromRichText(value as string) : value;
  }

  #uncoded(text: string): unknown {
    if (!this.#codec) throw new UnstorableError('it was written by a codec that is not configured here');
    const value = this.#codec.decode(text);
    if (isLate(value))
      throw new UnstorableError('codec.decode returned a promise, and has to return the value itself');
    return value;
  }

  #fromRichText(text: string): unknown {
    return devalue().parse(text, revivers(this.#listed));
  }

  #pruning({ strict }: { readonly strict: boolean }): Pruning {
    const pruning: Pruning = new Pruning(this.#listed, strict, (part) => {
      const { reducers: trial, options } = reducers(pruning, true);
      return 'text' in attempt(() => ({ text: devalue().stringify([part, undefined], trial, options) }));
    });
    return pruning;
  }

  /** Says where the part is that cannot be stored. */
  #placeIn(value: unknown, error: unknown): string {
    if (isOverflow(error)) return '';
    const pruning = this.#pruning({ strict: false });
    attempt(() => ({ rest: pruning.copy(value) }));
    return pruning.first ? `, at ${pruning.first.replace(/^\./, '')}` : '';
  }
}

function none(reason: string): StoredOutcome & Outcome {
  return { kind: 'none', reason };
}

function richText(value: unknown, pruning: Pruning): string {
  const toText = reducers(pruning);
  return devalue().stringify(value, toText.reducers, toText.options);
}

function warnOfOmissions(value: unknown, pruning: Pruning): void {
  const omissions = describeOmissions(value, pruning);
  if (!omissions) return;
  warnOnce(
    `left-out:${omissions.subject}`,
    'RETRYSAFE_LEFT_OUT',
    `${omissions.text}. To decide what is stored of it, list its class as { class, name, to, from } in the option \`remember\` or \`classes\`.`,
  );
}

function encodedText(encoded: unknown): string {
  if (typeof encoded === 'string') return encoded;
  if (isLate(encoded))
    throw new UnstorableError('codec.encode returned a promise, and has to return the text itself');
  throw new UnstorableError('codec.encode returned no string');
}

// An application's getter, toJSON() or codec, and JSON.parse, may put a payload into their messages. Only our own texts and
// those of devalue, which name no values, are repeated.
function reasonOf(error: unknown): string | undefined {
  return error instanceof UnstorableError || error instanceof devalue().DevalueError
    ? error.message
    : undefined;
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
