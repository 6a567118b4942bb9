import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { currentExecution, Idempotent } from 'retrysafe';
import type { PostgresStore } from 'retrysafe/postgres';
import type { QueueTiming } from 'retrysafe/queues';
import type { Delivery } from './deliveries.js';
import type { Ledger } from './ledger.js';
import { kills, type Plan } from './plan.js';
import type { Message } from './queue-under-test.js';

/** What paying an order comes to. */
export interface Receipt {
  readonly payment: string;
}

/** The business under torture: a method that is made idempotent. */
export interface Payments {
  pay(message: Message): Promise<Receipt>;
}

/** What the business works with in one process. */
export interface Tools {
  readonly store: PostgresStore;
  readonly pool: Pool;
  /** Where orders to the bank are sent. */
  readonly bank: string;
  readonly ledger: Ledger;
  readonly planOf: (id: string) => Plan;
  /** The delivery that the running code belongs to. */
  readonly delivery: () => Delivery;
}

/** The table of payments. Nothing keeps a message from having two. */
export const paymentsTable = 'payments';

/** Throws in each run of poison that does not kill its process. */
class CardExpired extends Error {
  override readonly name = 'CardExpired';
}

/** Makes the business, by the timing of its queue. */
export function paymentsWith(timing: QueueTiming, tools: Tools): Payments {
  class TorturedPayments implements Payments {
    @Idempotent({ key: 'id', ...timing.method, store: tools.store })
    async pay({ id }: Message): Promise<Receipt> {
      const { attempt, fencingToken: token } = currentExecution();
      tools.ledger.add({ kind: 'began', id, ...tools.delivery(), attempt, token });
      try {
        const receipt = await payOnce(tools, tools.planOf(id), attempt);
        tools.ledger.add({ kind: 'returned', id, attempt });
        return receipt;
      } catch (error) {
        tools.ledger.add({ kind: 'failed', id, attempt, why: (error as Error).name });
        throw error;
      }
    }
  }
  return new TorturedPayments();
}

async function payOnce(tools: Tools, plan: Plan, attempt: number): Promise<Receipt> {
  if (attempt === 1 || plan.kind === 'poison') await pause(plan.before);
  const receipt = await ways[plan.kind](tools, plan, attempt);
  await pause(plan.after);
  return receipt;
}

const ways: Readonly<
  Record<Message['kind'], (tools: Tools, plan: Plan, attempt: number) => Promise<Receipt>>
> = {
  'in-transaction': payInTransaction,
  'derived-key': payAtBank,
  poison: failToPay,
};

/** The payment and the completion of the call are in one transaction: both or neither. */
async function payInTransaction(
  { pool, store, ledger }: Tools,
  { id, cents }: Plan,
  attempt: number,
): Promise<Receipt> {
  const receipt = { payment: `row-${id}-${attempt}` };
  const completion = await currentExecution().completion(receipt);
  ledger.add({ kind: 'completing', id, attempt });
  const tx = await pool.connect();
  // A broken connection emits `error`, which ends the process without a listener. The next query reports it as well.
  tx.on('error', () => {});
  let broken: Error | undefined;
  try {
    await tx.query('BEGIN');
    const text = `INSERT INTO ${paymentsTable} (id, cents, payment, attempt) VALUES ($1, $2, $3, $4)`;
    await tx.query(text, [id, cents, receipt.payment, attempt]);
    await store.complete(tx, completion);
    await tx.query('COMMIT');
    return receipt;
  } catch (error) {
    await tx.query('ROLLBACK').catch((fault: Error) => {
      broken = fault;
    });
    throw error;
  } finally {
    tx.release(broken);
  }
}

/** The payment is made elsewhere, under a key that is the same in each run. */
async function payAtBank({ bank }: Tools, { id, cents }: Plan, attempt: number): Promise<Receipt> {
  const order = { key: currentExecution().deriveKey('pay'), id, cents, attempt };
  const response = await fetch(bank, { method: 'POST', body: JSON.stringify(order) });
  return (await response.json()) as Receipt;
}

async function failToPay({ ledger, delivery }: Tools, plan: Plan, attempt: number): Promise<never> {
  if (kills(plan, attempt)) {
    ledger.add({ kind: 'killed', worker: delivery().worker, by: 'poison' });
    process.kill(process.pid, 'SIGKILL');
  }
  throw new CardExpired('the card has expired');
}
