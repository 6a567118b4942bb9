// A process of the torture of queues. It consumes until it is told to stop or is killed.
import { onStandstill } from '../../support/heartbeat.js';
import { openStore } from '../../support/store-description.js';
import { Deliveries } from './deliveries.js';
import type { Flaw } from './flawed-queues.js';
import { Ledger } from './ledger.js';
import { paymentsWith } from './payments.js';
import { plansOf } from './plan.js';
import type { RunningQueue } from './queue-under-test.js';
import { loadQueue, type QueueName } from './queues.js';

/** What a worker is to do, and on what. */
export interface Order {
  readonly worker: string;
  readonly queue: QueueName | Flaw;
  readonly connection: RunningQueue['connection'];
  /** The database of records and payments. */
  readonly postgres: string;
  readonly bank: string;
  readonly ledger: string;
  readonly messages: number;
  readonly seed: number;
}

process.once('message', (order: Order) => void begin(order));
process.once('disconnect', () => process.exit());
process.send?.('ready');

// An unhandled rejection ends this process with another exit code.
async function begin(order: Order): Promise<void> {
  const { worker, messages, seed } = order;
  const ledger = new Ledger(order.ledger);
  onStandstill((from, to) => ledger.add({ kind: 'frozen', worker, from, to }));
  const queue = await loadQueue(order.queue);
  const open = await openStore({ kind: 'postgres', url: order.postgres, table: 'records' });
  if (open.kind !== 'postgres') throw new TypeError('it is a store on PostgreSQL');
  const plans = new Map(plansOf(messages, seed, queue.timing.method).map((plan) => [plan.id, plan]));
  const deliveries = new Deliveries(worker, ledger);
  const payments = paymentsWith(queue.timing, {
    store: open.store,
    pool: open.client,
    bank: order.bank,
    ledger,
    planOf: (id) => plans.get(id) as never,
    delivery: () => deliveries.current,
  });
  const consumer = await queue.consume(order.connection, (message) =>
    deliveries.handle(message, (one) => payments.pay(one)),
  );
  process.once('message', () => void end());
  process.send?.('begun');

  async function end(): Promise<void> {
    await consumer.stop();
    await open.close();
    ledger.close();
    process.exit();
  }
}
