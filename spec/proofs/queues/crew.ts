import { ForkedWorker } from '../../support/forked-worker.js';
import type { Ledger } from './ledger.js';
import type { Order } from './worker.js';

const program = new URL('./worker.js', import.meta.url);
const endLimit = 20_000;

/** What is the same for all workers. */
export type Orders = Omit<Order, 'worker'>;

/** A process that consumes. */
export class Worker extends ForkedWorker<Order, Ledger> {
  constructor(order: Order, ledger: Ledger) {
    super(program, order, ledger, endLimit);
  }

  kill(): void {
    this.ledger.add({ kind: 'killed', worker: this.order.worker, by: 'nemesis' });
    this.destroy();
  }
}

/** The workers of one queue. Where one is killed, or kills itself, another takes its place. */
export class Crew {
  readonly #workers: Worker[];
  #started = 0;
  #isDismissed = false;

  constructor(
    size: number,
    readonly orders: Orders,
    readonly ledger: Ledger,
  ) {
    this.#workers = Array.from({ length: size }, (_, place) => this.#start(place));
  }

  /** The worker that has one of the places. */
  at(share: number): Worker {
    return this.#workers[Math.floor(share * this.#workers.length)] as Worker;
  }

  /** Resolves when all have ended. */
  async dismiss(): Promise<void> {
    this.#isDismissed = true;
    await Promise.all(this.#workers.map((worker) => worker.dismiss()));
  }

  /** Ends all at once. */
  destroy(): void {
    this.#isDismissed = true;
    for (const worker of this.#workers) worker.destroy();
  }

  #start(place: number): Worker {
    const worker = new Worker({ ...this.orders, worker: `${place + 1}-${++this.#started}` }, this.ledger);
    void this.#replace(place, worker);
    return worker;
  }

  async #replace(place: number, worker: Worker): Promise<void> {
    const { signal, isWell, said } = await worker.ended;
    if (!isWell && signal !== 'SIGKILL')
      this.ledger.add({ kind: 'crashed', worker: worker.order.worker, said });
    if (!this.#isDismissed) this.#workers[place] = this.#start(place);
  }
}
