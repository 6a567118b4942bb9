import { randomUUID } from 'node:crypto';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { usePGlite } from '../postgres/embedded.js';
import type { Processes } from './processes.js';

const createBusiness = (table: string) => `CREATE TABLE ${table} (id text NOT NULL)`;
const doBusiness = (table: string) => `INSERT INTO ${table} VALUES ($1)`;
const countBusiness = (table: string) => `SELECT count(*)::int AS count FROM ${table} WHERE id = $1`;

export function onPostgres(): Processes {
  const postgres = usePostgres();
  let table: string;
  let business: string;

  before(async function () {
    postgres.needsServer(this);
    table = postgres.tableName();
    business = postgres.tableName();
    await postgres.query(schema(table) + createBusiness(business));
  });

  return {
    async start() {
      const pool = postgres.pool({ max: 5 });
      const store = new PostgresStore({ client: pool, table });
      return {
        store,
        async commit(id, completion) {
          const tx = await pool.connect();
          try {
            await tx.query('BEGIN');
            await tx.query(doBusiness(business), [id]);
            await store.complete(tx, completion);
            await tx.query('COMMIT');
          } catch (error) {
            await tx.query('ROLLBACK');
            throw error;
          } finally {
            tx.release();
          }
        },
      };
    },
    async countOf(id) {
      const { rows } = await postgres.query(countBusiness(business), [id]);
      return Number(rows[0]?.count);
    },
  };
}

/** It runs in this process and has one connection, which all share: each of them has its own tables. */
export function onPGlite(): Processes {
  const db = usePGlite();
  const table = `matrix_${randomUUID().replaceAll('-', '_')}`;
  const business = `${table}_business`;

  before(() => db().exec(schema(table) + createBusiness(business)));

  return {
    async start() {
      const store = new PostgresStore({ client: db(), table });
      return {
        store,
        commit: (id, completion) =>
          db().transaction(async (tx) => {
            await tx.query(doBusiness(business), [id]);
            await store.complete(tx, completion);
          }),
      };
    },
    async countOf(id) {
      const { rows } = await db().query<{ count: number }>(countBusiness(business), [id]);
      return Number(rows[0]?.count);
    },
  };
}
