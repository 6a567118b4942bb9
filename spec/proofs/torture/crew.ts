import { ForkedWorker } from '../../support/forked-worker.js';
import type { Ledger } from './ledger.js';
import type { Order } from './worker.js';

const program = new URL('./worker.js', import.meta.url);
const endLimit = 120_000;

/** A process that calls its operations. */
export class Worker extends ForkedWorker<Order, Ledger> {
  constructor(order: Order, ledger: Ledger) {
    super(program, order, ledger, endLimit);
  }

  kill(where: string): void {
    this.ledger.add({ kind: 'killed', worker: this.order.worker, where });
    this.destroy();
  }
}

/** The workers of one store. Where one is killed, another takes its place. */
export class Crew {
  readonly #workers: Worker[];
  #started = 0;
  #isDismissed = false;

  constructor(
    readonly orders: readonly Order[],
    readonly ledger: Ledger,
  ) {
    this.#workers = orders.map((_, place) => this.#start(place));
  }

  /** The worker that has one of the places. */
  at(share: number): Worker {
    return this.#workers[Math.floor(share * this.#workers.length)] as Worker;
  }

  async begun(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.begun()));
  }

  /** Resolves when all have ended their calls and themselves. */
  async dismiss(): Promise<void> {
    this.#isDismissed = true;
    await Promise.all(this.#workers.map((worker) => worker.dismiss()));
  }

  destroy(): void {
    this.#isDismissed = true;
    for (const worker of this.#workers) worker.destroy();
  }

  #start(place: number): Worker {
    this.#started += 1;
    const order = this.orders[place] as Order;
    const name = `${order.worker}#${this.#started}`;
    const worker = new Worker({ ...order, worker: name, seed: order.seed + this.#started }, this.ledger);
    void worker.ended.then(({ signal, isWell, said }) => {
      if (!isWell && signal !== 'SIGKILL') this.ledger.add({ kind: 'crashed', worker: name, said });
      else if (!this.#isDismissed) this.#workers[place] = this.#start(place);
    });
    return worker;
  }
}
