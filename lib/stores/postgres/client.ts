/** What the store uses of a database: a pool or client of `pg`, PGlite, or a wrapper around anything else. */
export interface PostgresClient {
  /** Runs one statement with its values, `$1` and so on, and resolves to its rows, or to an object that has them. */
  // biome-ignore lint/suspicious/noExplicitAny: clients name narrower kinds of values
  query(text: string, values: any[]): Promise<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
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
