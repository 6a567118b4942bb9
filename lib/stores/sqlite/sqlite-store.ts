import { ClaimLostError, ConfigurationError } from '../../errors.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { checkLimit } from '../shared/checked-options.js';
import { DEFAULT_TABLE, type RemoveExpiredOptions } from '../shared/sql-tables.js';
import { checkedCompletion, GRACE, recordOf, type StoredFields, stateText } from '../shared/stored-record.js';
import { isInTransaction, type SqliteDatabase, type SqliteStatement } from './sqlite-database.js';
import { explained, LARGEST_STATE } from './sqlite-faults.js';
import { checkSqliteOptions, type SqliteStoreOptions } from './sqlite-options.js';
import { type Statements, statementsFor } from './sqlite-statements.js';

/**
 * Keeps records in a table of an SQLite database, one row each, for the processes of one machine. What it does is
 * synchronous inside; nobody else writes to the file meanwhile.
 */
export class SqliteStore implements PersistenceStore {
  readonly #database: SqliteDatabase;
  readonly #table: string;
  readonly #statements: Statements;
  readonly #prepared = new Map<string, SqliteStatement>();

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: SqliteStoreOptions) {
    checkSqliteOptions(options);
    const { database, table = DEFAULT_TABLE } = options;
    this.#database = database;
    this.#table = table;
    this.#statements = statementsFor(table);
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const { key, token, expiresAt } = record;
    const state = this.#stateOf(record);
    return this.#apart((statements) => {
      // A look takes no turn at writing. What it shows may expire no sooner than it says.
      const holder = this.#holder(key, this.#get(statements.find, key));
      if (holder && holder.expiresAt > now) return holder;
      const row = this.#get(statements.claim, key, token, expiresAt, state, now, now, now);
      return this.#holder(key, row) as IdempotencyRecord;
    });
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const { key } = record;
    const state = this.#stateOf(record);
    return this.#apart((statements) =>
      this.#replace(record, state, token)
        ? structuredClone(record)
        : this.#holder(key, this.#get(statements.find, key)),
    );
  }

  async find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.#apart((statements) => this.#holder(key, this.#get(statements.find, key)));
  }

  /**
   * Completes a call in the application's own transaction, which is open on the database: both are done or neither.
   *
   * @throws {ClaimLostError} where the claim is gone: let it throw, and roll the transaction back.
   * @throws {ConfigurationError} where it gets no completion, or no transaction is open.
   */
  complete(completion: Completion): void {
    const where = 'SqliteStore: complete()';
    const { record, token } = checkedCompletion(where, completion);
    if (!isInTransaction(this.#database)) {
      throw new ConfigurationError(
        `${where} was called while no transaction is open on the database; begin one, do the work in it, and complete the call before its COMMIT`,
      );
    }
    const state = this.#stateOf(record);
    if (this.#explaining(() => this.#replace(record, state, token))) return;
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
    checkLimit('SqliteStore: removeExpired()', limit);
    return this.#apart(({ removeExpired }) => this.#run(removeExpired, Date.now() - GRACE, limit));
  }

  /** Does a step that must not become part of a transaction of the application's. */
  #apart<T>(step: (statements: Statements) => T): T {
    if (!isInTransaction(this.#database)) return this.#explaining(() => step(this.#statements));
    throw new ConfigurationError(
      'SqliteStore: a transaction is open on the database, and what is written now would be part of it; end it without awaiting anything, ask for a completion before it begins, or give the store a database handle of its own',
    );
  }

  #explaining<T>(step: () => T): T {
    try {
      return step();
    } catch (fault) {
      // Statements end with the handle, which may be opened again.
      this.#prepared.clear();
      throw explained(fault, this.#table);
    }
  }

  #replace({ key, token, expiresAt }: IdempotencyRecord, state: string, follows: string): boolean {
    return this.#run(this.#statements.replace, token, expiresAt, state, key, follows) > 0;
  }

  // Read to the end: a write is committed there, and only there it is told where that fails. `get()` stops before.
  #get(sql: string, ...values: (string | number)[]): unknown {
    return this.#statement(sql).all(...values)[0];
  }

  #run(sql: string, ...values: (string | number)[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  // Prepared when it is needed, since the table may be created after the store.
  #statement(sql: string): SqliteStatement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = this.#database.prepare(sql);
    prepared.setReturnArrays?.(false);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #holder(key: string, row: unknown): IdempotencyRecord | undefined {
    return row ? recordOf('SqliteStore', key, row as StoredFields) : undefined;
  }

  #stateOf(record: IdempotencyRecord): string {
    return stateText('SqliteStore', record, LARGEST_STATE);
  }
}
