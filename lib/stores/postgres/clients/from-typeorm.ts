import { ConfigurationError } from '../../../errors.js';
import type { WrappedClient } from '../postgres-client.js';

/** What is called of TypeORM's `QueryRunner`. */
export interface TypeORMQueryRunner {
  readonly isTransactionActive: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the type differs from version to version
  query(query: string, parameters: any, useStructuredResult: true): Promise<any>;
  release(): Promise<void>;
}

/** What is called of TypeORM's `DataSource`. */
export interface TypeORMDataSource {
  // biome-ignore lint/suspicious/noExplicitAny: its own type is an enumeration
  createQueryRunner(mode?: any): TypeORMQueryRunner;
}

/** What is called of the `EntityManager` of a transaction. */
export interface TypeORMEntityManager {
  readonly queryRunner?: TypeORMQueryRunner | undefined;
}

/**
 * Wraps a client of TypeORM. With a `DataSource` each statement gets a `QueryRunner`, and so a connection, of its own, also
 * where the caller is in a transaction. The `EntityManager` or `QueryRunner` of a transaction is for `store.complete()`.
 *
 * @throws {ConfigurationError} for an `EntityManager` that is in no transaction.
 */
export function fromTypeORM(
  source: TypeORMDataSource | TypeORMEntityManager | TypeORMQueryRunner,
): WrappedClient {
  if ('createQueryRunner' in source) {
    return { isTransaction: false, query: (text, values) => onOwnConnection(source, text, values) };
  }
  const runner = 'isTransactionActive' in source ? source : source.queryRunner;
  if (!runner) {
    throw new ConfigurationError(
      'fromTypeORM got an EntityManager that is in no transaction; pass the DataSource for a store, or the manager of a transaction for complete()',
    );
  }
  return { isTransaction: true, query: (text, values) => within(runner, text, values) };
}

/** `query()` of the source is not used, because libraries send it to the transaction of the caller. */
async function onOwnConnection(source: TypeORMDataSource, text: string, values: unknown[]) {
  const runner = source.createQueryRunner('master');
  try {
    return await rowsBy(runner, text, values);
  } finally {
    await runner.release();
  }
}

async function within(runner: TypeORMQueryRunner, text: string, values: unknown[]) {
  if (runner.isTransactionActive) return rowsBy(runner, text, values);
  throw new ConfigurationError(
    'fromTypeORM got a QueryRunner on which no transaction is open; begin one, do the work in it, and complete the call before it ends',
  );
}

/** Asks for a structured result. Otherwise an UPDATE returns its rows and their number. */
async function rowsBy(runner: TypeORMQueryRunner, text: string, values: unknown[]) {
  const { records } = await runner.query(text, values, true);
  return { rows: records as readonly unknown[] };
}
