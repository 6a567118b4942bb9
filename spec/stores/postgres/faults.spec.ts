import { expect } from 'chai';
import { escapeIdentifier, Pool, type PoolConfig } from 'pg';
import { makeIdempotent, StoreError } from 'retrysafe';
import { type PostgresClient, PostgresStore, schema } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { rejection } from '../../support/rejection.js';
import { record, withResult } from './records.js';
import { silent } from './silent.js';
import { blocked, createTable } from './tables.js';

describe('a table of PostgreSQL that is no table for records', () => {
  const postgres = usePostgres();
  let table: string;

  beforeEach(() => {
    table = postgres.tableName();
  });

  /** Clients of the fixture, wherever it runs. */
  const client: PostgresClient = { query: (text, values) => postgres.query(text, values) };

  const columns = (changed: Record<string, string> = {}) =>
    Object.entries({
      key: 'text PRIMARY KEY',
      token: 'text NOT NULL',
      expires_at: 'bigint NOT NULL',
      state: 'text NOT NULL',
      ...changed,
    })
      .map(([name, type]) => `${name} ${type}`)
      .join(', ');
  const otherColumns = /has other columns than a store needs; create another \(schema\(\) says how\)/;

  const wrong: Record<string, { readonly definition?: string; readonly says: RegExp }> = {
    'that is not there': { says: /there is no table ".*search_path.*create it \(schema\(\) says how\)/ },
    'without its columns': { definition: 'id text PRIMARY KEY', says: otherColumns },
    'whose expiry is a time stamp': {
      definition: columns({ expires_at: 'timestamptz NOT NULL' }),
      says: otherColumns,
    },
    'whose state is jsonb': { definition: columns({ state: 'jsonb NOT NULL' }), says: otherColumns },
    'whose key is a uuid': { definition: columns({ key: 'uuid PRIMARY KEY' }), says: otherColumns },
    'whose state is short': { definition: columns({ state: 'varchar(20)' }), says: otherColumns },
    'with a further column that needs a value': {
      definition: columns({ tenant: 'text NOT NULL' }),
      says: otherColumns,
    },
    'without a primary key': {
      definition: columns({ key: 'text NOT NULL' }),
      says: /has no primary key `key`; create another/,
    },
  };

  for (const [what, { definition, says }] of Object.entries(wrong)) {
    it(`says what to do about one ${what}, by the store and by the operation`, async () => {
      if (definition) await postgres.query(`CREATE TABLE ${table} (${definition})`);
      const store = new PostgresStore({ client, table });
      const fault = await rejection(store.claim(record(), Date.now()));
      expect(fault).to.be.instanceOf(StoreError);
      const { message, cause } = fault as StoreError;
      expect(message).to.match(says).and.include(`"${table}"`);
      expect(cause, "the database's own words").to.have.property('code');

      const charge = makeIdempotent(async (_card: string) => expect.fail('it ran'), {
        name: 'charge',
        store,
      });
      const error = await rejection(charge('4111-secret'));
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.include({ step: 'claim', statusCode: 503 });
      expect(error).to.have.property('message').that.includes(message).and.not.includes('secret');
    });
  }

  it('is none where the schema of the table is not on the search path; a dot names no schema', async () => {
    await postgres.query(`CREATE SCHEMA ${table}; CREATE TABLE ${table}.records (${columns()})`);
    const store = new PostgresStore({ client, table: `${table}.records` });
    const fault = await rejection(store.find('key'));
    expect(fault)
      .to.have.property('message')
      .that.matches(/there is no table ".*\.records".*search_path/);
    await postgres.query(`DROP SCHEMA ${table} CASCADE`);
  });

  it('may have its schema on the search path of the client, as PostgreSQL itself has it', async function () {
    postgres.needsServer(this);
    await postgres.query(`CREATE SCHEMA ${table}`);
    const pool = postgres.pool({ options: `-c search_path=${table}` });
    await pool.query(schema('records'));
    const [store, claimed] = [new PostgresStore({ client: pool, table: 'records' }), record()];
    expect(await store.claim(claimed, Date.now())).to.deep.equal(claimed);
    const { rows } = await postgres.query(`SELECT key FROM ${table}.records`);
    expect(rows).to.deep.equal([{ key: claimed.key }]);
    await postgres.query(`DROP SCHEMA ${table} CASCADE`);
  });

  it('is met by a client that returns something else: a TypeError names query()', async () => {
    for (const answer of [undefined, null, 5, {}, { rows: 5 }, 'rows']) {
      const store = new PostgresStore({ client: { query: async () => answer as never } });
      expect(await rejection(store.find('key')))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(/query\(\) of the client resolved neither to rows/);
    }
  });
});

describe('what a client may not do in PostgreSQL', () => {
  const postgres = usePostgres();
  let table: string;
  let role: string | undefined;

  before(async function () {
    postgres.needsServer(this);
    table = await createTable(postgres);
    role = postgres.tableName();
    await postgres.query(`CREATE ROLE ${role}`);
  });
  after(async () => {
    if (!role) return;
    // The fixture has ended what it gave.
    const pool = new Pool(postgres.connection);
    await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await pool.end();
  });

  /** A store whose connections begin with these settings. */
  const storeWith = (options: string) => new PostgresStore({ client: postgres.pool({ options }), table });

  async function expectFault(asked: Promise<unknown>, says: RegExp): Promise<void> {
    const fault = await rejection(asked);
    expect(fault).to.be.instanceOf(StoreError);
    expect(fault).to.have.property('message').that.matches(says);
  }

  const grant = /may not use the table ".*"; GRANT SELECT, INSERT, UPDATE, DELETE on it/;

  it('use the table without being granted it', async () => {
    const store = storeWith(`-c role=${role}`);
    await expectFault(store.claim(record(), Date.now()), grant);
    await expectFault(store.replace(record(), 'a.1'), grant);
    await expectFault(store.find('key'), grant);
    await expectFault(store.removeExpired(), grant);
  });

  it('claim, where it was granted to read alone; and sweep, where it was not granted to delete', async () => {
    const store = storeWith(`-c role=${role}`);
    await postgres.query(`GRANT SELECT ON ${table} TO ${role}`);
    expect(await store.find('nothing')).to.equal(undefined);
    await expectFault(store.claim(record(), Date.now()), grant);
    await postgres.query(`GRANT INSERT, UPDATE ON ${table} TO ${role}`);
    const claimed = record();
    expect(await store.claim(claimed, Date.now())).to.deep.equal(claimed);
    expect((await store.replace({ ...claimed, token: 'b.1' }, claimed.token))?.token).to.equal('b.1');
    await expectFault(store.removeExpired(), grant);
    await postgres.query(`GRANT DELETE ON ${table} TO ${role}`);
    expect(await store.removeExpired()).to.equal(0);
  });

  it('write in a session that is read-only, as on a standby', async () => {
    const store = storeWith('-c default_transaction_read_only=on');
    const readOnly = /is read-only; connect the client to the primary/;
    await expectFault(store.claim(record(), Date.now()), readOnly);
    await expectFault(store.replace(record(), 'a.1'), readOnly);
    expect(await store.find('nothing')).to.equal(undefined);
  });

  it('anything on a client whose transaction has failed', async () => {
    const single = await postgres.client();
    await single.query('BEGIN');
    await rejection(single.query('SELECT nothing'));
    await expectFault(
      new PostgresStore({ client: silent(single), table }).claim(record(), Date.now()),
      /give the store a client on which no transaction is open/,
    );
  });

  it('keep what the encoding of the database does not have', async () => {
    const database = escapeIdentifier(postgres.tableName());
    await postgres.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'`);
    const latin: PoolConfig = { database: database.slice(1, -1), max: 1 };
    const pool = new Pool({ ...postgres.connection, ...latin });
    await pool.query(schema());
    const store = new PostgresStore({ client: pool });
    const western = withResult('Zürich');
    expect(await store.claim(western, Date.now())).to.deep.equal(western);
    await expectFault(store.claim(withResult('東京'), Date.now()), /whose encoding is UTF8$/);
    await pool.end();
    await postgres.query(`DROP DATABASE ${database}`);
  });
});

describe('texts that PostgreSQL does not take as they are', () => {
  const postgres = usePostgres();
  let store: PostgresStore;

  before(async () => {
    const client: PostgresClient = { query: (text, values) => postgres.query(text, values) };
    store = new PostgresStore({ client, table: await createTable(postgres) });
  });

  for (const [what, text] of [
    ['NUL', 'a\0b'],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', '\udc00'],
    ['a surrogate at the end', 'a\ud83d'],
    ['a backslash and a quote', '\\u0000 \\\' "'],
    ['characters beyond 16 bits', '😀𝒳'],
  ] as const) {
    it(`come back as they were: ${what}`, async () => {
      const operation = makeIdempotent(async (_id: string) => ({ text, [text]: [text] }), {
        name: `returns ${what}`,
        store,
      });
      const first = await operation('a');
      expect(await operation('a')).to.deep.equal(first);
    });
  }
});

describe('connections to PostgreSQL that end', () => {
  const postgres = usePostgres();
  let table: string;
  let gate: PostgresClient;

  before(async function () {
    postgres.needsServer(this);
    table = await createTable(postgres);
    gate = await postgres.client();
  });

  it('cost no call its claim: 20 claims in flight are repeated, and each runs once', async () => {
    const store = new PostgresStore({ client: postgres.pool({ max: 20 }), table });
    const runs = new Map<string, number>();
    const place = makeIdempotent(
      async (id: string) => {
        runs.set(id, (runs.get(id) ?? 0) + 1);
        return id;
      },
      { name: 'place', store },
    );
    const ids = Array.from({ length: 20 }, (_, index) => `hold ${index}`);
    await gate.query('BEGIN', []);
    await gate.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`, []);
    const calls = Promise.all(ids.map((id) => place(id)));
    await blocked(postgres, table, 20);
    const { rows } = await postgres.query(
      "SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 IN query) > 0",
      [table],
    );
    expect(rows[0]?.ended).to.equal(20);
    await gate.query('COMMIT', []);
    expect(await calls).to.deep.equal(ids);
    expect([...runs.values()]).to.deep.equal(Array(20).fill(1));
  });
});
