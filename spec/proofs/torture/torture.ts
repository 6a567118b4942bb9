import { setTimeout as pause } from 'node:timers/promises';
import { Crew, Worker } from './crew.js';
import type { Ledger, StoreName } from './ledger.js';
import { Nemesis } from './nemesis.js';
import { lease, tolerance } from './operations.js';
import { kinds, type Place } from './places.js';
import type { Order } from './worker.js';

/** How much of the time is for the end: calls that end by themselves, leases that lapse, and each key once more. */
const calmSeconds = 15;
const mortality = 0.02;

/** Worker processes on all stores at once, and what is done to them. */
export class Torture {
  readonly #places = new Map<StoreName, Place>();
  readonly #crews = new Set<Crew>();
  readonly #calm = new Set<Worker>();
  #isStopped = false;

  constructor(
    readonly stores: readonly StoreName[],
    readonly seconds: number,
    readonly seed: number,
    readonly ledger: Ledger,
  ) {}

  /** What each store is. */
  get about(): Partial<Record<StoreName, string>> {
    return Object.fromEntries([...this.#places].map(([store, { about }]) => [store, about]));
  }

  /** Resolves when everything that happened is in the ledger. */
  async run(): Promise<void> {
    const { stores, seconds, seed, ledger } = this;
    const endsAt = Date.now() + (seconds - calmSeconds) * 1_000;
    ledger.add({ kind: 'rules', seed, seconds, stores, lease, tolerance });
    await Promise.all(stores.map((store) => this.#start(store)));
    const startedAt = Date.now();
    const crews = [...this.#places].map(([store, place], index) => {
      const orders = this.#orders(store, place, { startedAt, seed: seed + 10_000 * index });
      const crew = new Crew(orders, ledger);
      this.#crews.add(crew);
      return { store, place, crew };
    });
    await Promise.all(crews.map(({ crew }) => crew.begun()));
    const nemeses = crews.map(
      ({ store, place, crew }, index) =>
        new Nemesis(store, place, crew, ledger, lease, seed + 10_000 * index + 5_000),
    );
    await pause(Math.max(0, endsAt - Date.now()));
    await Promise.all(nemeses.map((nemesis) => nemesis.end()));
    await Promise.all(crews.map(({ crew }) => crew.dismiss()));
    ledger.add({ kind: 'calm' });
    await Promise.all(crews.map(({ store, crew }) => this.#callOnceMore(store, crew)));
  }

  /** Ends all processes that belong to it, at once. */
  kill(): void {
    for (const one of [...this.#crews, ...this.#calm]) one.destroy();
  }

  /** Ends all processes, and removes what the servers had. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.kill();
    await Promise.all([...this.#places.values()].map((place) => place.stop()));
  }

  async #start(store: StoreName): Promise<void> {
    const place = await kinds[store].start();
    if (this.#isStopped) await place.stop();
    else this.#places.set(store, place);
  }

  /** Two of the three workers are on the far side of the network. */
  #orders(
    store: StoreName,
    { far, near }: Place,
    { startedAt, seed }: { startedAt: number; seed: number },
  ): Order[] {
    return [far, far, near].map((description, index) => ({
      kind: 'load',
      worker: `${store}-${index + 1}`,
      store,
      description,
      ledger: this.ledger.path,
      seed: seed + 1_000 * index,
      startedAt,
      mortality,
      keys: [],
    }));
  }

  async #callOnceMore(store: StoreName, crew: Crew): Promise<void> {
    const called = this.ledger.read().flatMap((line) => (line.kind === 'called' ? [line.key] : []));
    const keys = [...new Set(called)].filter((key) => key.startsWith(`${store}/`));
    const [order] = crew.orders.slice(-1) as [Order];
    const calm: Order = { ...order, kind: 'calm', worker: `${store}-calm`, mortality: 0, keys };
    const worker = new Worker(calm, this.ledger);
    this.#calm.add(worker);
    await worker.end();
    const { isWell, said } = await worker.ended;
    if (!isWell) this.ledger.add({ kind: 'crashed', worker: calm.worker, said });
  }
}
