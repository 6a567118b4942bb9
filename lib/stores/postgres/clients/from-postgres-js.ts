import type { WrappedClient } from '../postgres-client.js';

/** What is called of the `sql` of `postgres()`, or of that of one of its transactions. */
export interface PostgresJsSql {
  // biome-ignore lint/suspicious/noExplicitAny: its values and its result are of its own kinds
  unsafe(query: string, parameters: any): PromiseLike<any>;
}

/** A client of `postgres` (postgres.js): of `postgres()` for a store, or of a transaction for `store.complete()`. */
export function fromPostgresJs(sql: PostgresJsSql): WrappedClient {
  return {
    // Only the whole pool begins one; a reserved connection is there for one.
    isTransaction: typeof (sql as { readonly begin?: unknown }).begin !== 'function',
    query: async (text, values) => sql.unsafe(text, values),
  };
}
