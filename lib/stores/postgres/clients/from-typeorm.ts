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
 * A client of TypeORM. Of a `DataSource` each statement gets a `QueryRunner`, and so a connection, of its own, whatever
 * transaction the caller is in. The `EntityManager` or `QueryRunner` of a transaction is for `store.complete()`.
 *
 * @throws {ConfigurationError} for an `EntityManager` that is in no transaction.
 */
export function fromTypeORM(
  source: TypeORMDataSource | TypeORMEntityManager | TypeORMQueryRunner,
): WrappedClient {
  if ('createQueryRunner' in source) {
    return { isTransaction: false, query: (text, values) => onItsOwn(source, text, values) };
  }
  const runner = 'isTransactionActive' in source ? source : source.queryRunner;
  if (!runner) {
    throw new ConfigurationError(
      'fromTypeORM got an EntityManager that is in no transaction; hand over the DataSource for a store, or the manager of a transaction for complete()',
    );
  }
  return { isTransaction: true, query: (text, values) => within(runner, text, values) };
}

/** Not by `query()` of the source, which libraries send to the transaction that the caller is in. */
async function onItsOwn(source: TypeORMDataSource, text: string, values: unknown[]) {
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
    'fromTypeORM got a QueryRunner on which no transaction is open; begin one, do the work in it, and complete the call before its end',
  );
}

/** Unless it is asked for structure, it gives an UPDATE's rows and their number. */
async function rowsBy(runner: TypeORMQueryRunner, text: string, values: unknown[]) {
  const { records } = await runner.query(text, values, true);
  return { rows: records as readonly unknown[] };
}
