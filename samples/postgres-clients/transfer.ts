/** What each client here is asked to do: one row in the table `transfers`. */
export interface Transfer {
  readonly id: string;
  readonly account: string;
  readonly amount: number;
}

/** What the caller gets: a retry gets the very same. */
export interface Receipt {
  readonly receiptId: string;
  readonly transferredAt: Date;
}

export function newReceipt(): Receipt {
  return { receiptId: crypto.randomUUID(), transferredAt: new Date() };
}
