import type { KeyObject } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { crypto } from '../process/crypto.js';

const KEY_BYTES = 32;

/** What a key is, in messages. */
export const KEY_KINDS = `${KEY_BYTES} bytes as a Buffer, a Uint8Array or a secret KeyObject`;
/** What the id of a key is, in messages. */
export const KEY_ID = '1 to 128 letters, digits and _ . : / @ -';

/** Whether a value can be the id of a key. Such a text can stand in a record and in a message. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.:/@-]{1,128}$/.test(value);
}

/** Returns a key of AES-256, with a copy of its bytes, or nothing for a value that is none. */
export function secretKeyOf(value: unknown): KeyObject | undefined {
  const { createSecretKey, KeyObject } = crypto();
  if (value instanceof KeyObject)
    return value.type === 'secret' && value.symmetricKeySize === KEY_BYTES ? value : undefined;
  return isUint8Array(value) && value.byteLength === KEY_BYTES ? createSecretKey(value) : undefined;
}
