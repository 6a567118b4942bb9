import { dropMemoryOf } from '../../process/store-memory.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';

interface Entry {
  readonly token: string;
  readonly expiresAt: number;
  readonly state: string;
}

/** A claim adds at most one record. So with two checks a round ends after at most as many claims as there are records. */
const CHECKS_PER_CLAIM = 2;

/**
 * Keeps records in this process: for tests, for a first try, and for work that one process does alone.
 * Each claim checks two records and deletes those that have expired, so that every expired record is deleted in time.
 * The record of an unknown outcome that `onAbandoned` does not run again stays until it is resolved, or for `unresolvedTtl`.
 */
export class InMemoryStore implements PersistenceStore {
  readonly #entries = new Map<string, Entry>();
  /** Visits each record, also those that are added meanwhile. */
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

  /** How many records are kept now, including expired ones that have not been deleted yet. */
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

  // Claims sweep, not a timer: an unused store costs nothing and keeps no process alive. Each claim sweeps a little,
  // because a loop over a million records would block the process.
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

// The state is kept as text, so that a later change to an argument or to a returned record does not reach the store.
function revive(key: string, { token, expiresAt, state }: Entry): IdempotencyRecord {
  return { key, token, expiresAt, state: JSON.parse(state) };
}
