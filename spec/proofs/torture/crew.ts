import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ledger } from './ledger.js';
import type { Order } from './worker.js';

const program = fileURLToPath(new URL('./worker.js', import.meta.url));
/** How long a worker may take to end by itself, in milliseconds. */
const endLimit = 120_000;

/** One worker process. */
export class Worker {
  readonly #child: ChildProcess;
  /** Resolves when it has ended, to the signal that ended it, if any, and whether it ended as it should. */
  readonly ended: Promise<{
    readonly signal: string | null;
    readonly isWell: boolean;
    readonly said: string;
  }>;
  readonly #ready: Promise<unknown>;
  /** Whether it has begun to call its operations. */
  hasBegun = false;

  constructor(
    readonly order: Order,
    readonly ledger: Ledger,
  ) {
    this.#child = fork(program, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    let said = '';
    this.#child.stderr?.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
    });
    // A message may meet a process that is being killed.
    this.#child.on('error', () => {});
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ signal, isWell: code === 0, said }));
    this.#ready = Promise.race([this.#begin(), this.ended]);
  }

  kill(where: string): void {
    this.ledger.add({ kind: 'killed', worker: this.order.worker, where });
    this.destroy();
  }

  /** Has it do nothing until `freed`. */
  freeze(): void {
    this.ledger.add({ kind: 'stopped', worker: this.order.worker });
    this.#child.kill('SIGSTOP');
  }

  free(): void {
    this.#child.kill('SIGCONT');
    this.ledger.add({ kind: 'continued', worker: this.order.worker });
  }

  /** Resolves when it has begun to call its operations, or has ended. */
  async begun(): Promise<void> {
    await this.#ready;
  }

  /** Lets it end its calls. Resolves when it has ended. */
  async dismiss(): Promise<void> {
    await this.#ready;
    this.#send('stop');
    await this.end();
  }

  /** Resolves when it has ended, which takes no longer than `endLimit`. */
  async end(): Promise<void> {
    const limit = setTimeout(() => {
      this.ledger.add({
        kind: 'crashed',
        worker: this.order.worker,
        said: `it did not end in ${endLimit} ms`,
      });
      this.destroy();
    }, endLimit);
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
