import {
  type Completion,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  type PersistenceStore,
} from 'retrysafe';
import { deployable, restOfTurn } from '../../support/deployment.js';
import { PassingTime, type Quietable } from '../../support/passing-time.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import type { Process } from './processes.js';

// Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on. A store call is given up after 2 s.
const options = { lease: 6, clockTolerance: 1, wait: 10, ttl: 60 } as const satisfies IdempotentOptions;

/** What the processes have sent, and are waiting for. */
class Traffic implements Quietable {
  #underWay = 0;

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  async quiet(): Promise<void> {
    for (let calmTurns = 0; calmTurns < 5; calmTurns = this.#underWay > 0 ? 0 : calmTurns + 1) {
      // What an answer leads to may be sent a few turns later.
      await restOfTurn();
    }
  }

  watch(store: PersistenceStore): PersistenceStore {
    return {
      claim: (record, now) => this.during(() => store.claim(record, now)),
      replace: (record, token) => this.during(() => store.replace(record, token)),
      find: (key, how) => this.during(() => store.find(key, how)),
    };
  }
}

/** A process in a spec, whose answers the spec may lose. */
export interface Actor {
  readonly store: ScriptedStore;
  readonly commit: (id: string, completion: Completion) => Promise<void>;
}

/** Two processes that have one operation, in a time that passes as the spec says. */
export class Stage {
  readonly here: Actor;
  readonly elsewhere: Actor;
  readonly time: PassingTime;
  /** The runs of the method, in all processes. */
  readonly runs: string[] = [];
  /** Of the last run. */
  key = '';
  readonly #traffic = new Traffic();
  readonly #records: PersistenceStore;
  readonly #operation = deployable(options);

  constructor(here: Process, elsewhere: Process) {
    this.here = this.#actor(here);
    this.elsewhere = this.#actor(elsewhere);
    this.#records = elsewhere.store;
    this.time = new PassingTime(this.#traffic);
  }

  /** A method that notes that it ran, and ends as `end` does. */
  method(end: () => Promise<unknown> = async () => `run ${this.runs.length}`): () => Promise<unknown> {
    return async () => {
      const { key, attempt } = currentExecution();
      this.key = key;
      this.runs.push(`attempt ${attempt}`);
      return end();
    };
  }

  /** A call that goes on while the spec does something else. */
  begin(at: Actor, method = this.method(), more: IdempotentOptions = {}): Promise<unknown> {
    const answer = this.operation(at, method, more)('a');
    answer.catch(() => {});
    return answer;
  }

  /** A call, and its answer. */
  call(at: Actor, method?: () => Promise<unknown>, more?: IdempotentOptions): Promise<unknown> {
    return this.time.until(this.begin(at, method, more));
  }

  operation({ store }: Actor, method = this.method(), more: IdempotentOptions = {}) {
    return this.#operation(store, method, more);
  }

  /** What really stands under the key. */
  standing(): Promise<IdempotencyRecord | undefined> {
    return this.#records.find(this.key, { consistent: true });
  }

  /** A process that claims the key and dies in the middle of its work; its claim can be taken over afterwards. */
  async abandon(): Promise<void> {
    const dying = new ScriptedStore(this.elsewhere.store.inner).always('replace', 'hang');
    this.begin(
      { ...this.elsewhere, store: dying },
      this.method(() => new Promise(() => {})),
    );
    await this.time.pass(7_100);
  }

  #actor({ store, commit }: Process): Actor {
    return {
      store: new ScriptedStore(this.#traffic.watch(store)),
      commit: (id, completion) =>
        this.#traffic.during(async () => {
          if (!commit) throw new TypeError('this store cannot complete in a transaction');
          await commit(id, completion);
        }),
    };
  }
}
