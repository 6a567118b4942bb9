import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Deferred, defer } from './defer.js';
import type { Asked, End, Hold, ToldByVersion, VersionJob } from './version-worker.js';

const program = new URL('./version-worker.js', import.meta.url);

/** A call of a version: how it runs, if it does, and how it ends for its caller. */
export interface VersionCall {
  /** Resolves to the attempt when its method runs. */
  readonly running: Promise<number>;
  readonly ended: Promise<End>;
  /** Ends its method. */
  end(how?: 'returns' | 'fails'): void;
}

/** One version of the library, in a thread of its own: it has its own global object, and dies alone. */
export class VersionProcess {
  readonly #worker: Worker;
  readonly #ends = new Map<number, Deferred<End>>();
  readonly #runs = new Map<string, Deferred<number>>();
  #met = defer<string>();
  #count = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (told: ToldByVersion) => this.#hear(told));
    worker.on('error', (error) => {
      for (const end of this.#ends.values()) end.reject(error);
    });
  }

  static async start(job: VersionJob): Promise<VersionProcess> {
    const worker = new Worker(program, { workerData: job });
    await once(worker, 'message');
    return new VersionProcess(worker);
  }

  call(hold: Hold): VersionCall {
    const running = defer<number>();
    this.#runs.set(hold.transactionId, running);
    const ended = this.#ask((id) => ({ kind: 'call', id, hold }));
    return {
      running: running.promise,
      ended,
      end: (how = 'returns') =>
        this.#post({ kind: 'end', transactionId: hold.transactionId, isFailure: how === 'fails' }),
    };
  }

  /** Calls, and ends the method as soon as it runs. */
  async run(hold: Hold, how?: 'returns' | 'fails'): Promise<End> {
    const call = this.call(hold);
    void call.running.then(() => call.end(how));
    return call.ended;
  }

  forget(hold: Hold): Promise<End> {
    return this.#ask((id) => ({ kind: 'forget', id, hold }));
  }

  /** Resolves to the status of the next record of another call that a claim meets. */
  get meeting(): Promise<string> {
    this.#met = defer();
    return this.#met.promise;
  }

  /** Suspends the whole thread until the returned function is called. */
  suspend(): () => void {
    const word = new Int32Array(new SharedArrayBuffer(4));
    this.#post({ kind: 'suspend', word });
    return () => {
      Atomics.store(word, 0, 1);
      Atomics.notify(word, 0);
    };
  }

  /** Ends the thread in the middle of whatever it does. */
  async die(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(make: (id: number) => Asked): Promise<End> {
    this.#count += 1;
    const end = defer<End>();
    this.#ends.set(this.#count, end);
    this.#post(make(this.#count));
    return end.promise;
  }

  #post(asked: Asked): void {
    this.#worker.postMessage(asked);
  }

  #hear(told: ToldByVersion): void {
    if (told.kind === 'running') this.#runs.get(told.transactionId)?.resolve(told.attempt);
    else if (told.kind === 'met') this.#met.resolve(told.status);
    else if (told.kind === 'ended') this.#ends.get(told.id)?.resolve(told.end);
  }
}
