import type { KeyObject } from 'node:crypto';
import type { CodecContext } from '../options/options.js';
import { crypto } from '../process/crypto.js';
import { UnstorableError } from '../values/unstorable-error.js';
import { isKeyId } from './secret-key.js';

/*
 * An encrypted outcome is a text of three parts, joined by dots:
 *
 *   enc1     the format
 *   the id   of the key; it may have dots in it
 *   base64url of a nonce of 96 bits, the encrypted text, and a tag of 128 bits
 *
 * AES-256-GCM as in NIST SP 800-38D. The tag covers the text and the associated data, which says whose outcome it is.
 */

const FORMAT = 'enc1';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A text that was taken apart. */
export interface SealedText {
  readonly keyId: string;
  readonly payload: string;
}

/** Encrypts a text, with a random nonce: no two outcomes of one text are alike. */
export function seal(text: string, keyId: string, key: KeyObject, context: CodecContext): string {
  const { createCipheriv, randomBytes } = crypto();
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(keyId, context));
  // Bytes first: a cipher takes twice as long for a long text.
  const encrypted = cipher.update(Buffer.from(text));
  const payload = Buffer.concat([nonce, encrypted, cipher.final(), cipher.getAuthTag()]);
  return `${FORMAT}.${keyId}.${payload.toString('base64url')}`;
}

/** Takes an encrypted text apart. Returns nothing for any other text. */
export function readSealed(text: unknown): SealedText | undefined {
  if (typeof text !== 'string' || !text.startsWith(`${FORMAT}.`)) return undefined;
  const end = text.lastIndexOf('.');
  const keyId = text.slice(FORMAT.length + 1, end);
  return isKeyId(keyId) ? { keyId, payload: text.slice(end + 1) } : undefined;
}

/**
 * Decrypts a text.
 *
 * @throws {UnstorableError} where it is not as it was written, for this operation and key, with this key.
 */
export function unseal({ keyId, payload }: SealedText, key: KeyObject, context: CodecContext): string {
  const { createDecipheriv } = crypto();
  const bytes = Buffer.from(payload, 'base64url');
  const end = bytes.length - TAG_BYTES;
  // Node.js reads other texts as the same bytes, too.
  const isWhole = end >= NONCE_BYTES && bytes.toString('base64url') === payload;
  if (!isWhole) throw new UnstorableError('its encrypted text is damaged');
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), options);
  decipher.setAAD(associatedData(keyId, context));
  decipher.setAuthTag(bytes.subarray(end));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, end));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    throw new UnstorableError(
      `it cannot be decrypted with the key "${keyId}": that is another key than the one that encrypted it, or the record was changed, or it was written for another operation or key`,
    );
  }
}

/** What an outcome belongs to. Each part has its length in bytes before it, so that no two lists of parts have one text. */
function associatedData(keyId: string, { operation, key, kind }: CodecContext): Buffer {
  const parts = [FORMAT, keyId, kind, operation, key];
  return Buffer.from(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''));
}
