/** What the store calls of a database: a pool or client of `pg`, PGlite, or a wrapper around any other client. */
export interface PostgresClient {
  /** Runs one statement with its values, `$1` and so on. Resolves to its rows, or to an object that has them. */
  // biome-ignore lint/suspicious/noExplicitAny: clients name narrower kinds of values
  query(text: string, values: any[]): Promise<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** What a `from…` function returns. Unlike a bare client, it says of itself whether it is a transaction. */
export interface WrappedClient extends PostgresClient {
  /** Whether it is a transaction of the application's. `complete()` needs one; a store refuses one as its client. */
  readonly isTransaction: boolean;
  /** Whether it may send statements to a transaction that it finds in the caller's asynchronous context. */
  readonly isAmbient?: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement, and resolves to its rows. */
export async function rowsOf(
  client: PostgresClient,
  text: string,
  values: readonly (string | number)[],
): Promise<readonly Row[]> {
  const result = await client.query(text, [...values]);
  const rows = Array.isArray(result) ? result : (result as { readonly rows?: unknown } | undefined)?.rows;
  if (Array.isArray(rows)) return rows as Row[];
  throw new TypeError('query() of the client resolved neither to rows nor to an object { rows }');
}

export function isClient(value: unknown): value is PostgresClient {
  return typeof (value as Partial<PostgresClient> | null | undefined)?.query === 'function';
}

/** Whether it is a pool, which runs each statement on any free connection. */
export function isPool(client: unknown): boolean {
  return typeof (client as { readonly totalCount?: unknown }).totalCount === 'number';
}

/** What some clients say of their transactions. */
interface TransactionSigns extends Partial<WrappedClient> {
  /** Of `pg` from 8.21 on: `I` is idle, `T` in a transaction, `E` in a failed one. */
  readonly getTransactionStatus?: () => string | null;
  /** Of the same: false while a statement is running. */
  readonly readyForQuery?: boolean;
  /** Of a client of `pg` over libpq, which may be too old to say. */
  readonly native?: unknown;
  /** PGlite has the first, and its transactions have the second. */
  readonly transaction?: unknown;
  readonly rollback?: unknown;
}

/** Whether a statement on the client would be part of a transaction of the application's. `undefined` if it does not say. */
export function isInTransaction(client: PostgresClient): boolean | undefined {
  const signs: TransactionSigns = client;
  if (typeof signs.isTransaction === 'boolean') return signs.isTransaction;
  if (isPool(client) || typeof signs.transaction === 'function') return false;
  if (typeof signs.rollback === 'function') return true;
  const status = signs.native ? undefined : signs.getTransactionStatus?.();
  if (status === 'T' || status === 'E') return true;
  // While a statement is running, it may be a BEGIN.
  return status === 'I' && signs.readyForQuery === true ? false : undefined;
}
