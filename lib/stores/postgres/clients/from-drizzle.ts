import type { WrappedClient } from '../postgres-client.js';

/** What is called of a database of Drizzle on PostgreSQL, or of one of its transactions. */
export interface DrizzleDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: a query of its own kind, and what its driver gives
  execute(query: any): PromiseLike<any>;
}

/** A client of Drizzle: of `drizzle()` for a store, or of a transaction for `store.complete()`. */
export function fromDrizzle(database: DrizzleDatabase): WrappedClient {
  return {
    isTransaction: typeof (database as { readonly rollback?: unknown }).rollback === 'function',
    query: async (text, values) => database.execute(written(text, values)),
  };
}

/** A query that is written already: what Drizzle makes of its own `sql` comes to the same. */
function written(text: string, values: unknown[]) {
  const query = { sql: text, params: values };
  return { getSQL: () => ({ toQuery: () => query }) };
}
