import type { PostgresClient } from 'retrysafe/postgres';

/** A client that does not tell whether a transaction is open on it, like most wrappers. */
export function silent(client: PostgresClient): PostgresClient {
  return { query: (text, values) => client.query(text, values) };
}
