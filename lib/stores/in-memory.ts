import type { IdempotencyRecord, PersistenceStore } from '../persistence-store.js';

interface Entry {
  readonly token: string;
  readonly expiresAt: number;
  readonly state: string;
}

/**
 * Keeps records in this process: for tests, for the first steps, and for work that one process does alone.
 * Expired records leave by themselves, a sweep of all of them after as many claims as there are records.
 */
export class InMemoryStore implements PersistenceStore {
  readonly #entries = new Map<string, Entry>();
  #claimsUntilSweep = 1_024;

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

  #keep({ key, token, expiresAt, state }: IdempotencyRecord): IdempotencyRecord {
    const entry = { token, expiresAt, state: JSON.stringify(state) };
    this.#entries.set(key, entry);
    return revive(key, entry);
  }

  // Swept by claims and not by a timer: a store that nobody uses costs nothing and keeps no process alive.
  #sweep(now: number): void {
    this.#claimsUntilSweep -= 1;
    if (this.#claimsUntilSweep > 0) return;
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAt <= now) this.#entries.delete(key);
    }
    this.#claimsUntilSweep = Math.max(1_024, this.#entries.size);
  }
}

// Kept as text, so that nobody's later change to a state or an answer reaches the store.
function revive(key: string, { token, expiresAt, state }: Entry): IdempotencyRecord {
  return { key, token, expiresAt, state: JSON.parse(state) };
}
