import { ClaimLostError, ConfigurationError } from '../../errors.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { checkLimit } from '../shared/checked-options.js';
import { Notices } from '../shared/notices.js';
import { DEFAULT_TABLE, type RemoveExpiredOptions } from '../shared/sql-tables.js';
import { checkedCompletion, GRACE, recordOf, stateText } from '../shared/stored-record.js';
import { wrapperFor } from './clients/bare-clients.js';
import { isClient, isInTransaction, type PostgresClient, type Row, rowsOf } from './postgres-client.js';
import { explained, LARGEST_STATE } from './postgres-faults.js';
import { messageOf, TableNotices } from './postgres-listener.js';
import { checkPostgresOptions, type PostgresStoreOptions } from './postgres-options.js';
import { noticeOf, type Statements, statementsFor } from './postgres-statements.js';

/**
 * Keeps records in a table of PostgreSQL, one row each. Every operation is one statement, decided by the database at
 * READ COMMITTED, its default.
 */
export class PostgresStore implements PersistenceStore {
  /** Tells a waiting call of this process what other processes did. Only with the option `listener`. */
  declare readonly changed?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #client: PostgresClient;
  readonly #table: string;
  readonly #statements: Statements;
  readonly #tells: boolean;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: PostgresStoreOptions) {
    checkPostgresOptions(options);
    const { client, table = DEFAULT_TABLE, listener } = options;
    this.#client = client;
    this.#table = table;
    this.#tells = listener !== undefined;
    this.#statements = statementsFor(table, this.#tells);
    if (!listener) return;
    const notices = new Notices((receiver) => new TableNotices(listener, table, receiver));
    this.changed = (key, signal) => notices.changed(key, signal);
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const [row] = await this.#ask(this.#statements.claim, [...this.#valuesOf(record), now, now, now]);
    return this.#holder(record, row) as IdempotencyRecord;
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.#ask(this.#statements.replace, this.#following(record, token));
    return this.#holder(record, row);
  }

  /** Always consistent where the client asks the primary. */
  async find(key: string): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.#ask(this.#statements.find, [key]);
    return row && this.#recordOf(key, row);
  }

  /**
   * Completes a call in the application's own transaction, which is open on `tx`: both are done or neither.
   *
   * @throws {ClaimLostError} where the claim is gone: let it throw, so that the transaction rolls back.
   * @param tx The client on which the transaction is open; or what a `from…` function makes of a library's transaction.
   * @throws {ConfigurationError} where it gets no completion, or a client on which no transaction is open, if that tells.
   */
  async complete(tx: PostgresClient, completion: Completion): Promise<void> {
    const where = 'PostgresStore: complete()';
    const wrapper = wrapperFor(tx);
    if (wrapper) {
      throw new ConfigurationError(
        `${where} does not take a transaction of that library as it is; hand over (${wrapper.transaction}, completion), imported from retrysafe/postgres`,
      );
    }
    if (!isClient(tx) || isInTransaction(tx) === false || tx === this.#client) {
      throw new ConfigurationError(
        `${where} needs the client on which the transaction is open, not a pool, nor the client that the store itself uses; hand over (tx, completion)`,
      );
    }
    const { record, token } = checkedCompletion(where, completion);
    const rows = await this.#ask(this.#statements.complete, this.#following(record, token), tx);
    if (rows.length > 0) return;
    throw new ClaimLostError(
      `${where} changed nothing, since the claim on ${record.key} is gone, or was completed before; roll the transaction back`,
      { key: record.key },
    );
  }

  /**
   * Removes records that expired more than 15 minutes ago, the oldest first and at most `limit` (1,000), and resolves
   * to how many: to be repeated while it is `limit`. Never needed for being right, but the table grows without it.
   *
   * @throws {ConfigurationError} for a wrong option.
   */
  async removeExpired({ limit = 1_000 }: RemoveExpiredOptions = {}): Promise<number> {
    checkLimit('PostgresStore: removeExpired()', limit);
    const [row] = await this.#ask(this.#statements.removeExpired, [Date.now() - GRACE, limit]);
    return Number(row?.removed);
  }

  #valuesOf(record: IdempotencyRecord): (string | number)[] {
    const { key, token, expiresAt } = record;
    return [key, token, expiresAt, stateText('PostgresStore', record, LARGEST_STATE)];
  }

  #following(record: IdempotencyRecord, token: string): (string | number)[] {
    const notice = this.#tells ? noticeOf(this.#table, messageOf(record.key)) : [];
    return [...this.#valuesOf(record), token, ...notice];
  }

  async #ask(
    text: string,
    values: readonly (string | number)[],
    client = this.#client,
  ): Promise<readonly Row[]> {
    if (client === this.#client && isInTransaction(client)) {
      throw new ConfigurationError(
        "PostgresStore: a transaction is open on the store's client, and what is written now would be undone with it; give the store a pool, or a client that nothing else uses",
      );
    }
    try {
      return await rowsOf(client, text, values);
    } catch (fault) {
      throw explained(fault, this.#table, client !== this.#client);
    }
  }

  #holder(record: IdempotencyRecord, row: Row | undefined): IdempotencyRecord | undefined {
    if (row?.token === record.token) return structuredClone(record);
    return row && this.#recordOf(record.key, row);
  }

  #recordOf(key: string, { token, expiresAt, state }: Row): IdempotencyRecord {
    return recordOf('PostgresStore', key, { token, expiresAt, state });
  }
}
