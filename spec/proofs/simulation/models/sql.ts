import { ClaimLostError, type Completion, type IdempotencyRecord } from 'retrysafe';
import type { Host } from '../clock.js';
import { Database, textOf } from '../database.js';
import type { StoreModel } from '../store-model.js';

const GRACE = 900_000;
/** `statement_timeout` and `idle_in_transaction_session_timeout`, as the document sets them. */
const STATEMENT = 1_000;
const IDLE = 10_000;

/** A server on which a transaction holds the row of the key that it completes. */
export class SqlServer extends Database {
  readonly #transactions = new Map<string, OpenTransaction>();

  override async claim(record: IdempotencyRecord, now: number, by: Host): Promise<IdempotencyRecord> {
    await this.#rowOf(record.key);
    return super.claim(record, now, by);
  }

  override async replace(
    record: IdempotencyRecord,
    token: string,
    by: Host,
  ): Promise<IdempotencyRecord | undefined> {
    await this.#rowOf(record.key);
    return super.replace(record, token, by);
  }

  /** Completes within a transaction, which holds the row until it ends. */
  async begin(completion: Completion, by: Host): Promise<OpenTransaction> {
    const { key } = completion.record;
    await this.#rowOf(key);
    if (this.standing(key)?.record?.token !== completion.token) throw new ClaimLostError('the claim is lost');
    textOf(completion.record);
    const transaction = new OpenTransaction(
      () => super.commit(completion, by),
      () => this.#transactions.delete(key),
    );
    this.#transactions.set(key, transaction);
    this.clock.schedule(this.host, IDLE, () => transaction.end('rolled back'));
    return transaction;
  }

  /** Removes what has expired a quarter of an hour ago. */
  override sweep(): void {
    for (const key of this.keys) {
      const record = this.standing(key)?.record;
      if (record && record.expiresAt + GRACE <= this.clock.now && !this.#transactions.has(key))
        this.put('deletion', key, undefined, this.host);
    }
  }

  async #rowOf(key: string): Promise<void> {
    const until = this.clock.now + STATEMENT;
    for (let open = this.#transactions.get(key); open; open = this.#transactions.get(key)) {
      this.witness.counted('wait for a row');
      const { ended } = open;
      const isFree = await new Promise<boolean>((resolve) => {
        ended.then(() => resolve(true));
        this.clock.schedule(this.host, until - this.clock.now, () => resolve(false));
      });
      if (!isFree) throw new Error('canceling statement due to statement timeout');
    }
  }
}

/** A transaction that has completed its key and not ended yet. */
export class OpenTransaction {
  readonly ended: Promise<void>;
  #state: 'open' | 'committed' | 'rolled back' = 'open';
  readonly #resolve: () => void;

  constructor(
    readonly write: () => void,
    readonly unlock: () => void,
  ) {
    let end = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#resolve = end;
  }

  get isCommitted(): boolean {
    return this.#state === 'committed';
  }

  /** Ends it, unless it has ended. Returns how it ended. */
  end(how: 'committed' | 'rolled back'): 'committed' | 'rolled back' {
    if (this.#state === 'open') {
      this.#state = how;
      this.unlock();
      if (how === 'committed') this.write();
      this.#resolve();
    }
    return this.#state as 'committed' | 'rolled back';
  }
}

export const sql: StoreModel = {
  name: 'sql',
  about:
    'as `atomic`, with transactions of several statements that hold the row until COMMIT, whose answer may be lost, or until the server gives them up; statements that time out at a row; notices that are late or lost; and sweeps',
  faults: ['refused', 'request lost', 'answer lost', 'answer never comes'],
  acts: ['sweep', 'lost notices', 'broken listener'],
  transactions: 'statements',
  hasStaleReads: false,
  hasNotices: true,
  features: [
    'deleted record',
    'wait for a row',
    'committed transaction',
    'lost COMMIT',
    'notice',
    'lost notice',
  ],
  create: (clock, witness) => new SqlServer(clock, witness),
};
