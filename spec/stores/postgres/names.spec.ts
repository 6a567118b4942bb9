import 'retrysafe/listing';
import { expect } from 'chai';
import { Client, escapeIdentifier, type Pool } from 'pg';
import type { Completion } from 'retrysafe';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { usePostgresProxy } from '../../support/postgres-proxy.js';
import { record } from './records.js';
import { createTable } from './tables.js';

const names = {
  'double quotes': 'a"b""c',
  'single quotes': "it's",
  'a semicolon and SQL': 'x"; DROP TABLE bystander; --',
  'SQL that ends a string': "'; DELETE FROM bystander; --",
  'a dot': 'public.records',
  spaces: '  two  words ',
  'a tab and a line feed': 'a\tb\nc',
  'upper case': 'Idempotency',
  'the same in lower case': 'idempotency',
  'letters of other scripts': 'идемпотентность',
  'characters beyond 16 bits': '🗝️ keys',
  'a composed letter': '\u00e9',
  'the same letter, decomposed': 'e\u0301',
  '63 bytes': 'n'.repeat(63),
  'the same but for the last letter': `${'n'.repeat(62)}m`,
  '63 bytes of two-byte letters': `${'é'.repeat(31)}x`,
  'a placeholder': '$1',
  'percent signs': '%s %I %',
  backslashes: 'a\\b\\',
  'a question mark': 'why?',
  'a comment': '/* */ --',
  'a word of SQL': 'select',
  'a dollar quote': '$$ $tag$',
  'a name of a parameter': ':name @name',
};

describe('tables with hostile names', () => {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let pool: Pool;
  let database: string | undefined;
  /** What the clients sent, the latest last. */
  let sent: { readonly text: string; readonly values: readonly unknown[] }[];

  before(async function () {
    postgres.needsServer(this);
    // A database of its own, so that whatever is created or dropped is seen.
    database = postgres.tableName();
    await postgres.query(`CREATE DATABASE ${escapeIdentifier(database)}`);
    const { host, port, user, password } = new Client(postgres.connection);
    pool = postgres.pool({ host, port, user, password: password ?? undefined, database });
    await pool.query('CREATE TABLE bystander (id text); INSERT INTO bystander VALUES (1)');
  });

  after(async () => {
    if (!database) return;
    // What the fixture gave has ended by now.
    const client = new Client(postgres.connection);
    await client.connect();
    await client.query(`DROP DATABASE ${escapeIdentifier(database)}`);
    await client.end();
  });

  beforeEach(() => {
    sent = [];
  });

  const recording = (client: Pick<Pool, 'query'>) => ({
    query(text: string, values: unknown[]) {
      sent.push({ text, values });
      return client.query(text, values);
    },
  });

  async function relations(): Promise<string[]> {
    const { rows } = await pool.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1",
    );
    return rows.map(({ relname }) => relname as string);
  }

  const rowsOf = async (table: string) => (await pool.query(`SELECT * FROM ${escapeIdentifier(table)}`)).rows;

  for (const [what, table] of Object.entries(names)) {
    it(`have ${what}: ${JSON.stringify(table)}`, async () => {
      const before = await relations();
      await pool.query(schema(table));
      await pool.query(schema(table));
      const created = (await relations()).filter((name) => !before.includes(name));
      expect(created).to.have.length(4).and.include(table);
      expect((await pool.query('SELECT * FROM bystander')).rows).to.have.length(1);

      const store = new PostgresStore({
        client: recording(pool),
        table,
        listener: { listen: async () => {} },
      });
      const [first, old] = [record(), record({ expiresAt: 1 })];
      expect(await store.claim(first, Date.now())).to.deep.equal(first);
      const second = { ...first, token: `${first.token}2` };
      expect(await store.replace(second, first.token)).to.deep.equal(second);
      expect(await store.find(first.key)).to.deep.equal(second);
      await store.claim(old, 0);
      expect(await store.removeExpired()).to.equal(1);

      const tx = await pool.connect();
      const completed: Completion = { record: { ...first, token: `${first.token}3` }, token: second.token };
      await tx.query('BEGIN');
      await store.complete(recording(tx), completed);
      await tx.query('COMMIT');
      tx.release();
      expect((await store.find(first.key))?.token).to.equal(completed.record.token);
      expect((await store.records({ prefix: first.key })).records).to.have.length(1);
      expect((await store.records({ status: 'unknown' })).records).to.have.length(0);
      expect((await store.planRecords({ status: 'unknown' })).by).to.equal('index');
      expect(await rowsOf(table)).to.have.length(1);
      expect(await rowsOf('bystander')).to.have.length(1);
      expect(await relations(), 'nothing else came or went').to.have.members([...before, ...created]);
      // What is asked for by an index is two: the first asks for the index.
      expect(sent, 'one statement for each operation').to.have.length(12);
    });
  }

  it('share nothing with one another', async () => {
    const stores = Object.values(names).map((table) => new PostgresStore({ client: pool, table }));
    const claimed = await Promise.all(
      stores.map((store, index) => store.claim(record({ key: 'the same', token: `${index}.1` }), 0)),
    );
    expect(claimed.map(({ token }) => token)).to.deep.equal(stores.map((_, index) => `${index}.1`));
  });

  it('have each placeholder once and in order, so that a wrapper may replace them', async () => {
    for (const listener of [undefined, { listen: async () => {} }]) {
      sent = [];
      const table = 'placeholders';
      await pool.query(schema(table));
      const store = new PostgresStore({ client: recording(pool), table, ...(listener && { listener }) });
      const first = record();
      await store.claim(first, Date.now());
      await store.replace({ ...first, token: 'b.1' }, first.token);
      await store.find(first.key);
      await store.removeExpired({ limit: 1 });
      const tx = await pool.connect();
      const completion = { record: { ...first, token: 'b.2' }, token: 'b.1' };
      await store.complete(recording(tx), completion).finally(() => tx.release());
      await store.claim(record(), Date.now());
      const { cursor } = await store.records({ prefix: 'key', limit: 1 });
      await store.records({ status: 'unknown', operation: 'o', ...(cursor && { cursor }) });
      await store.planRecords({ prefix: 'k' });
      expect(sent).to.have.length(10);
      for (const { text, values } of sent) {
        const places = [...text.matchAll(/\$(\d+)/g)].map(([, place]) => Number(place));
        expect(places, text).to.deep.equal(values.map((_, index) => index + 1));
      }
    }
  });

  it('are asked by one statement for each operation, as the network sees it', async () => {
    const table = await createTable(postgres);
    const store = new PostgresStore({ client: proxy.pool({ max: 1 }), table });
    const first = record();
    // So that the connection is there.
    await store.find(first.key);
    const operations: (() => Promise<unknown>)[] = [
      () => store.claim(first, Date.now()),
      () => store.claim(record({ key: first.key }), Date.now()),
      () => store.claim(record({ key: first.key }), first.expiresAt),
      () => store.replace({ ...first, token: 'b.1' }, first.token),
      () => store.replace({ ...first, token: 'b.2' }, first.token),
      () => store.find(first.key),
      () => store.removeExpired(),
    ];
    for (const operation of operations) {
      const before = proxy.seen.length;
      await operation();
      expect(proxy.seen.length - before, String(operation)).to.equal(1);
    }
  });
});
