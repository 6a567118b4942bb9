import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOrder } from './load-worker.js';

const program = fileURLToPath(new URL('./load-worker.js', import.meta.url));

/** Load from a process of its own. */
export class WorkerLoad {
  readonly #child: ChildProcess;
  /** Resolves to how it ended, and what it printed. */
  readonly #ended: Promise<{ readonly code: number | string; readonly said: string }>;

  private constructor(readonly worker: string) {
    this.#child = fork(program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    this.#child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => ({ code: code ?? signal, said }));
  }

  /** Resolves when it is connected to its store and begins. */
  static async start(order: Omit<Extract<LoadOrder, { kind: 'begin' }>, 'kind'>): Promise<WorkerLoad> {
    const load = new WorkerLoad(order.worker);
    const failed = load.#ended.then(({ said }) => Promise.reject(new Error(said)));
    // Afterwards the caller that stops it checks how it ended.
    failed.catch(() => {});
    const told = () => Promise.race([once(load.#child, 'message'), failed]);
    await told();
    load.#send({ kind: 'begin', ...order });
    await told();
    return load;
  }

  /** Lets it finish what it began. Resolves when the process has ended by itself. */
  stop() {
    if (this.#child.connected) this.#send({ kind: 'stop' });
    return this.#ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(order: LoadOrder): void {
    this.#child.send(order);
  }
}
