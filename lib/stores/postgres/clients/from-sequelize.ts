import type { WrappedClient } from '../postgres-client.js';

/** What is called of Sequelize 6. */
export interface SequelizeClient {
  // biome-ignore lint/suspicious/noExplicitAny: its overloads depend on the options
  query(sql: string, options: any): Promise<any>;
}

/** What is read of a transaction of Sequelize 6. */
export interface SequelizeTransaction {
  commit(): Promise<unknown>;
}

/**
 * Wraps a client of Sequelize. Each statement gets a connection of its own, also where the caller is in a transaction of
 * `Sequelize.useCLS`. With a second argument statements are part of that transaction, for `store.complete()`.
 */
export function fromSequelize(sequelize: SequelizeClient, transaction?: SequelizeTransaction): WrappedClient {
  const options = {
    // `SELECT` returns rows for any statement. `useMaster` reads from the primary where there are replicas.
    type: 'SELECT',
    raw: true,
    plain: false,
    nest: false,
    useMaster: true,
    // `undefined` would mean the transaction of the caller.
    transaction: transaction ?? null,
  };
  return {
    isTransaction: transaction !== undefined,
    query: (text, values) => sequelize.query(text, { ...options, bind: values }),
  };
}
