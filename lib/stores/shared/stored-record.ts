import { ConfigurationError, StoreError } from '../../errors.js';
import type { Completion, IdempotencyRecord } from '../../record/persistence-store.js';

/** A store's own expiry comes this much later than a record's, in milliseconds: it bounds how late a claim can arrive. */
export const GRACE = 900_000;

/** A record as a store reads it back from three columns or fields, text or numbers as a client gives them. */
export interface StoredFields {
  readonly token: unknown;
  readonly expiresAt: unknown;
  readonly state: unknown;
}

/**
 * The text of a record's state.
 *
 * @throws {StoreError} with `tooLarge` where it has more than `limit` bytes.
 */
export function stateText(where: string, { state }: IdempotencyRecord, limit: number): string {
  const text = textOf(state);
  if (text !== undefined && (text.length * 3 <= limit || Buffer.byteLength(text) <= limit)) return text;
  throw tooLarge(where, limit);
}

/** What is said of a record that passes a store's limit, in bytes. */
export function tooLarge(where: string, limit: number, cause?: unknown): StoreError {
  return new StoreError(
    `${where}: the record is larger than the store takes, which is ${Math.floor(limit / 1_000_000)} MB`,
    { tooLarge: true, ...(cause !== undefined && { cause }) },
  );
}

/** Whether it is `owner.n`, as every record's token is: what else is kept in the same place hardly has such a thing. */
export function isToken(token: unknown): boolean {
  return /^[^.]+\.\d+$/.test(String(token));
}

/**
 * @param name Where it is kept, if not under the key itself.
 * @param advice What to do where it is no record.
 * @throws {ConfigurationError} where what is kept under the key is no record.
 */
export function recordOf(
  where: string,
  key: string,
  { token, expiresAt, state }: StoredFields,
  name = key,
  advice = 'keep records apart from what else is there, or name the operation differently',
): IdempotencyRecord {
  const expiry =
    expiresAt === null || expiresAt === undefined || expiresAt === '' ? Number.NaN : Number(expiresAt);
  if (!isToken(token) || !Number.isFinite(expiry) || state === null || state === undefined) {
    throw new ConfigurationError(`${where}: what is kept under ${name} is no record of retrysafe; ${advice}`);
  }
  return { key, token: String(token), expiresAt: expiry, state: stateOf(state) };
}

/**
 * A completion that was handed to a store.
 *
 * @throws {ConfigurationError} where it is something else.
 */
export function checkedCompletion(where: string, completion: unknown): Completion {
  const { record, token } = (completion ?? {}) as Partial<Completion>;
  if (typeof token === 'string' && typeof record?.key === 'string' && typeof record.token === 'string') {
    return { record, token };
  }
  throw new ConfigurationError(
    `${where} got no completion; hand over \`await currentExecution().completion(result)\``,
  );
}

// No string holds more than 512 MB. A result that fits just so may pass that inside of its record.
function textOf(state: IdempotencyRecord['state']): string | undefined {
  try {
    return JSON.stringify(state);
  } catch {
    return undefined;
  }
}

// What cannot be read goes on as it is: the engine tells it from a free key, and knows how to say so.
function stateOf(text: unknown): IdempotencyRecord['state'] {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined as never;
  }
}
