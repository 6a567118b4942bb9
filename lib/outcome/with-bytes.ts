import { constants } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import type { OutcomeOfBytes } from '../record/record.js';
import { bytesIn } from '../values/built-in-kinds.js';
import { isObject } from '../values/class-facts.js';
import { copyOfJson } from '../values/json/json-copy.js';
import { UnstorableError } from '../values/unstorable-error.js';
import { copyIfPlain } from './plain-json.js';

// A brand and no class: a process may load two copies of this library.
const brand = Symbol.for('retrysafe.bytes');

/** A result that is plain JSON but for its `bytes`. A record keeps the two apart. */
export type WithBytes<Head extends object> = Head & { readonly bytes: Uint8Array; readonly [brand]: true };

/** What a record keeps of such a result, and what a codec gets. */
export type BytesParts = Pick<OutcomeOfBytes, 'head' | 'base64'>;

/**
 * Returns a result of bytes, to be returned by an idempotent method itself: a store that has binary keeps them as such, and not in
 * base64. A copy by spreading is one as well.
 *
 * @param head Plain JSON without a property `bytes`.
 */
export function withBytes<Head extends object & { readonly bytes?: never }>(
  head: Head,
  bytes: Uint8Array,
): WithBytes<Head> {
  return { ...head, bytes, [brand]: true };
}

/** Whether a method returned such a result. */
export function isWithBytes(value: unknown): value is WithBytes<object> {
  return isObject(value) && Object.hasOwn(value, brand) && isUint8Array((value as { bytes?: unknown }).bytes);
}

/**
 * Returns the two parts of such a result. Neither changes when the result does.
 *
 * @throws {UnstorableError} where they cannot be kept.
 */
export function toParts({ bytes, [brand]: _, ...head }: WithBytes<object>): BytesParts {
  const copy = copyIfPlain(head);
  if (!copy) throw new UnstorableError('what belongs to the bytes in it is no plain JSON');
  if (Math.ceil(bytes.byteLength / 3) * 4 > constants.MAX_STRING_LENGTH)
    throw new UnstorableError('it has more bytes than a text can hold');
  return { head: copy.json, base64: bytesIn(bytes).toString('base64') };
}

/**
 * Returns a result again from its parts. Each call makes a new copy.
 *
 * @throws {UnstorableError} where a part is missing.
 */
export function fromParts(parts: BytesParts): WithBytes<object> {
  const { head, base64 } = Object(parts) as Partial<BytesParts>;
  if (typeof base64 !== 'string') throw new UnstorableError('its bytes are missing');
  if (!isObject(head) || Array.isArray(head))
    throw new UnstorableError('what belongs to its bytes is missing');
  // Over memory of its own: a small `Buffer.from` is a part of a pool, with bytes of other requests around it.
  const bytes = Buffer.alloc(Buffer.byteLength(base64, 'base64'));
  const length = bytes.write(base64, 'base64');
  return withBytes(copyOfJson(head) as Record<never, never>, bytes.subarray(0, length));
}
