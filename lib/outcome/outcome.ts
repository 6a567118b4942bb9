import type { Codec, CodecContext } from '../options/options.js';
import { isObject } from '../options/reading.js';
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

/** Whose outcome it is. */
type Call = Omit<CodecContext, 'kind'>;

/** Turns outcomes into what a record stores, and back. No method throws. */
export class OutcomeFormat {
  /** A codec that takes values. */
  readonly #codec: Codec | undefined;
  /** A codec that takes the text of the built-in encoding. */
  readonly #wrapping: Codec | undefined;
  readonly #refusesPlain: boolean;
  readonly #listed: ListedClasses;

  constructor(codec: Codec | undefined, listed: ListedClasses) {
    const takesText = codec?.takes === 'text';
    this.#codec = takesText ? undefined : codec;
    this.#wrapping = takesText ? codec : undefined;
    this.#refusesPlain = codec?.plain === 'refuse';
    this.#listed = listed;
  }

  /** Encodes a result. For one that cannot be stored it returns the reason. */
  encodeValue(value: unknown, call: Call): StoredOutcome {
    if (this.#codec) return codedValue(this.#codec, value, call);
    const plain = this.#plainValue(value);
    return this.#wrapping ? wrapped(this.#wrapping, plain, call) : plain;
  }

  /** Encodes an error. It stores as much of it as it can. */
  encodeError(error: unknown, call: Call): StoredOutcome {
    const stored = this.#storedError(error, call);
    if (this.#isStillRemembered(error, stored, call))
      return this.#wrapping ? wrapped(this.#wrapping, stored, call) : stored;
    return none(
      `the error cannot be encoded: its class ${className(error as object)} decides by Symbol.hasInstance what its instances are, and would not accept the replayed error; list it as { class, name, to, from }`,
    );
  }

  /**
   * Whether two outcomes of a call are the same. A codec may write one result in two ways, as one does that draws a random number: what
   * it wrote is decoded to be compared.
   */
  areSame(one: StoredOutcome, other: StoredOutcome, call: Call): boolean {
    if (JSON.stringify(one) === JSON.stringify(other)) return true;
    if (!this.#codec && !this.#wrapping) return false;
    const { isDeepStrictEqual } = process.getBuiltinModule('node:util');
    const compared = attempt(() => ({
      isSame: isDeepStrictEqual(this.#compared(one, call), this.#compared(other, call)),
    }));
    return 'isSame' in compared && compared.isSame;
  }

  /** Decodes an outcome. Each call makes a new copy. */
  decode(stored: StoredOutcome, call: Call): Outcome {
    try {
      if (stored.kind === 'none')
        return none(
          typeof stored.reason === 'string'
            ? stored.reason.slice(0, LONGEST_REASON)
            : 'its record has no outcome and does not say why',
        );
      if (stored.kind !== 'value' && stored.kind !== 'error')
        throw new UnstorableError('it is of an unknown kind');
      if (this.#refusesPlain && isPlain(stored)) {
        throw new UnstorableError(
          "it was stored without the codec, which refuses that by `plain`; let that be 'replay' for as long as there are such records",
        );
      }
      const value = this.#decoded(stored, call);
      return stored.kind === 'value' ? { kind: 'value', value } : { kind: 'error', error: value };
    } catch (error) {
      const isCoded = 'encoded' in stored || 'encodedBytes' in stored || 'encodedText' in stored;
      const reason = reasonOf(error) ?? unreadable(error, isCoded);
      return none(`its stored outcome cannot be read: ${reason}`);
    }
  }

  #plainValue(value: unknown): StoredOutcome {
    try {
      if (isWithBytes(value)) return { kind: 'value', ...toParts(value) };
      return this.#withoutCodec('value', value);
    } catch (error) {
      const reason = reasonOf(error) ?? faultOf(error);
      return none(`the result cannot be encoded: ${reason}${this.#placeIn(value, error)}`);
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

  #storedError(error: unknown, call: Call): StoredOutcome {
    try {
      return this.#wholeError(error, this.#pruning({ strict: true }), call);
    } catch (fault) {
      if (fault instanceof UnstorableError && this.#listed.of(error)?.to)
        return none(`the error cannot be encoded: ${fault.message}`);
      const stored = attempt(() => this.#prunedError(error, call));
      return 'kind' in stored
        ? stored
        : none(`the error cannot be encoded: ${reasonOf(fault) ?? faultOf(fault)}`);
    }
  }

  // A codec encodes values. An error reaches it as text, so that it can encrypt the error.
  #wholeError(error: unknown, pruning: Pruning, call: Call): StoredOutcome {
    if (!this.#codec) return this.#withoutCodec('error', error, pruning);
    const encoded = encodedText(this.#codec.encode(richText(error, pruning), contextOf(call, 'error')));
    warnOfOmissions(error, pruning);
    return { kind: 'error', encoded };
  }

  // An error often carries a request or a socket. This stores the rest of it.
  #prunedError(error: unknown, call: Call): StoredOutcome {
    const pruning = this.#pruning({ strict: false });
    const copy = pruning.copy(error);
    const isOmitted = typeof copy === 'symbol';
    return this.#wholeError(
      isOmitted ? new Error(`A ${typeof error} was thrown that cannot be stored`) : copy,
      pruning,
      call,
    );
  }

  // A class with an instance test of its own may not accept what is made from the fields of its instance.
  #isStillRemembered(error: unknown, stored: StoredOutcome, call: Call): boolean {
    const one = this.#listed.storedAs(error);
    if (!one || !hasOwnInstanceTest(one.class) || stored.kind !== 'error') return true;
    const { again } = attempt(() => ({ again: this.#decoded(stored, call) })) as { again?: unknown };
    return isInstance(again, one.class);
  }

  #decoded(stored: Exclude<StoredOutcome, { kind: 'none' }>, call: Call): unknown {
    if ('encodedText' in stored) return this.#plainDecoded(this.#unwrapped(stored, call));
    return isPlain(stored) ? this.#plainDecoded(stored) : this.#uncoded(stored, call);
  }

  #plainDecoded(stored: PlainOutcome): unknown {
    if ('json' in stored) return copyOfJson(stored.json);
    if ('head' in stored) return fromParts(stored);
    return this.#fromRichText(stored.devalue);
  }

  /** Decodes what a codec wrote that takes values. */
  #uncoded(stored: Exclude<StoredOutcome, PlainOutcome | NoOutcome | WrappedOutcome>, call: Call): unknown {
    const text = 'encodedBytes' in stored ? stored.encodedBytes : stored.encoded;
    const value = decodedBy(this.#codec, text, contextOf(call, stored.kind));
    if ('encodedBytes' in stored) return fromParts(value as BytesParts);
    return stored.kind === 'error' ? this.#fromRichText(value as string) : value;
  }

  /** Returns what a codec was given that takes the text of the built-in encoding. */
  #unwrapped({ kind, encodedText: text }: WrappedOutcome, call: Call): PlainOutcome {
    const plain: unknown = JSON.parse(decodedBy(this.#wrapping, text, contextOf(call, kind)) as string);
    if (isObject(plain) && isPlain(plain)) return plain;
    throw new UnstorableError('codec.decode returned another text than codec.encode was given');
  }

  #compared(stored: StoredOutcome, call: Call): unknown {
    if (stored.kind === 'none') return stored;
    // Its text tells more than a value does: private fields, for one, cannot be compared.
    return 'encodedText' in stored ? this.#unwrapped(stored, call) : this.#decoded(stored, call);
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

type NoOutcome = Extract<StoredOutcome, { readonly kind: 'none' }>;
type WrappedOutcome = Extract<StoredOutcome, { readonly encodedText: string }>;
/** What the built-in encoding makes. */
type PlainOutcome = Extract<
  StoredOutcome,
  { readonly json: unknown } | { readonly devalue: string } | { readonly head: unknown }
>;

function isPlain(stored: object): stored is PlainOutcome {
  return 'json' in stored || 'devalue' in stored || 'head' in stored;
}

function contextOf({ operation, key }: Call, kind: CodecContext['kind']): CodecContext {
  return { operation, key, kind };
}

function codedValue(codec: Codec, value: unknown, call: Call): StoredOutcome {
  try {
    const context = contextOf(call, 'value');
    // It gets the bytes as text: most codecs make JSON of what they get.
    return isWithBytes(value)
      ? { kind: 'value', encodedBytes: encodedText(codec.encode(toParts(value), context)) }
      : { kind: 'value', encoded: encodedText(codec.encode(value, context)) };
  } catch (error) {
    return none(`the result cannot be encoded: ${reasonOf(error) ?? 'codec.encode threw'}`);
  }
}

/** Gives the built-in encoding of an outcome to a codec as one text. */
function wrapped(codec: Codec, plain: StoredOutcome, call: Call): StoredOutcome {
  const { kind } = plain;
  if (kind === 'none') return plain;
  try {
    return {
      kind,
      encodedText: encodedText(codec.encode(JSON.stringify(plain), contextOf(call, kind))),
    };
  } catch (error) {
    const reason = reasonOf(error) ?? (isOverflow(error) ? faultOf(error) : 'codec.encode threw');
    return none(`the ${kind === 'value' ? 'result' : 'error'} cannot be encoded: ${reason}`);
  }
}

function decodedBy(codec: Codec | undefined, text: string, context: CodecContext): unknown {
  if (!codec) throw new UnstorableError('it was written by a codec that is not configured here');
  const value = codec.decode(text, context);
  if (isLate(value))
    throw new UnstorableError('codec.decode returned a promise, and has to return the value itself');
  return value;
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
