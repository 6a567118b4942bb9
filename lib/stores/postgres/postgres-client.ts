/** What the store uses of a database: a pool or client of `pg`, PGlite, or a wrapper around anything else. */
export interface PostgresClient {
  /** Runs one statement with its values, `$1` and so on, and resolves to its rows, or to an object that has them. */
  // biome-ignore lint/suspicious/noExplicitAny: clients name narrower kinds of values
  query(text: string, values: any[]): Promise<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** What one of the `from…` functions makes: it tells of itself what a client that is given as it is does not. */
export interface WrappedClient extends PostgresClient {
  /** Whether it is a transaction of the application's: what `complete()` needs, and what no store may be given. */
  readonly isTransaction: boolean;
  /** Whether it may hand statements to a transaction that it finds in the caller's asynchronous context. */
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
  throw new TypeError('query() of the client resolved to no rows, nor to an object { rows }');
}

export function isClient(value: unknown): value is PostgresClient {
  return typeof (value as Partial<PostgresClient> | null | undefined)?.query === 'function';
}

/** Whether it is a pool, which runs each statement on whichever connection is free. */
export function isPool(client: unknown): boolean {
  return typeof (client as { readonly totalCount?: unknown }).totalCount === 'number';
}

/** What some clients tell of themselves. */
interface Told extends Partial<WrappedClient> {
  /** Those of `pg` from 8.21 on: `I` is idle, `T` in a transaction, `E` in one that has failed. */
  readonly getTransactionStatus?: () => string | null;
  /** Theirs as well: false while a statement is running. */
  readonly readyForQuery?: boolean;
  /** A client of `pg` over libpq, which may be too old to tell. */
  readonly native?: unknown;
  /** PGlite begins transactions by the one, and they have the other. */
  readonly transaction?: unknown;
  readonly rollback?: unknown;
}

/** Whether what is done on the client now is part of a transaction of the application's; nothing where it does not tell. */
export function isInTransaction(client: PostgresClient): boolean | undefined {
  const told: Told = client;
  if (typeof told.isTransaction === 'boolean') return told.isTransaction;
  if (isPool(client) || typeof told.transaction === 'function') return false;
  if (typeof told.rollback === 'function') return true;
  const status = told.native ? undefined : told.getTransactionStatus?.();
  if (status === 'T' || status === 'E') return true;
  // A BEGIN may be on its way.
  return status === 'I' && told.readyForQuery === true ? false : undefined;
}
