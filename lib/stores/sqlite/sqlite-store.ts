import { ConfigurationError } from '../../errors.js';
import type {
  Completion,
  IdempotencyRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../../record/persistence-store.js';
import { checkedCompletion, claimLost } from '../shared/completions.js';
import { listerOf } from '../shared/listers.js';
import { lacksBytes, withoutBytes } from '../shared/outcome-bytes.js';
import { DEFAULT_TABLE, type RemoveExpiredOptions, sweepValues } from '../shared/sql-tables.js';
import { storeParts } from '../shared/store-parts.js';
import { copyOf, readRecord, type StoredFields, stateValue } from '../shared/stored-record.js';
import { isInTransaction, type SqliteDatabase, type SqliteStatement } from './sqlite-database.js';
import { explained, LARGEST_STATE_BYTES } from './sqlite-faults.js';
import type { SqliteAccess } from './sqlite-listing.js';
import { checkSqliteOptions, type SqliteStoreOptions } from './sqlite-options.js';
import { bytesColumn, type Statements, statementsFor } from './sqlite-statements.js';

type Value = string | number | Buffer | null;

/**
 * Keeps each record in a row of an SQLite database, for the processes of one machine. Every operation is synchronous
 * inside, and no other process writes to the file meanwhile.
 */
export class SqliteStore implements PersistenceStore {
  readonly #database: SqliteDatabase;
  readonly #table: string;
  readonly #statements: { readonly withBytes: Statements; readonly withoutBytes: Statements };
  /** Whether the table has the column for bytes. Unknown until it is first used, and after a fault. */
  #hasBytes: boolean | undefined;
  readonly #prepared = new Map<string, SqliteStatement>();

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: SqliteStoreOptions) {
    checkSqliteOptions(options);
    const { database, table = DEFAULT_TABLE } = options;
    this.#database = database;
    this.#table = table;
    this.#statements = {
      withBytes: statementsFor(table, true),
      withoutBytes: statementsFor(table, false),
    };
  }

  /** For tools that examine the database. */
  get [storeParts]() {
    return { kind: 'sqlite' as const, database: this.#database, table: this.#table };
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const { key } = record;
    return this.#apart(() => {
      // A read takes no write lock. A holder that has not expired by `now` keeps the key, so there is nothing to write.
      const holder = this.#find(key);
      if (holder && holder.expiresAt > now) return holder;
      const values = this.#valuesOf(record);
      const row = this.#get(this.#using.claim, key, ...values, ...values.map(() => now));
      return this.#holder(key, row) as IdempotencyRecord;
    });
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#apart(() => (this.#replace(record, token) ? copyOf(record) : this.#find(record.key)));
  }

  async find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.#apart(() => this.#find(key));
  }

  /**
   * Completes a call in the application's own transaction, which is open on the database. Both are committed, or neither is.
   *
   * @throws {ClaimLostError} if the claim is lost. Let it throw, and roll the transaction back.
   * @throws {ConfigurationError} if the argument is no completion, or no transaction is open.
   */
  complete(completion: Completion): void {
    const where = 'SqliteStore: complete()';
    const checked = checkedCompletion(where, completion);
    const { record, token } = checked;
    if (!isInTransaction(this.#database)) {
      throw new ConfigurationError(
        `${where} was called while no transaction is open on the database; begin one, do the work in it, and complete the call before its COMMIT`,
      );
    }
    if (this.#explaining(() => this.#replace(record, token))) return;
    throw claimLost(where, checked);
  }

  /**
   * Removes at most `limit` (1,000) records that expired more than 15 minutes ago, the oldest first. Resolves to their
   * number: repeat it while that is `limit`. Correctness never needs it, but the table grows without it.
   *
   * @throws {ConfigurationError} for a wrong option.
   */
  async removeExpired(options: RemoveExpiredOptions = {}): Promise<number> {
    const values = sweepValues('SqliteStore', options);
    return this.#apart(() => this.#run(this.#using.removeExpired, ...values));
  }

  /** Lists records in the order of their keys, or in that of their rows where all of them are read. Needs `import 'retrysafe/listing'`. */
  async records(query: RecordQuery): Promise<RecordPage> {
    return (await listerOf<SqliteAccess>('SqliteStore')).records(this.#access, query);
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    return (await listerOf<SqliteAccess>('SqliteStore')).planRecords(this.#access, query);
  }

  get #access(): SqliteAccess {
    return {
      table: this.#table,
      all: (text, values) => this.#statement(text).all(...values),
      apart: (step) => this.#apart(step),
    };
  }

  /** Runs a step that must not become part of a transaction of the application's. */
  #apart<T>(step: () => T): T {
    if (!isInTransaction(this.#database)) return this.#explaining(step);
    throw new ConfigurationError(
      'SqliteStore: a transaction is open on the database, and the record would be part of it; end it before anything is awaited, ask for a completion before it begins, or give the store a database handle of its own',
    );
  }

  #explaining<T>(step: () => T): T {
    try {
      return step();
    } catch (fault) {
      // Closing a handle ends its statements, and the handle may have been closed and opened again.
      this.#prepared.clear();
      this.#hasBytes = undefined;
      throw explained(fault, this.#table);
    }
  }

  /** The statements for the table as it is. */
  get #using(): Statements {
    this.#hasBytes ??= this.#get(bytesColumn, this.#table) !== undefined;
    return this.#hasBytes ? this.#statements.withBytes : this.#statements.withoutBytes;
  }

  #find(key: string): IdempotencyRecord | undefined {
    return this.#holder(key, this.#get(this.#using.find, key));
  }

  #replace(record: IdempotencyRecord, follows: string): boolean {
    const values = this.#valuesOf(record);
    return this.#run(this.#using.replace, ...values, record.key, follows) > 0;
  }

  /** Returns the values that a write puts into the columns of the table as it is. */
  #valuesOf({ token, expiresAt, state }: IdempotencyRecord): Value[] {
    const parts = withoutBytes(state);
    // The table may have got the column since.
    if (parts.bytes && !this.#hasBytes) this.#hasBytes = undefined;
    const isApart = this.#using === this.#statements.withBytes;
    return isApart
      ? [token, expiresAt, textOf(parts), parts.bytes ?? null]
      : [token, expiresAt, textOf({ state })];
  }

  // `all()` reads to the end, where SQLite commits a write and reports a failure. `get()` would stop before.
  #get(sql: string, ...values: Value[]): unknown {
    return this.#statement(sql).all(...values)[0];
  }

  #run(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  // Prepared when it is first needed, because the table may be created after the store.
  #statement(sql: string): SqliteStatement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = this.#database.prepare(sql);
    prepared.setReturnArrays?.(false);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #holder(key: string, row: unknown): IdempotencyRecord | undefined {
    if (!row) return undefined;
    const record = readRecord('SqliteStore', key, row as StoredFields);
    if (this.#hasBytes || !lacksBytes(record.state)) return record;
    // Another process has found the column, which the table has got since.
    this.#hasBytes = undefined;
    return this.#using === this.#statements.withBytes ? this.#find(key) : record;
  }
}

function textOf(parts: Parameters<typeof stateValue>[1]): string {
  return stateValue('SqliteStore', parts, LARGEST_STATE_BYTES);
}
