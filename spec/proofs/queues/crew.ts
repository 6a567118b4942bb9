import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ledger } from './ledger.js';
import type { Order } from './worker.js';

const program = fileURLToPath(new URL('./worker.js', import.meta.url));
/** How long a worker may take to end by itself, in milliseconds. */
const endLimit = 20_000;

/** What is the same for all workers. */
export type Orders = Omit<Order, 'worker'>;

/** One worker process. */
export class Worker {
  readonly #child: ChildProcess;
  /** Resolves when it has ended: to the signal that ended it, if any, and whether it ended as it should. */
  readonly ended: Promise<{
    readonly signal: string | null;
    readonly isWell: boolean;
    readonly said: string;
  }>;
  /** Whether it has begun to consume. */
  hasBegun = false;
  isFrozen = false;

  constructor(
    readonly order: Order,
    readonly ledger: Ledger,
  ) {
    this.#child = fork(program, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps'],
    });
    let said = '';
    this.#child.stderr?.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
    });
    // A message may meet a process that is being killed.
    this.#child.on('error', () => {});
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ signal, isWell: code === 0, said }));
    void this.#begin();
  }

  kill(): void {
    this.ledger.add({ kind: 'killed', worker: this.order.worker, by: 'nemesis' });
    this.destroy();
  }

  /** Has it do nothing until `free`. */
  freeze(): void {
    this.ledger.add({ kind: 'stopped', worker: this.order.worker });
    this.#child.kill('SIGSTOP');
    this.isFrozen = true;
  }

  free(): void {
    this.#child.kill('SIGCONT');
    this.isFrozen = false;
    this.ledger.add({ kind: 'continued', worker: this.order.worker });
  }

  /** Lets it end what it has. Resolves when it has ended, which takes no longer than `endLimit`. */
  async dismiss(): Promise<void> {
    const { worker } = this.order;
    const limit = setTimeout(() => {
      this.ledger.add({ kind: 'crashed', worker, said: `it did not end in ${endLimit} ms` });
      this.destroy();
    }, endLimit);
    this.#send('stop');
    await this.ended;
    clearTimeout(limit);
  }

  destroy(): void {
    this.#child.kill('SIGKILL');
  }

  async #begin(): Promise<void> {
    await once(this.#child, 'message');
    this.#send(this.order);
    await once(this.#child, 'message');
    this.hasBegun = true;
  }

  #send(message: Order | 'stop'): void {
    if (this.#child.connected) this.#child.send(message, () => {});
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
