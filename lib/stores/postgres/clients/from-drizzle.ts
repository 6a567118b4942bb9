import type { WrappedClient } from '../postgres-client.js';

/** What is called of a database of Drizzle on PostgreSQL, or of one of its transactions. */
export interface DrizzleDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: a query of its own type, and what its driver returns
  execute(query: any): PromiseLike<any>;
}

/** Wraps a client of Drizzle: the result of `drizzle()` for a store, or a transaction for `store.complete()`. */
export function fromDrizzle(database: DrizzleDatabase): WrappedClient {
  return {
    isTransaction: typeof (database as { readonly rollback?: unknown }).rollback === 'function',
    query: async (text, values) => database.execute(written(text, values)),
  };
}

/** Returns a query of ready SQL text, in the form that Drizzle gives its own `sql`. */
function written(text: string, values: unknown[]) {
  const query = { sql: text, params: values };
  return { getSQL: () => ({ toQuery: () => query }) };
}
