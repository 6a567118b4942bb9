import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../../support/random.js';
import type { Crew, Worker } from './crew.js';
import type { Ledger } from './ledger.js';
import { tolerance } from './plan.js';
import type { RunningQueue } from './queue-under-test.js';

/** What is done, lengths of time in milliseconds. */
export interface Hardships {
  readonly lease: number;
  /** A worker is killed about that often. */
  readonly killEvery: number;
  /** When the broker is restarted, from the beginning on. */
  readonly restartsAt: readonly number[];
  readonly seed: number;
}

/** A worker is suspended about that often, in milliseconds. */
const suspendEvery = 3_000;

/** What is done to the broker of a queue and to its workers until it is over. Chance decides, from a seed. */
export class Nemesis {
  readonly #over = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor(
    readonly running: RunningQueue,
    readonly crew: Crew,
    readonly ledger: Ledger,
    readonly hardships: Hardships,
  ) {
    this.#ended = Promise.all([this.#killWorkers(), this.#suspendWorkers(), this.#restartBroker()]);
    // The caller that ends it gets the error.
    this.#ended.catch(() => {});
  }

  /** Resolves when nothing is done any more, and all that was done is mended. Rejects where a broker does not come back. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#ended;
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #killWorkers(): Promise<void> {
    const { killEvery, seed } = this.hardships;
    const random = randomFrom(seed);
    while (!this.#isOver) {
      await this.#pause(killEvery * (0.5 + random()));
      const worker = this.crew.at(random());
      // One that is still starting has nothing to lose.
      if (!this.#isOver && worker.hasBegun) worker.kill();
    }
  }

  async #suspendWorkers(): Promise<void> {
    const random = randomFrom(this.hardships.seed + 1);
    const suspended: Promise<void>[] = [];
    while (!this.#isOver) {
      await this.#pause(suspendEvery * (0.5 + random()));
      const worker = this.crew.at(random());
      const further = random() * this.hardships.lease;
      if (!this.#isOver && worker.hasBegun && !worker.isFrozen)
        suspended.push(this.#suspend(worker, further));
    }
    await Promise.all(suspended);
  }

  async #suspend(worker: Worker, further: number): Promise<void> {
    worker.freeze();
    // Longer than its lease, so that it is a zombie when it goes on.
    await pause(this.hardships.lease + tolerance + 500 + further);
    worker.free();
  }

  async #restartBroker(): Promise<void> {
    const begunAt = performance.now();
    for (const at of this.hardships.restartsAt) {
      await this.#pause(at - (performance.now() - begunAt));
      if (this.#isOver) return;
      this.ledger.add({ kind: 'down' });
      await this.running.restart();
      this.ledger.add({ kind: 'up' });
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await pause(Math.max(0, milliseconds), undefined, { signal: this.#over.signal }).catch(() => {});
  }
}
