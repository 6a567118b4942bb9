import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { type PostgresClient, PostgresStore, schema } from 'retrysafe/postgres';
import type { Bank } from './bank.js';
import { onPg } from './on-pg.js';
import { type InTransaction, TransfersOnPostgres } from './transfers-on-postgres.js';

interface Database {
  readonly name: string;
  readonly client: PostgresClient;
  readonly inTransaction: InTransaction;
  close(): Promise<void>;
}

/** Opens an embedded PostgreSQL, or the server that `DATABASE_URL` names, with two tables for the while. */
export async function openPostgresBank(): Promise<Bank> {
  const { name, client, inTransaction, close } = process.env.DATABASE_URL
    ? serverAt(process.env.DATABASE_URL)
    : embedded();
  const table = 'retrysafe_sample_records';
  const statements = [
    ...schema(table).split(/;\n/),
    'CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, cents bigint NOT NULL)',
    "INSERT INTO accounts VALUES ('alice', 100000), ('bob', 0)",
  ];
  for (const statement of statements.filter((text) => text !== '')) await client.query(statement, []);
  const store = new PostgresStore({ client, table });
  return {
    name,
    service: (incidents) => new TransfersOnPostgres(inTransaction, store, incidents),
    async balances() {
      const text =
        "SELECT (SELECT cents FROM accounts WHERE id = 'alice')::text AS alice, (SELECT cents FROM accounts WHERE id = 'bob')::text AS bob";
      const result = await client.query(text, []);
      const [row] = ('rows' in result ? result.rows : result) as { alice: string; bob: string }[];
      return { alice: Number(row?.alice), bob: Number(row?.bob) };
    },
    async close() {
      for (const made of [table, 'accounts']) await client.query(`DROP TABLE ${made}`, []);
      await close();
    },
  };
}

function embedded(): Database {
  const db = new PGlite();
  return {
    name: 'PostgreSQL (PGlite, embedded)',
    client: db,
    inTransaction: (work) => db.transaction((tx) => work(tx)) as never,
    close: () => db.close(),
  };
}

function serverAt(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString });
  return { name: 'PostgreSQL', client: pool, inTransaction: onPg(pool), close: () => pool.end() };
}
