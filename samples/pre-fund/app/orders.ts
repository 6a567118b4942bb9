/** What a sender asks for: money to be set aside. */
export interface HoldOrder {
  readonly transactionId: string;
  readonly accountId: string;
  readonly cents: number;
}

/** Money set aside on an account. */
export interface Hold extends HoldOrder {
  readonly holdId: string;
  readonly placedAt: Date;
}

/** A state of a workflow asks for a hold. It has no id but the names of its execution and of the state. */
export interface StepOrder {
  readonly execution: string;
  readonly state: string;
  readonly accountId: string;
  readonly cents: number;
}

/** Money that was set aside is to be paid. */
export interface SettlementOrder {
  readonly transactionId: string;
  readonly cents: number;
}

/** Money that was paid. */
export interface Settlement extends SettlementOrder {
  readonly settledAt: Date;
}

/** Money that was paid is to be paid back. */
export interface RefundOrder {
  readonly refundId: string;
  readonly transactionId: string;
  readonly cents: number;
}

/** Money that was paid back. */
export interface Refund extends RefundOrder {
  readonly refundedAt: Date;
}
