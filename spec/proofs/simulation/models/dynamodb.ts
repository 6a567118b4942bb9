import type { Completion } from 'retrysafe';
import type { Host } from '../clock.js';
import { Database, type Version } from '../database.js';
import type { StoreModel } from '../store-model.js';
import { mixed } from '../weather.js';

const GRACE = 900_000;

/** A table with TTL, behind an SDK that repeats requests. */
class DynamoDBTable extends Database {
  /** What became of a transaction, by the token of its request: DynamoDB recognises a repeated one. */
  readonly #transactions = new Map<Completion, boolean>();

  override commit(completion: Completion, by: Host): boolean {
    const known = this.#transactions.get(completion);
    if (known !== undefined) {
      this.witness.counted('repeated transaction');
      return known;
    }
    const isDone = super.commit(completion, by);
    // One that was cancelled is tried as if it were new.
    if (isDone) this.#transactions.set(completion, isDone);
    return isDone;
  }

  /** TTL deletes in its own time: from a quarter of an hour after the record's expiry on, up to two days later. */
  protected override deletesAt({ record, at }: Version): number {
    if (!record) return Number.POSITIVE_INFINITY;
    const idle = [0, 60_000, 3_600_000, 172_800_000][mixed(at) % 4] as number;
    return record.expiresAt + GRACE + idle;
  }
}

export const dynamodb: StoreModel = {
  name: 'dynamodb',
  about:
    'as `atomic`, with reads that lag one or two versions unless they are consistent, TTL that deletes 15 minutes or more after the expiry, an SDK that sends a request twice, and transactions that are recognised when they are',
  faults: ['refused', 'request lost', 'answer lost', 'answer never comes', 'sent twice', 'sent twice'],
  acts: [],
  transactions: 'one request',
  hasStaleReads: true,
  hasNotices: false,
  features: ['stale read', 'deleted record', 'committed transaction', 'repeated transaction'],
  create: (clock, witness) => new DynamoDBTable(clock, witness),
};
