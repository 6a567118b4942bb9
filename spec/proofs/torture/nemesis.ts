import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../../support/random.js';
import type { Crew } from './crew.js';
import type { Ledger, StoreName } from './ledger.js';
import type { Aim, Network, RequestFate } from './network.js';
import type { Place } from './places.js';

const aims: readonly Aim[] = ['claims', 'outcomes', 'transactions'];
/** How long something waits for a request that it can happen to, in milliseconds. */
const longestWait = 3_000;
/** Longer than a caller is kept waiting for its outcome to be recorded: some completions are given up. */
const longOutage = { from: 5_500, to: 8_000 };

/** What is done to one store and its workers until it is over. Chance decides, from a seed. */
export class Nemesis {
  readonly #over = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor(
    readonly store: StoreName,
    readonly place: Place,
    readonly crew: Crew,
    readonly ledger: Ledger,
    readonly lease: number,
    seed: number,
  ) {
    const [ofWorkers, ofServers] = [randomFrom(seed), randomFrom(seed + 1)];
    this.#ended = Promise.all([
      this.#repeat(ofWorkers, 2_500, () => this.#hitWorker(ofWorkers)),
      this.#repeat(ofServers, 2_000, () => this.#hitStore(ofServers)),
    ]);
    // The caller that ends it gets the error.
    this.#ended.catch(() => {});
  }

  /** Resolves when nothing is done any more, and all that was done is mended. Rejects where a server does not come back. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#ended;
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #repeat(random: () => number, about: number, hit: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await this.#pause(about * (0.5 + random()));
      if (!this.#isOver) await hit();
    }
  }

  async #hitWorker(random: () => number): Promise<void> {
    const worker = this.crew.at(random());
    // One that is still starting has nothing to lose.
    if (!worker.hasBegun) return;
    if (random() < 0.55) return worker.kill('at any time');
    worker.freeze();
    // Longer than its lease, so that it is a zombie when it goes on.
    await this.#pause(this.lease * (1.2 + random()));
    worker.free();
  }

  async #hitStore(random: () => number): Promise<void> {
    const { server, network } = this.place;
    if (!server || !network) return this.#lockFile(random);
    const chance = random();
    if (chance < 0.2) return this.#restart(server, network, random);
    if (chance < 0.3) {
      network.cut();
      this.ledger.add({ kind: 'network', store: this.store, fate: 'cut', from: Date.now(), met: 1 });
      return;
    }
    const fate = chance < 0.5 ? 'lose' : chance < 0.65 ? 'swallow' : chance < 0.85 ? 'hold' : 'late';
    await this.#disturb(network, aims[Math.floor(random() * aims.length)] as Aim, fate, random);
  }

  async #restart(
    server: NonNullable<Place['server']>,
    network: Network,
    random: () => number,
  ): Promise<void> {
    this.ledger.add({ kind: 'down', store: this.store });
    await server.kill();
    network.heal();
    const { from, to } = random() < 0.3 ? longOutage : { from: 0, to: 1_500 };
    await this.#pause(from + random() * (to - from));
    await server.restart();
    this.ledger.add({ kind: 'up', store: this.store });
  }

  async #disturb(network: Network, aim: Aim, fate: RequestFate, random: () => number): Promise<void> {
    const from = Date.now();
    // A lost message delays no call for long.
    const count = 1 + Math.floor(random() * (fate === 'lose' ? 8 : 3));
    network.next(aim, fate, count);
    for (let waited = 0; network.met < count && waited < longestWait && !this.#isOver; waited += 50)
      await this.#pause(50);
    if (fate !== 'lose') await this.#pause(this.lease * (1.1 + random() / 2));
    const { met } = network;
    await network.deliver();
    network.heal();
    this.ledger.add({ kind: 'network', store: this.store, fate, from, met });
  }

  async #lockFile(random: () => number): Promise<void> {
    const from = Date.now();
    const unlock = this.place.lock?.();
    if (!unlock) return;
    await this.#pause(this.lease * (0.2 + random() * 1.3));
    unlock();
    this.ledger.add({ kind: 'network', store: this.store, fate: 'lock', from, met: 1 });
  }

  /** What is done is cut short when all is over. */
  async #pause(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.#over.signal }).catch(() => {});
  }
}
