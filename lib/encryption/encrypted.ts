import type { Codec, CodecContext } from '../options/options.js';
import { isLate } from '../options/synchronous.js';
import { UnstorableError } from '../values/unstorable-error.js';
import { checkEncryptionOptions, type EncryptionOptions } from './encryption-options.js';
import { KeyRing } from './key-ring.js';
import { readSealed, seal, unseal } from './sealed-text.js';

/**
 * Returns a codec that encrypts outcomes with AES-256-GCM before they reach the store. Results keep their types, and errors and bytes are
 * encrypted as well. An outcome can be read for its own operation and key alone. One whose key is missing or wrong, or that was changed,
 * is unavailable: duplicates get an `OutcomeUnavailableError`, and never a second run.
 *
 * @example configureIdempotency({ store, codec: encrypted({ keys: { '2026-01': key }, current: '2026-01' }) })
 * @throws {ConfigurationError} for a wrong option, such as a key of another length.
 */
export function encrypted(options: EncryptionOptions): Codec {
  checkEncryptionOptions(options);
  return new EncryptingCodec(options);
}

class EncryptingCodec implements Codec {
  readonly takes: 'values' | 'text';
  readonly plain: 'refuse' | 'replay';
  readonly #keys: KeyRing;
  readonly #codec: Codec | undefined;

  constructor(options: EncryptionOptions) {
    const { plain = 'refuse', codec } = options;
    this.takes = codec ? (codec.takes ?? 'values') : 'text';
    this.plain = plain;
    this.#keys = new KeyRing(options);
    this.#codec = codec;
  }

  encode(value: unknown, context: CodecContext): string {
    const { current, currentId } = this.#keys;
    const text = this.#codec ? textOf(this.#codec, value, context) : (value as string);
    return seal(text, currentId, current, context);
  }

  decode(text: string, context: CodecContext): unknown {
    const sealed = readSealed(text);
    if (sealed) {
      const opened = unseal(sealed, this.#keys.find(sealed.keyId), context);
      return this.#codec ? this.#codec.decode(opened, context) : opened;
    }
    if (this.#codec && this.plain === 'replay') return this.#codec.decode(text, context);
    throw new UnstorableError('it is no text that `encrypted` of this version has written');
  }
}

function textOf(codec: Codec, value: unknown, context: CodecContext): string {
  const text: unknown = codec.encode(value, context);
  if (isLate(text))
    throw new UnstorableError('codec.encode returned a promise, and has to return the text itself');
  if (typeof text !== 'string') throw new UnstorableError('codec.encode returned no string');
  // UTF-8 has no bytes for it, so that another text would come back.
  if (/\p{Surrogate}/u.test(text))
    throw new UnstorableError('codec.encode returned half a pair of surrogates');
  return text;
}
