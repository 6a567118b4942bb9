/** What is asked for: money from one account to another, under an id that the sender repeats with every retry. */
export interface TransferRequest {
  readonly transferId: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/** The answer, which every retry gets again. */
export interface Receipt {
  readonly transferId: string;
  readonly cents: number;
  readonly at: Date;
}

/** An outcome like any other: a repeated call gets it again, even if there is money by then. */
export class NotEnoughMoney extends Error {
  override name = 'NotEnoughMoney';
}

/** A service that moves money, on whichever database. */
export interface Transfers {
  transfer(request: TransferRequest): Promise<Receipt>;
}

/** What may happen to a process between two steps of a transfer; in production, nothing of the sample's. */
export interface Incidents {
  beforeTransaction?(): Promise<void>;
  afterCommit?(): Promise<void>;
}
