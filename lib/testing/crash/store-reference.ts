import type { IdempotencyRecord } from '../../record/persistence-store.js';

/** What a store has to do, without promises and in the fewest words. */
export class StoreReference {
  holder: IdempotencyRecord | undefined;

  claim(record: IdempotencyRecord, now: number): IdempotencyRecord {
    if (!this.holder || this.holder.expiresAt <= now) this.holder = record;
    return this.holder;
  }

  replace(record: IdempotencyRecord, token: string): IdempotencyRecord | undefined {
    if (this.holder?.token === token) this.holder = record;
    return this.holder;
  }

  find(): IdempotencyRecord | undefined {
    return this.holder;
  }
}
