import type { Completion, PersistenceStore } from 'retrysafe';
import { NotRefundable } from '../app/failures.js';
import type { Refund, Settlement } from '../app/orders.js';
import type { Refunds } from '../app/refunds.js';

/** Where no engine can run: balances and refunds in the memory of this process, which nothing else changes meanwhile. */
export class InMemoryRefunds implements Refunds {
  readonly #balances = new Map<string, number>();
  readonly #made = new Set<string>();

  constructor(readonly store: PersistenceStore) {}

  async allow({ transactionId, cents }: Settlement): Promise<void> {
    if (!this.#balances.has(transactionId)) this.#balances.set(transactionId, cents);
  }

  async book({ refundId, transactionId, cents }: Refund, { record, token }: Completion): Promise<void> {
    const balance = this.#balances.get(transactionId) ?? 0;
    if (this.#made.has(refundId)) throw new NotRefundable('This refund was made before.');
    if (balance < cents) throw new NotRefundable('There is not as much to pay back of this transaction.');
    const holder = await this.store.replace(record, token);
    if (holder?.token !== record.token) throw new Error('the claim is lost');
    this.#made.add(refundId);
    this.#balances.set(transactionId, balance - cents);
  }
}
