import type { WrappedClient } from '../postgres-client.js';

/** What is called of Knex, or of one of its transactions. */
export interface KnexClient {
  readonly isTransaction?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: its result is a builder that can be awaited
  raw(sql: string, bindings: any): PromiseLike<any>;
}

/** Wraps a client of Knex: the result of `knex()` for a store, or a transaction for `store.complete()`. */
export function fromKnex(knex: KnexClient): WrappedClient {
  return {
    isTransaction: knex.isTransaction === true,
    query: async (text, values) => knex.raw(withMarks(text), values),
  };
}

/** Replaces `$1` and so on, which are used once and in order, by `?`. Quoted names are kept: a table may have any name. */
function withMarks(text: string): string {
  return text.replace(/"(?:[^"]|"")*"|\$\d+/g, (part) =>
    part.startsWith('$') ? '?' : part.replaceAll('?', '\\?'),
  );
}
