import { Database, type Version } from '../database.js';
import type { StoreModel } from '../store-model.js';

const GRACE = 900_000;

/** A server whose replica lags behind. */
class RedisServer extends Database {
  /** A length of time from the write on, by the clock of the writer. */
  protected override deletesAt({ record, at, by }: Version): number {
    return record ? at + (record.expiresAt - (at + by.skew)) + GRACE : Number.POSITIVE_INFINITY;
  }

  /** The replica has everything but what was written in the last milliseconds. */
  override failOver(loses: number): void {
    const since = this.clock.now - loses;
    for (const key of this.keys) {
      const versions = this.versions(key);
      if ((versions.at(-1)?.at ?? 0) <= since) continue;
      const kept = versions.findLast(({ at }) => at <= since);
      this.put('failover', key, kept?.record, kept?.by ?? this.host);
    }
  }
}

export const redis: StoreModel = {
  name: 'redis',
  about:
    "as `atomic` without transactions, with the server's own expiry 15 minutes after the record's, clients that send a command twice, notices that are late or lost, listeners that break, and failovers that lose the last second's writes",
  faults: ['refused', 'request lost', 'answer lost', 'answer never comes', 'sent twice'],
  acts: ['failover', 'lost notices', 'broken listener'],
  transactions: 'none',
  hasStaleReads: false,
  hasNotices: true,
  features: [
    'deleted record',
    'lost write',
    'notice',
    'lost notice',
    'another run after: write lost by the database',
  ],
  create: (clock, witness) => new RedisServer(clock, witness),
};
