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
import { Notices } from '../shared/notices.js';
import { withoutBytes } from '../shared/outcome-bytes.js';
import { DEFAULT_TABLE, type RemoveExpiredOptions, sweepValues } from '../shared/sql-tables.js';
import { storeParts } from '../shared/store-parts.js';
import { copyOf, readRecord, type StoredFields, stateValue } from '../shared/stored-record.js';
import { wrapperFor } from './clients/bare-clients.js';
import { isClient, isInTransaction, type PostgresClient, type Row, rowsOf } from './postgres-client.js';
import { explained, LARGEST_STATE_BYTES } from './postgres-faults.js';
import { messageOf, TableNotices } from './postgres-listener.js';
import type { PostgresAccess } from './postgres-listing.js';
import { checkPostgresOptions, type PostgresStoreOptions } from './postgres-options.js';
import { noticeOf, type Statements, statementsFor } from './postgres-statements.js';

/**
 * Keeps each record in a row of a PostgreSQL table. Every operation is one statement, which the database decides at its
 * default isolation, READ COMMITTED.
 */
export class PostgresStore implements PersistenceStore {
  /** Only with the option `listener`. */
  declare readonly changed?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #client: PostgresClient;
  readonly #table: string;
  readonly #statements: { readonly withBytes: Statements; readonly withoutBytes: Statements };
  /**
   * Whether the table is known to have the column for bytes: each row that is read says so. Where it is not, bytes stay in the state. So
   * no statement names a column that is not there, which would fail the application's transaction.
   */
  #hasBytes = false;
  readonly #notifies: boolean;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: PostgresStoreOptions) {
    checkPostgresOptions(options);
    const { client, table = DEFAULT_TABLE, listener } = options;
    this.#client = client;
    this.#table = table;
    this.#notifies = listener !== undefined;
    this.#statements = {
      withBytes: statementsFor(table, { hasBytes: true, notifies: this.#notifies }),
      withoutBytes: statementsFor(table, { hasBytes: false, notifies: this.#notifies }),
    };
    if (!listener) return;
    const notices = new Notices((receiver) => new TableNotices(listener, table, receiver));
    this.changed = (key, signal) => notices.changed(key, signal);
  }

  /** For tools that examine the database. */
  get [storeParts]() {
    return { kind: 'postgres' as const, client: this.#client, table: this.#table };
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const written = this.#valuesOf(record);
    const values = [record.key, ...written, ...written.map(() => now)];
    const [row] = await this.#ask(this.#using.claim, values);
    return this.#holder(record, row) as IdempotencyRecord;
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.#ask(this.#using.replace, this.#following(record, token));
    return this.#holder(record, row);
  }

  /** Always consistent if the client reads from the primary. */
  async find(key: string): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.#ask(this.#using.find, [key]);
    return row && readRecord('PostgresStore', key, this.#seen(row));
  }

  /**
   * Completes a call in the application's own transaction, which is open on `tx`. Both are committed, or neither is.
   *
   * @param tx The client on which the transaction is open, or what a `from…` function returns for a library's transaction.
   * @throws {ClaimLostError} if the claim is lost. Let it throw, so that the transaction rolls back.
   * @throws {ConfigurationError} if an argument is no completion, or a client that says that no transaction is open on it.
   */
  async complete(tx: PostgresClient, completion: Completion): Promise<void> {
    const where = 'PostgresStore: complete()';
    const wrapper = wrapperFor(tx);
    if (wrapper) {
      throw new ConfigurationError(
        `${where} does not take a transaction of that library as it is; pass (${wrapper.transaction}, completion), imported from retrysafe/postgres`,
      );
    }
    if (!isClient(tx) || isInTransaction(tx) === false || tx === this.#client) {
      throw new ConfigurationError(
        `${where} needs the client on which the transaction is open, and neither a pool nor the client of the store itself; pass (tx, completion)`,
      );
    }
    const checked = checkedCompletion(where, completion);
    const { record, token } = checked;
    const rows = await this.#ask(this.#using.complete, this.#following(record, token), tx);
    if (rows.length > 0) return;
    throw claimLost(where, checked);
  }

  /**
   * Removes at most `limit` (1,000) records that expired more than 15 minutes ago, those of the oldest hour first. Resolves to their
   * number: repeat it while that is `limit`. Correctness never needs it, but the table grows without it.
   *
   * @throws {ConfigurationError} for a wrong option.
   */
  async removeExpired(options: RemoveExpiredOptions = {}): Promise<number> {
    const [until, limit] = sweepValues('PostgresStore', options);
    const [row] = await this.#ask(this.#using.removeExpired, [until, until, limit]);
    return Number(row?.removed);
  }

  /** Lists records in the order of their keys. Needs `import 'retrysafe/listing'`. */
  async records(query: RecordQuery): Promise<RecordPage> {
    return (await listerOf<PostgresAccess>('PostgresStore')).records(this.#access, query);
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    return (await listerOf<PostgresAccess>('PostgresStore')).planRecords(this.#access, query);
  }

  get #access(): PostgresAccess {
    return { table: this.#table, ask: (text, values) => this.#ask(text, values) };
  }

  /** The statements for the table as it is. */
  get #using(): Statements {
    return this.#hasBytes ? this.#statements.withBytes : this.#statements.withoutBytes;
  }

  /** Returns the values that a write puts into the columns of the table as it is. */
  #valuesOf({ token, expiresAt, state }: IdempotencyRecord): (string | number)[] {
    if (!this.#hasBytes) return [token, expiresAt, textOf({ state })];
    const parts = withoutBytes(state);
    return [token, expiresAt, textOf(parts), parts.bytes?.toString('base64') ?? ''];
  }

  #following(record: IdempotencyRecord, token: string): (string | number)[] {
    const notice = this.#notifies ? noticeOf(this.#table, messageOf(record.key)) : [];
    return [record.key, ...this.#valuesOf(record), token, ...notice];
  }

  async #ask(
    text: string,
    values: readonly (string | number)[],
    client = this.#client,
  ): Promise<readonly Row[]> {
    if (client === this.#client && isInTransaction(client)) {
      throw new ConfigurationError(
        "PostgresStore: a transaction is open on the store's client, and its rollback would undo the record; give the store a pool, or a client that nothing else uses",
      );
    }
    try {
      return await rowsOf(client, text, values);
    } catch (fault) {
      // The table may be another one now.
      this.#hasBytes = false;
      throw explained(fault, this.#table, client !== this.#client);
    }
  }

  #holder(record: IdempotencyRecord, row: Row | undefined): IdempotencyRecord | undefined {
    if (!row) return undefined;
    const holder = this.#seen(row);
    return holder.token === record.token ? copyOf(record) : readRecord('PostgresStore', record.key, holder);
  }

  /** Returns what a row has, and takes note of whether its table has the column for bytes. */
  #seen({ token, expiresAt, state, bytes }: Row): StoredFields {
    const fields = { token, expiresAt, state };
    const hasSome = typeof bytes === 'string' && bytes !== '';
    if (hasSome || bytes === null) this.#hasBytes = true;
    return hasSome ? { ...fields, bytes: Buffer.from(bytes, 'base64') } : fields;
  }
}

function textOf(parts: Parameters<typeof stateValue>[1]): string {
  return stateValue('PostgresStore', parts, LARGEST_STATE_BYTES);
}
