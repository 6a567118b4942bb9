import 'retrysafe/listing';
import type { Client, Pool } from 'pg';
import type { PersistenceStore } from 'retrysafe';
import { type PostgresClient, PostgresStore, schema } from 'retrysafe/postgres';
import { storeContract } from 'retrysafe/testing';
import { usePostgres } from '../../support/postgres.js';
import { usePGlite } from './embedded.js';
import { createEarlierTable, createTable } from './tables.js';

type Query = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

/** The clients that a `pg` pool can be made into, as a wrapper around another library may answer. */
const wrappers: Record<string, (query: Query) => PostgresClient> = {
  'a client that returns { rows } and nothing else': (query) => ({
    query: async (text, values) => ({ rows: (await query(text, values)).rows }),
  }),
  'a client that returns the bare rows': (query) => ({
    query: async (text, values) => (await query(text, values)).rows,
  }),
  'a client that returns rows that have no prototype': (query) => ({
    query: async (text, values) =>
      (await query(text, values)).rows.map((row) => Object.assign(Object.create(null), row)),
  }),
};

describe('PostgresStore on a server', () => {
  const postgres = usePostgres();
  let table: string;

  before(async function () {
    postgres.needsServer(this);
    table = await createTable(postgres);
  });

  describe('by a pool of pg', () => {
    let store: PostgresStore;
    before(() => {
      store = new PostgresStore({ client: postgres.pool({ max: 25 }), table });
    });
    storeContract(() => store, { supports: { records: true } });
  });

  describe('by a single client of pg', () => {
    let store: PostgresStore;
    before(async () => {
      store = new PostgresStore({ client: await postgres.client(), table });
    });
    storeContract(() => store, { supports: { records: true } });
  });

  describe('by a pool of pg that listens on another connection', () => {
    const listeners = new Map<PersistenceStore, Client>();
    let pool: Pool;
    before(() => {
      pool = postgres.pool();
    });
    storeContract(
      async () => {
        const listener = await postgres.client();
        const store = new PostgresStore({ client: pool, table, listener });
        listeners.set(store, listener);
        return store;
      },
      { supports: { changed: true, records: true }, loseConnection: (store) => listeners.get(store)?.end() },
    );
  });

  describe('in a table that an earlier version created', () => {
    let store: PostgresStore;
    before(async () => {
      store = new PostgresStore({ client: postgres.pool(), table: await createEarlierTable(postgres) });
    });
    storeContract(() => store, { supports: { records: true } });
  });

  for (const [what, wrap] of Object.entries(wrappers)) {
    describe(`by ${what}`, () => {
      let store: PostgresStore;
      before(() => {
        const pool = postgres.pool();
        store = new PostgresStore({ client: wrap((text, values) => pool.query(text, values)), table });
      });
      storeContract(() => store, { supports: { records: true } });
    });
  }
});

describe('PostgresStore on PGlite', () => {
  const db = usePGlite();
  let store: PostgresStore;

  before(async () => {
    const table = 'contract';
    await db().exec(schema(table));
    store = new PostgresStore({ client: db(), table, listener: db() });
  });

  storeContract(() => store, { supports: { changed: true, records: true } });
});
