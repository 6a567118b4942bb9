import { InvalidRequest } from './failures.js';
import type { HoldOrder, RefundOrder, SettlementOrder, StepOrder } from './orders.js';

type Fields = Readonly<Record<string, unknown>>;

/** @throws {InvalidRequest} where the text is no JSON object. Its message has nothing of the text. */
export function fieldsOf(text: string | null): Fields {
  try {
    return fields(JSON.parse(text ?? ''));
  } catch {
    throw new InvalidRequest('The body has to be a JSON object.');
  }
}

// The ids pass as they are: retrysafe refuses a call whose key is missing, before the method runs.

export function holdOrder({ transactionId, accountId, cents }: Fields): HoldOrder {
  return { transactionId: transactionId as string, accountId: account(accountId), cents: amount(cents) };
}

export function settlementOrder({ transactionId, cents }: Fields): SettlementOrder {
  return { transactionId: transactionId as string, cents: amount(cents) };
}

export function refundOrder({ refundId, transactionId, cents }: Fields): RefundOrder {
  if (typeof transactionId !== 'string') throw new InvalidRequest('transactionId has to be a text.');
  return { refundId: refundId as string, transactionId, cents: amount(cents) };
}

export function stepOrder(input: unknown): StepOrder {
  const { execution, state, accountId, cents } = fields(input);
  return {
    execution: execution as string,
    state: state as string,
    accountId: account(accountId),
    cents: amount(cents),
  };
}

function fields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new InvalidRequest('The input has to be an object.');
}

function account(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidRequest('accountId has to be a text.');
}

function amount(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new InvalidRequest('cents has to be a whole number above 0.');
}
