import type { WrappedClient } from '../postgres-client.js';

/** What is called of the `sql` of `postgres()`, or of the `sql` of one of its transactions. */
export interface PostgresJsSql {
  // biome-ignore lint/suspicious/noExplicitAny: its values and its result have types of its own
  unsafe(query: string, parameters: any): PromiseLike<any>;
}

/** Wraps a client of `postgres` (postgres.js): the result of `postgres()` for a store, or a transaction for `store.complete()`. */
export function fromPostgresJs(sql: PostgresJsSql): WrappedClient {
  return {
    // Only the pool has `begin`. A reserved connection counts as a transaction, because that is what it is reserved for.
    isTransaction: typeof (sql as { readonly begin?: unknown }).begin !== 'function',
    query: async (text, values) => sql.unsafe(text, values),
  };
}
