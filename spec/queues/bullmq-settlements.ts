import { Idempotent, type PersistenceStore } from 'retrysafe';
import { FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { asAnotherProcess } from './as-another-process.js';
import type { Order } from './bullmq-client.js';

export class Declined extends Error {}

/** A service of one process. */
export class Settlements {
  readonly runs: string[] = [];

  constructor(
    readonly store: PersistenceStore,
    readonly work: (order: Order) => Promise<unknown> = async () => 'settled',
  ) {}

  @Idempotent({
    name: 'settle a job of a spec',
    key: 'id',
    fingerprint: ({ cents = 0 }: Order) => cents,
    store: (self) => (self as Settlements).store,
    wait: 0,
    lease: '900ms',
    renewFor: 10,
    clockTolerance: 0,
    remember: [Declined],
    onAbandoned: (_abandoned, { id }: Order) => (id.startsWith('unknown') ? 'refuse' : 'run'),
  })
  async settle(order: Order): Promise<unknown> {
    this.runs.push(order.id);
    return this.work(order);
  }
}

/** Leaves the lease of an order behind, as a process does that is killed while the method runs. */
export async function leaveBehind(store: PersistenceStore, order: Order): Promise<void> {
  const running = defer();
  const dying = new FailingStore(asAnotherProcess(store));
  const { promise: never } = defer();
  const service = new Settlements(dying, () => {
    running.resolve();
    return never;
  });
  service.settle(order).catch(() => {});
  await running.promise;
  dying.fail('replace', { times: Number.POSITIVE_INFINITY });
}
