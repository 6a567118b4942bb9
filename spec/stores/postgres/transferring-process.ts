// One more process of the application that does transfers. Its parent kills it at the point that it was told.
import { Pool, type PoolConfig } from 'pg';
import { currentExecution, type IdempotentOptions, makeIdempotent } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { Application, type Tables } from './transfers.js';

/** The points of the transaction that lie between two statements, in order. */
export const boundaries = [
  'before it has a connection',
  'before BEGIN',
  'after BEGIN',
  'after the business',
  'after the completion',
  'after COMMIT',
] as const;
export type Boundary = (typeof boundaries)[number];

/** What the parent sends to begin with. */
export interface Assignment {
  readonly connection: PoolConfig;
  readonly tables: Tables;
  readonly account: string;
  readonly options: IdempotentOptions;
  /** Where it stops, tells its parent, and goes no further. */
  readonly stopsAt: Boundary | undefined;
}

/** Does the transfer, statement by statement. */
export async function doTransfer(
  { pool, store, accounts }: Application,
  account: string,
  receipt: object,
  at: (boundary: Boundary) => Promise<void> = async () => {},
): Promise<object> {
  const completion = await currentExecution().completion(receipt);
  await at('before it has a connection');
  const tx = await pool.connect();
  await at('before BEGIN');
  await tx.query('BEGIN');
  await at('after BEGIN');
  await tx.query(`INSERT INTO ${accounts} VALUES ($1, $2)`, [account, JSON.stringify(receipt)]);
  await at('after the business');
  await store.complete(tx, completion);
  await at('after the completion');
  await tx.query('COMMIT');
  await at('after COMMIT');
  tx.release();
  return receipt;
}

process.once('message', async ({ connection, tables, account, options, stopsAt }: Assignment) => {
  const client = new Pool(connection);
  const application = new Application(
    client,
    new PostgresStore({ client, table: tables.records }),
    tables.accounts,
  );
  const transfer = makeIdempotent(
    (to: string) =>
      doTransfer(application, to, { by: 'the process that was killed' }, async (boundary) => {
        if (boundary !== stopsAt) return;
        process.send?.(boundary);
        await new Promise(() => {});
      }),
    { ...options, store: application.store },
  );
  await transfer(account);
  // A process that comes here was not killed.
  process.disconnect();
});
