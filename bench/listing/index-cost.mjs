// What an index on the records in progress costs the calls: a claim and a completion of each key, with and without it.
import pg from 'pg';
import { openDatabase } from '../../.build/spec-standard/support/sqlite-drivers.js';
import { PostgresStore, schema as postgresSchema } from '../../dist/esm/stores/postgres/index.js';
import { SqliteStore, schema as sqliteSchema } from '../../dist/esm/stores/sqlite/index.js';
import { abandoned, completed, expiresAt, keyOf } from './states.mjs';
import { stores, versions } from './stores.mjs';

const CALLS = 20_000;

async function call(store, index) {
  const key = keyOf(index.toString(16).padStart(32, '0'));
  await store.claim({ key, token: 'a.1', expiresAt, state: JSON.parse(abandoned) }, 0);
  await store.replace({ key, token: 'a.2', expiresAt, state: JSON.parse(completed) }, 'a.1');
}

/** Returns the microseconds of each call, and the bytes of write-ahead log. */
async function onPostgres(connection, indexInProgress) {
  const client = new pg.Pool({ ...connection, max: 1 });
  const table = `cost_${indexInProgress}`;
  await client.query(postgresSchema(table, { indexInProgress }));
  const store = new PostgresStore({ client, table });
  const position = async () => (await client.query('SELECT pg_current_wal_insert_lsn() AS at')).rows[0].at;
  await client.query('CHECKPOINT');
  const from = await position();
  const begun = performance.now();
  for (let index = 0; index < CALLS; index += 1) await call(store, index);
  const micros = ((performance.now() - begun) / CALLS) * 1_000;
  const { rows } = await client.query('SELECT pg_wal_lsn_diff($1, $2)::float8 AS bytes', [
    await position(),
    from,
  ]);
  await client.end();
  return { micros, walBytes: rows[0].bytes / CALLS };
}

async function onSqlite(file, indexInProgress) {
  const database = openDatabase(versions.driver, file);
  // The time that the disk takes is another one on each machine.
  database.exec('PRAGMA synchronous = OFF');
  const table = `cost_${indexInProgress}`;
  database.exec(sqliteSchema(table, { indexInProgress }));
  const store = new SqliteStore({ database, table });
  const begun = performance.now();
  for (let index = 0; index < CALLS; index += 1) await call(store, index);
  const micros = ((performance.now() - begun) / CALLS) * 1_000;
  database.close();
  return { micros };
}

const measured = { postgres: onPostgres, sqlite: onSqlite };

/** Resolves to what a call takes without the index and with it, or to nothing where the store does not run here. */
export async function indexCost(kind) {
  if (stores[kind].obstacle()) return undefined;
  const { place, stop } = await stores[kind].start();
  try {
    const on = kind === 'sqlite' ? place.file : place;
    // Before what is measured, so that both are compiled alike.
    await measured[kind](kind === 'sqlite' ? `${on}-warm` : on, false).catch(() => {});
    const rounds = [];
    for (const indexInProgress of [false, true]) rounds.push(await inPlace(kind, on, indexInProgress));
    return rounds;
  } finally {
    await stop();
  }
}

async function inPlace(kind, on, indexInProgress) {
  if (kind === 'sqlite') return measured.sqlite(`${on}-${indexInProgress}`, indexInProgress);
  const client = new pg.Client(on);
  await client.connect();
  await client.query('DROP TABLE IF EXISTS cost_false, cost_true');
  await client.end();
  return measured.postgres(on, indexInProgress);
}

export { CALLS };
