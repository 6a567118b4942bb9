// The business's tables and the store's, in a database that is made for one run.
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { schema } from 'retrysafe/postgres';

/** A database as the tests see it, beside the client that is tried. */
export interface Database {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  /** Begins a transfer, and holds it up in its transaction, or just before, until `meanwhile` is done. */
  hold<T>(transfer: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T>;
}

// An unknown account fails at COMMIT, when everything else has been written.
const tables = `
CREATE TABLE accounts (name text PRIMARY KEY);
CREATE TABLE transfers (
  number serial PRIMARY KEY,
  id text NOT NULL,
  account text NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED,
  amount integer NOT NULL CHECK (amount > 0)
);
INSERT INTO accounts VALUES ('ann');
${schema()}`;

export async function onServer(url: string) {
  const name = `postgres_clients_${process.pid}`;
  const admin = await connected(url);
  await admin.query(`CREATE DATABASE ${name}`);
  const ours = new URL(url);
  ours.pathname = `/${name}`;
  const client = await connected(ours.href);
  await client.query(tables);
  const database: Database = {
    query: (text, values) => client.query(text, values),
    async hold(transfer, meanwhile) {
      await client.query('BEGIN; LOCK TABLE transfers IN EXCLUSIVE MODE');
      try {
        const held = transfer();
        held.catch(() => {}); // It is awaited below.
        await until(async () => {
          const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'transfers'::regclass`;
          return (await client.query(waiting)).rows.length === 1;
        });
        await meanwhile();
        await client.query('COMMIT');
        return await held;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      }
    },
  };
  const drop = async () => {
    await client.end();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  };
  return { url: ours.href, database, drop };
}

/** On PGlite everything else waits for a transaction, so a transfer is held up before it begins one. */
export async function onPglite(pglite: PGlite): Promise<Database> {
  await pglite.exec(tables);
  return {
    query: (text, values) => pglite.query(text, values),
    async hold(transfer, meanwhile) {
      pglite.transaction = async (work) => {
        Reflect.deleteProperty(pglite, 'transaction');
        await meanwhile();
        return pglite.transaction(work);
      };
      return transfer();
    },
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error('nothing came to wait for the table');
  }
}
