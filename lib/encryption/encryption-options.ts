import type { KeyObject } from 'node:crypto';
import { type Check, checkedOptions } from '../options/checked-options.js';
import { checkCodec } from '../options/codec-check.js';
import type { Codec } from '../options/options.js';
import { isObject, ownValue } from '../options/reading.js';
import { describeLateness } from '../options/synchronous.js';
import { kindOf } from '../options/wrong-option.js';
import { isKeyId, KEY_ID, KEY_KINDS, secretKeyOf } from './secret-key.js';

/** A key of AES-256: 32 bytes, or a secret `KeyObject` of that size. A text is refused: `Buffer.from(text, 'base64')` makes bytes of it. */
export type EncryptionKey = Uint8Array | KeyObject;

/** With which keys outcomes are encrypted. */
export interface EncryptionOptions {
  /**
   * The keys by their ids, or a function that returns the key of an id, synchronously. What a function has to fetch is fetched before.
   * Ids are stored beside the outcomes and named in errors: 1 to 128 letters, digits and `_ . : / @ -`, and no secret.
   */
  readonly keys: Readonly<Record<string, EncryptionKey>> | ((id: string) => EncryptionKey | undefined);
  /** The id of the key that encrypts new outcomes. Outcomes of the other keys are read. */
  readonly current: string;
  /**
   * What becomes of outcomes that were stored before there was encryption. `'refuse'`: duplicates get an `OutcomeUnavailableError`, so that
   * nobody who can write to the table can make up an outcome. `'replay'`: they get the outcome. Default: `'refuse'`.
   */
  readonly plain?: 'refuse' | 'replay';
  /** Makes the text that is encrypted. Default: the built-in encoding, which keeps types. */
  readonly codec?: Codec;
}

const checks: Record<keyof EncryptionOptions, Check> = {
  keys: (value) => (typeof value === 'function' ? describeLateness(value) : wrongKeys(value)),
  current: (value, { keys }) => {
    if (!isKeyId(value)) return `the id of one of the keys: ${KEY_ID}`;
    return typeof keys === 'function' || Object.hasOwn(keys as object, value)
      ? undefined
      : 'the id of one of the keys; none of them has this one';
  },
  plain: (value) => (value === 'refuse' || value === 'replay' ? undefined : "one of 'refuse', 'replay'"),
  codec: checkCodec,
};

/** @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected. */
export function checkEncryptionOptions(options: unknown): void {
  checkedOptions('encrypted', options, {
    checks,
    required: ['keys', 'current'],
    example: "options such as { keys: { '2026-01': key }, current: '2026-01' }",
  });
}

// An id is never named: where somebody has mistaken the one for the other, it is the key.
function wrongKeys(value: unknown): string | undefined {
  if (!isObject(value) || Array.isArray(value) || secretKeyOf(value))
    return `an object of keys by their ids, each ${KEY_KINDS}; or a function (id) => key`;
  const ids = Object.keys(value);
  if (ids.length === 0) return 'at least one key by its id';
  for (const [index, id] of ids.entries()) {
    const key = ownValue(value, id);
    const which = `${index + 1} of ${ids.length}`;
    if (!isKeyId(id)) return `ids that are ${KEY_ID}, which id ${which} is not`;
    if (secretKeyOf(key)) continue;
    const hint = typeof key === 'string' ? "; Buffer.from(text, 'base64') makes bytes of base64" : '';
    return `keys that are ${KEY_KINDS}, while key ${which} is ${kindOfKey(key)}${hint}`;
  }
  return undefined;
}

function kindOfKey(key: unknown): string {
  return key instanceof Uint8Array ? `${key.byteLength} bytes` : kindOf(key);
}
