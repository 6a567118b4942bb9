import type { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { RedisStore } from 'retrysafe/redis';
import type { Trend } from './flatness.js';
import { MixedLoad } from './mixed-load.js';
import { type Quantity, Sampling } from './sampling.js';

/** What a process is to do: `url` is that of a Redis, without one the store is in memory. */
export interface Order {
  readonly seconds: number;
  readonly url?: string;
}

export interface Result {
  readonly calls: number;
  readonly samples: number;
  readonly trends: Record<Quantity, Trend>;
}

/** The number of samples, whatever the length of the run. */
const samples = 30;

/** The same records through another object, as another process has it. */
class Peer implements PersistenceStore {
  declare readonly changed?: NonNullable<PersistenceStore['changed']>;

  constructor(readonly store: PersistenceStore) {
    if (store.changed) this.changed = store.changed.bind(store);
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.store.claim(record, now);
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.store.replace(record, token);
  }

  find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.store.find(key);
  }
}

// Each is right once, and no news here.
process.emitWarning = () => {};
process.once('message', (order: Order) => void soak(order));

async function soak({ seconds, url }: Order): Promise<void> {
  const clients = url ? [new Redis(url), new Redis(url)] : [];
  const [client, subscriber] = clients;
  const store = client && subscriber ? new RedisStore({ client, subscriber }) : new InMemoryStore();
  const load = new MixedLoad(store, new Peer(store));
  const sampling = new Sampling(clients as EventEmitter[]);
  const end = Date.now() + seconds * 1_000;
  for (let taken = 0; taken < samples; taken += 1) {
    const until = end - (seconds * 1_000 * (samples - taken - 1)) / samples;
    do {
      await load.round();
      await pause(30);
    } while (Date.now() < until);
    // What was given up in the background ends with its lease.
    await pause(400);
    sampling.sample(load.calls);
  }
  for (const one of clients) one.disconnect();
  const result: Result = { calls: load.calls, samples, trends: sampling.trends() };
  process.send?.(result, () => process.disconnect());
}
