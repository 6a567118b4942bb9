import type { WrappedClient } from '../postgres-client.js';

/** What is called of Knex, or of one of its transactions. */
export interface KnexClient {
  readonly isTransaction?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: its result is a builder that can be awaited
  raw(sql: string, bindings: any): PromiseLike<any>;
}

/** A client of Knex: of `knex()` for a store, or of a transaction for `store.complete()`. */
export function fromKnex(knex: KnexClient): WrappedClient {
  return {
    isTransaction: knex.isTransaction === true,
    query: async (text, values) => knex.raw(withMarks(text), values),
  };
}

/** Each `$1` and so on stands once and in order. What is quoted stays: a table may have any name. */
function withMarks(text: string): string {
  return text.replace(/"(?:[^"]|"")*"|\$\d+/g, (part) =>
    part.startsWith('$') ? '?' : part.replaceAll('?', '\\?'),
  );
}
