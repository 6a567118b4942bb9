import type { Incidents, Transfers } from './transfers.js';

/** A database with the accounts of Alice, who has 1,000.00, and of Bob, who has nothing. */
export interface Bank {
  readonly name: string;
  /** One more process of the service, and what happens to it. */
  service(incidents?: Incidents): Transfers;
  /** In cents. */
  balances(): Promise<{ readonly alice: number; readonly bob: number }>;
  close(): Promise<void>;
}
