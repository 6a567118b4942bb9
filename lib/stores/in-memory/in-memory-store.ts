import { dropMemoryOf } from '../../process/store-memory.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';

interface Entry {
  readonly token: string;
  readonly expiresAt: number;
  readonly state: string;
}

/** The operations of the store without promises. What they write they return as it is. */
interface SynchronousSteps {
  readonly claim: (record: IdempotencyRecord, now: number) => IdempotencyRecord;
  readonly replace: (record: IdempotencyRecord, token: string) => IdempotencyRecord | undefined;
  readonly find: (key: string) => IdempotencyRecord | undefined;
}

let steps: (store: PersistenceStore) => SynchronousSteps | undefined;

/** Returns the operations of an `InMemoryStore` without promises, where nothing stands before its methods. */
export function stepsOf(store: PersistenceStore): SynchronousSteps | undefined {
  return steps(store);
}

/** A claim adds at most one record. With two checks, a round takes at most as many claims as there are records. */
const CHECKS_PER_CLAIM = 2;

/**
 * Stores records in the memory of this process: for tests, for a first try, and for work that only one process does.
 * Each claim checks two records and deletes those that have expired, so further claims delete every expired record.
 * If `onAbandoned` does not run an unknown outcome again, its record stays until it is resolved, or for `unresolvedTtl`.
 */
export class InMemoryStore implements PersistenceStore {
  readonly #entries = new Map<string, Entry>();
  /** Iterates over all records, including those that are added in the meantime. */
  #round = this.#entries.entries();

  readonly #steps: SynchronousSteps = {
    claim: (record, now) => {
      this.#sweep(now);
      const holder = this.#entries.get(record.key);
      if (holder && holder.expiresAt > now) return revive(record.key, holder);
      return this.#write(record);
    },
    replace: (record, token) => {
      const holder = this.#entries.get(record.key);
      if (holder?.token === token) return this.#write(record);
      return holder && revive(record.key, holder);
    },
    find: (key) => {
      const holder = this.#entries.get(key);
      return holder && revive(key, holder);
    },
  };

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#copyOf(this.#steps.claim(record, now), record);
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#copyOf(this.#steps.replace(record, token), record);
  }

  async find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.#steps.find(key);
  }

  static {
    const { claim, replace, find } = InMemoryStore.prototype;
    steps = (store) => {
      // What stands before a method, such as an override, a spy or a proxy, must be called.
      const isBare =
        #steps in store && store.claim === claim && store.replace === replace && store.find === find;
      return isBare ? store.#steps : undefined;
    };
  }

  /** How many records the store has now, including expired ones that it has not deleted yet. */
  get size(): number {
    return this.#entries.size;
  }

  /** Returns copies of the present records, for tests. They include expired ones that the store has not deleted yet. */
  records(): readonly IdempotencyRecord[] {
    return [...this.#entries].map(([key, entry]) => revive(key, entry));
  }

  /**
   * Deletes every record, for example between two tests. This process also drops the outcomes that it keeps and the runs
   * that calls could join. A running call loses its claim.
   */
  clear(): void {
    this.#entries.clear();
    this.#round = this.#entries.entries();
    dropMemoryOf(this);
  }

  /** What was written is the argument itself, which its owner may change. */
  #copyOf<Holder extends IdempotencyRecord | undefined>(holder: Holder, written: IdempotencyRecord) {
    if (holder !== written) return holder;
    return revive(written.key, this.#entries.get(written.key) as Entry);
  }

  #write(record: IdempotencyRecord): IdempotencyRecord {
    const { key, token, expiresAt, state } = record;
    this.#entries.set(key, { token, expiresAt, state: JSON.stringify(state) });
    return record;
  }

  // Claims sweep instead of a timer. So an unused store costs nothing and keeps no process alive. Each claim checks only
  // a few records, because a loop over a million records would block the process.
  #sweep(now: number): void {
    for (let checks = 0; checks < CHECKS_PER_CLAIM; checks += 1) {
      const { value, done } = this.#round.next();
      if (done) {
        this.#round = this.#entries.entries();
        return;
      }
      const [key, { expiresAt }] = value;
      if (expiresAt <= now) this.#entries.delete(key);
    }
  }
}

// The state is stored as text, so that a later change to an argument or to a returned record does not change the store.
function revive(key: string, { token, expiresAt, state }: Entry): IdempotencyRecord {
  return { key, token, expiresAt, state: JSON.parse(state) };
}
