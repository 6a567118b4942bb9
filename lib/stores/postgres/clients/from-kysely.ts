import type { WrappedClient } from '../postgres-client.js';

/** What is called of Kysely, or of one of its transactions. */
export interface KyselyClient {
  readonly isTransaction: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a query that it has compiled
  executeQuery(query: any): Promise<{ readonly rows: readonly unknown[] }>;
}

let queries = 0;

/** Wraps a client of Kysely: the result of `new Kysely()` for a store, or a transaction for `store.complete()`. */
export function fromKysely(kysely: KyselyClient): WrappedClient {
  return {
    isTransaction: kysely.isTransaction,
    query: (text, values) => kysely.executeQuery(compiled(text, values)),
  };
}

/** Returns what `CompiledQuery.raw(text, values)` returns. */
function compiled(text: string, values: readonly unknown[]) {
  queries += 1;
  return {
    sql: text,
    parameters: Object.freeze([...values]),
    query: Object.freeze({
      kind: 'RawNode',
      sqlFragments: Object.freeze([text]),
      parameters: Object.freeze([]),
    }),
    queryId: Object.freeze({ queryId: `retrysafe-${queries}` }),
  };
}
