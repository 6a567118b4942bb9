import { dropMemoryOf } from '../../process/store-memory.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';

interface Entry {
  readonly token: string;
  readonly expiresAt: number;
  readonly state: string;
}

/** A claim adds one record at most, so that with two looks a round ends after as many claims as there are records. */
const LOOKS_PER_CLAIM = 2;

/**
 * Keeps records in this process: for tests, for the first steps, and for work that one process does alone.
 * Expired records leave by themselves: each claim looks at a few, and so all claims together again and again at all. What
 * nobody knows, and `onAbandoned` does not run again, stays until it is resolved or for `unresolvedTtl`.
 */
export class InMemoryStore implements PersistenceStore {
  readonly #entries = new Map<string, Entry>();
  /** Goes through the records, those included that come while it does. */
  #round = this.#entries.entries();

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    this.#sweep(now);
    const holder = this.#entries.get(record.key);
    if (holder && holder.expiresAt > now) return revive(record.key, holder);
    return this.#keep(record);
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const holder = this.#entries.get(record.key);
    if (holder?.token === token) return this.#keep(record);
    return holder && revive(record.key, holder);
  }

  async find(key: string): Promise<IdempotencyRecord | undefined> {
    const holder = this.#entries.get(key);
    return holder && revive(key, holder);
  }

  /** How many records are kept just now, expired ones that have not been swept yet included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The records that are kept just now, as copies, for a test to look at: those too that have expired and were not swept yet. */
  records(): readonly IdempotencyRecord[] {
    return [...this.#entries].map(([key, entry]) => revive(key, entry));
  }

  /**
   * Drops every record, and what this process keeps or joins of them, as between two tests. A call that is running loses its
   * claim.
   */
  clear(): void {
    this.#entries.clear();
    this.#round = this.#entries.entries();
    dropMemoryOf(this);
  }

  #keep({ key, token, expiresAt, state }: IdempotencyRecord): IdempotencyRecord {
    const entry = { token, expiresAt, state: JSON.stringify(state) };
    this.#entries.set(key, entry);
    return revive(key, entry);
  }

  // By claims and not by a timer: a store that nobody uses costs nothing and keeps no process alive. And a little at each
  // of them: a look at a million records takes a long pause.
  #sweep(now: number): void {
    for (let looks = 0; looks < LOOKS_PER_CLAIM; looks += 1) {
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

// Kept as text, so that nobody's later change to a state or an answer reaches the store.
function revive(key: string, { token, expiresAt, state }: Entry): IdempotencyRecord {
  return { key, token, expiresAt, state: JSON.parse(state) };
}
