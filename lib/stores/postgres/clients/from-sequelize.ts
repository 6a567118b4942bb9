import type { WrappedClient } from '../postgres-client.js';

/** What is called of Sequelize 6. */
export interface SequelizeClient {
  // biome-ignore lint/suspicious/noExplicitAny: its overloads take and give what the options say
  query(sql: string, options: any): Promise<any>;
}

/** What is looked at of a transaction of Sequelize 6. */
export interface SequelizeTransaction {
  commit(): Promise<unknown>;
}

/**
 * A client of Sequelize. Each statement gets a connection of its own, whatever transaction the caller is in by
 * `Sequelize.useCLS`; with a second argument they are part of that transaction, which is for `store.complete()`.
 */
export function fromSequelize(sequelize: SequelizeClient, transaction?: SequelizeTransaction): WrappedClient {
  const options = {
    // Gives rows, whatever the statement; read from the primary, where there are replicas.
    type: 'SELECT',
    raw: true,
    plain: false,
    nest: false,
    useMaster: true,
    // Only `undefined` stands for the caller's.
    transaction: transaction ?? null,
  };
  return {
    isTransaction: transaction !== undefined,
    query: (text, values) => sequelize.query(text, { ...options, bind: values }),
  };
}
