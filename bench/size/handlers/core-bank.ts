/** What the sender asks for. */
export interface HoldOrder {
  readonly transactionId: string;
  readonly accountId: string;
  readonly cents: number;
}

/** Money set aside on an account. */
export interface Hold extends HoldOrder {
  readonly holdId: string;
}

/** The bank's answer is no, and it will be no again. */
export class InsufficientFunds extends Error {
  override readonly name = 'InsufficientFunds';
  readonly statusCode = 402;
}

/** The bank gives no answer just now; nothing was done. */
export class BankUnavailable extends Error {
  override readonly name = 'BankUnavailable';
  readonly statusCode = 503;
}

/** Asks the core bank for a hold. Asked again with the same `key`, it returns the hold that it placed. */
export async function placeHold(order: HoldOrder, key: string): Promise<Hold> {
  const response = await fetch(`${process.env.CORE_BANK_URL}/holds`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(order),
  });
  if (response.status === 402) throw new InsufficientFunds(await response.text());
  if (!response.ok) throw new BankUnavailable(`the core bank answers ${response.status}`);
  return (await response.json()) as Hold;
}
