import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defer } from './defer.js';
import type { Answer, Job, Told } from './store-worker.js';

const program = fileURLToPath(new URL('./store-worker.js', import.meta.url));

/** What becomes of a worker that is in the middle of a run. */
export type Fate = 'lives' | 'is killed' | { readonly isKilledAfter: number };

/** One of the places that workers have: the worker that is there now, and what it and those before it got. */
interface Place {
  readonly answers: Map<string, Answer>;
  readonly keys: readonly string[];
  worker: number;
  child: ChildProcess;
}

/** Worker processes that all do the same. Where one is killed, a new one goes on with the keys that are left. */
export class Fleet {
  /** The numbers of those that were killed. */
  readonly killed = new Set<number>();
  readonly #places: Place[] = [];
  readonly #ready = new Set<Place>();
  readonly #done = defer();
  #started = 0;
  #hasEnded = false;

  constructor(
    readonly size: number,
    readonly job: Omit<Job, 'worker'>,
    /** Asked in the middle of each run. */
    readonly fateOf: () => Fate = () => 'lives',
  ) {}

  /** Resolves to what each place got for its keys. */
  async run(): Promise<ReadonlyMap<string, Answer>[]> {
    try {
      for (let count = 0; count < this.size; count += 1) {
        // Half of them begin at the end.
        const keys = count % 2 ? [...this.job.keys].reverse() : this.job.keys;
        this.#places.push(this.#start({ answers: new Map(), keys } as Place));
      }
      await this.#done.promise;
      return this.#places.map(({ answers }) => answers);
    } finally {
      this.#hasEnded = true;
      for (const { child } of this.#places) child.kill('SIGKILL');
    }
  }

  #start(place: Place): Place {
    this.#started += 1;
    const worker = this.#started;
    const child = fork(program, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    child.on('message', (told: Told) => {
      if (!this.killed.has(worker)) this.#hear(place, told);
    });
    child.on('error', this.#done.reject);
    child.once('exit', (code, signal) => {
      if (this.#hasEnded) return;
      if (this.killed.has(worker)) this.#start(place);
      else if (code !== 0)
        this.#done.reject(new Error(`worker ${worker} ended by ${code ?? signal}: ${said}`));
    });
    return Object.assign(place, { worker, child });
  }

  #hear(place: Place, told: Told): void {
    switch (told.kind) {
      case 'ready':
        this.#ready.add(place);
        // The first of them begin together.
        if (this.#started === this.size && this.#ready.size < this.size) break;
        for (const ready of this.#ready) this.#begin(ready);
        this.#ready.clear();
        break;
      case 'running':
        this.#decide(place, told.key);
        break;
      case 'answered':
        place.answers.set(told.answer.key, told.answer);
        if (this.#isDone(place)) place.child.disconnect();
        if (this.#places.every((one) => this.#isDone(one))) this.#done.resolve();
    }
  }

  #begin({ child, worker, keys, answers }: Place): void {
    child.send({ ...this.job, worker, keys: keys.filter((key) => !answers.has(key)) });
  }

  #decide(place: Place, key: string): void {
    const { worker, child } = place;
    const fate = this.fateOf();
    const kill = () => {
      if (this.#isDone(place) || place.worker !== worker) return;
      this.killed.add(worker);
      child.kill('SIGKILL');
    };
    if (fate === 'is killed') {
      kill();
      return;
    }
    child.send(key);
    if (fate !== 'lives') setTimeout(kill, fate.isKilledAfter);
  }

  #isDone({ answers, keys }: Place): boolean {
    return answers.size === keys.length;
  }
}
