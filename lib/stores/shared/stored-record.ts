import { ConfigurationError, type StoreError } from '../../errors.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { copyOfJson } from '../../values/json/json-copy.js';
import { limitOf, tooLarge } from './faults.js';
import { withItsBytes } from './outcome-bytes.js';

/** How long a store keeps a record after it has expired. A claim must not arrive later than that. */
export const GRACE_MS = 900_000;

/** A record as a store reads it from columns, fields or attributes: text or numbers, as its client returns them. */
export interface StoredFields {
  readonly token: unknown;
  readonly expiresAt: unknown;
  readonly state: unknown;
  /** The bytes that were written beside the state. */
  readonly bytes?: Uint8Array | undefined;
}

/**
 * Returns the text of a record's state.
 *
 * @param refuse Makes the error for a text of more than `limitBytes`.
 * @throws {StoreError} with `tooLarge` for such a text.
 */
export function stateText(
  { state }: Pick<IdempotencyRecord, 'state'>,
  limitBytes: number,
  refuse: () => StoreError,
): string {
  const text = textOf(state);
  if (text !== undefined && (text.length * 3 <= limitBytes || Buffer.byteLength(text) <= limitBytes))
    return text;
  throw refuse();
}

/** The same for a store whose limit is that of one value, and of the bytes beside it. */
export function stateValue(
  store: string,
  { state, bytes }: Pick<IdempotencyRecord, 'state'> & { readonly bytes?: Buffer | undefined },
  limitBytes: number,
): string {
  return stateText({ state }, limitBytes - (bytes?.byteLength ?? 0), () =>
    tooLarge(store, limitOf(limitBytes)),
  );
}

/** Returns a copy of a record that was written. No later change to it changes what the caller gets, nor the other way round. */
export function copyOf({ key, token, expiresAt, state }: IdempotencyRecord): IdempotencyRecord {
  return { key, token, expiresAt, state: copyOfJson(state) as IdempotencyRecord['state'] };
}

/** What to say of something in a record's place that is no record. */
export interface Foreign {
  /** Default: what is kept under the key. */
  readonly what?: string;
  readonly advice?: string;
}

/**
 * Returns a record as it was read.
 *
 * @throws {ConfigurationError} where it is no record.
 */
export function readRecord(
  store: string,
  key: string,
  fields: StoredFields,
  foreign: Foreign = {},
): IdempotencyRecord {
  const record = recordFrom(key, fields);
  if (!record) throw notOurs(store, key, foreign);
  return record;
}

/** The same, and `undefined` where it is no record. */
export function recordFrom(
  key: string,
  { token, expiresAt, state, bytes }: StoredFields,
): IdempotencyRecord | undefined {
  const expiry =
    expiresAt === null || expiresAt === undefined || expiresAt === '' ? Number.NaN : Number(expiresAt);
  // Every token has the form `owner.n`. What another program keeps in the same place rarely has one like that.
  const isToken = /^[^.]+\.\d+$/.test(String(token));
  if (!isToken || !Number.isFinite(expiry) || state === null || state === undefined) return undefined;
  return { key, token: String(token), expiresAt: expiry, state: withItsBytes(stateOf(state), bytes) };
}

/** Returns the error for something in a record's place that another program wrote. */
export function notOurs(store: string, key: string, foreign: Foreign, cause?: unknown): ConfigurationError {
  const {
    what = `what is kept under ${key}`,
    advice = 'keep records apart from what else is there, or name the operation differently',
  } = foreign;
  return new ConfigurationError(
    `${store}: ${what} is no record of retrysafe; ${advice}`,
    cause === undefined ? {} : { cause },
  );
}

// A string has at most 512 MB. A result that just fits may pass that as a part of its record.
function textOf(state: IdempotencyRecord['state']): string | undefined {
  try {
    return JSON.stringify(state);
  } catch {
    return undefined;
  }
}

// An unreadable state is passed on: the engine tells it from a free key, and has the error for it.
function stateOf(text: unknown): IdempotencyRecord['state'] {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined as never;
  }
}
