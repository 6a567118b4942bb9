import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a torture notes of the processes that work for it. */
interface WorkerNotes {
  add(
    line:
      | { readonly kind: 'stopped' | 'continued'; readonly worker: string }
      | { readonly kind: 'crashed'; readonly worker: string; readonly said: string },
  ): void;
}

/** How a worker process ended. */
export interface WorkerEnd {
  /** The signal that ended it, if any. */
  readonly signal: string | null;
  readonly isWell: boolean;
  /** The last of what it wrote about its errors. */
  readonly said: string;
}

/**
 * A worker process of a torture. Its program says that it is ready, is sent its order, says that it has begun, and ends when it is
 * sent `stop`.
 */
export class ForkedWorker<Order extends { readonly worker: string }, Notes extends WorkerNotes> {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  /** Resolves when it has ended. */
  readonly ended: Promise<WorkerEnd>;
  /** Whether it has begun to work. */
  hasBegun = false;
  isFrozen = false;

  /** @param endLimit How long it may take to end by itself, in milliseconds. */
  constructor(
    program: URL,
    readonly order: Order,
    readonly ledger: Notes,
    readonly endLimit: number,
  ) {
    this.#child = fork(fileURLToPath(program), {
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

  /** Has it do nothing until it is freed. */
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

  /** Resolves when it has begun to work, or has ended. */
  async begun(): Promise<void> {
    await this.#ready;
  }

  /** Lets it end what it has. Resolves when it has ended. */
  async dismiss(): Promise<void> {
    await this.#ready;
    this.#send('stop');
    await this.end();
  }

  /** Resolves when it has ended, which takes no longer than `endLimit`. */
  async end(): Promise<void> {
    const { worker } = this.order;
    const limit = setTimeout(() => {
      this.ledger.add({ kind: 'crashed', worker, said: `it did not end in ${this.endLimit} ms` });
      this.destroy();
    }, this.endLimit);
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
