import { InvalidRequest } from './failures.js';
import type { HoldOrder, RefundOrder, SettlementOrder, StepOrder } from './orders.js';

/** In characters: a key of a table has at most 2,048 bytes. */
const longest = 512;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the body of an HTTP request or of a message.
 *
 * @throws {InvalidRequest} where it is no JSON object. Its message has nothing of the body.
 */
export function fieldsOf({
  body,
  isBase64Encoded,
}: {
  readonly body: string | null;
  readonly isBase64Encoded?: boolean;
}): Fields {
  try {
    return fields(JSON.parse(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()));
  } catch {
    throw new InvalidRequest('The body has to be a JSON object.');
  }
}

export function holdOrder({ transactionId, accountId, cents }: Fields): HoldOrder {
  return {
    transactionId: text(transactionId, 'transactionId'),
    accountId: text(accountId, 'accountId'),
    cents: amount(cents),
  };
}

export function settlementOrder({ transactionId, cents }: Fields): SettlementOrder {
  return { transactionId: key(transactionId), cents: amount(cents) };
}

export function refundOrder({ refundId, transactionId, cents }: Fields): RefundOrder {
  return {
    refundId: text(refundId, 'refundId'),
    transactionId: text(transactionId, 'transactionId'),
    cents: amount(cents),
  };
}

export function stepOrder(input: unknown): StepOrder {
  const { execution, state, accountId, cents } = fields(input);
  return {
    execution: key(execution),
    state: key(state),
    accountId: text(accountId, 'accountId'),
    cents: amount(cents),
  };
}

function fields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new InvalidRequest('The input has to be an object.');
}

/**
 * An id that is, or is part of, an idempotency key. One that is missing passes: retrysafe refuses a call without its
 * key. Others are texts: JSON's large numbers lose digits when they are read, and then two ids are one.
 */
function key(value: unknown): string {
  return value == null || value === '' ? '' : text(value, 'An id');
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= longest && !/\p{Surrogate}/u.test(value))
    return value;
  throw new InvalidRequest(`${name} has to be a text of at most ${longest} characters.`);
}

function amount(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new InvalidRequest('cents has to be a whole number above 0.');
}
