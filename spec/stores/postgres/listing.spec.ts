import 'retrysafe/listing';
import { expect } from 'chai';
import type { Client } from 'pg';
import type { RecordQuery, RecordState } from 'retrysafe';
import { type PostgresClient, PostgresStore, schema } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { record, withResult } from './records.js';
import { createEarlierTable, createTable, upgradeTable } from './tables.js';

const unknown: RecordState = { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 };
const running: RecordState = { ...unknown, status: 'in-progress', startedAt: 1, leaseUntil: 2 };

describe('records of a table of PostgreSQL, listed', () => {
  const postgres = usePostgres();
  let table: string;
  let client: Client;
  let sent: string[];
  let received: number;

  before(async function () {
    postgres.needsServer(this);
    client = await postgres.client();
  });

  beforeEach(async () => {
    table = await createTable(postgres);
    sent = [];
    received = 0;
  });

  const watched: PostgresClient = {
    query: async (text, values) => {
      sent.push(text);
      const { rows } = await client.query(text, values);
      received += JSON.stringify(rows).length;
      return { rows };
    },
  };
  const store = () => new PostgresStore({ client: watched, table });

  /** Inserts so many completed records. */
  const fill = (count: number) =>
    postgres.query(
      `INSERT INTO ${table} (key, token, expires_at, state) SELECT 'filled#' || lpad(n::text, 9, '0'), 'a.1', 253402300799999,
       '{"format":1,"status":"completed","attempt":1,"fencingToken":1,"completedAt":1,"outcome":{"kind":"value","json":1}}' FROM generate_series(1, ${count}) AS n`,
    );

  /** What the server does for the statement that was sent last. */
  async function planOf(query: RecordQuery): Promise<string> {
    const texts: [string, unknown[]][] = [];
    const asked: PostgresClient = {
      query: async (text, values) => {
        texts.push([text, values]);
        return (await client.query(text, values)).rows;
      },
    };
    await new PostgresStore({ client: asked, table }).records(query);
    const [text, values] = texts.at(-1) ?? ['', []];
    const { rows } = await client.query(`EXPLAIN ${text}`, values);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }

  it('are found by an index where they are unknown, and no other row is read', async () => {
    await fill(20_000);
    await postgres.query(`ANALYZE ${table}`);
    const kept = ['b', 'a', 'c'].map((name) => record({ key: `${name}#1`, state: unknown }));
    for (const own of kept) await store().claim(own, Date.now());
    const { records, cursor, examined } = await store().records({ status: 'unknown' });
    expect(records.map(({ key }) => key)).to.deep.equal(['a#1', 'b#1', 'c#1']);
    expect({ cursor, examined }).to.deep.equal({ cursor: undefined, examined: 3 });
    expect(await planOf({ status: 'unknown' })).to.include(`${table}_is_unknown`);
    const { by, records: expected, cost } = await store().planRecords({ status: 'unknown' });
    expect(by).to.equal('index');
    expect(expected).to.be.below(1_000);
    expect(cost).to.include('"is_unknown"');
  });

  for (const [what, query] of [
    ['of one operation', { operation: 'filled' }],
    ['whose keys begin with a prefix', { prefix: 'filled#0000' }],
    ['of any kind', {}],
    ['after a cursor', { cursor: Buffer.from('["PostgresStore","TABLE","filled#7"]').toString('base64url') }],
  ] as const) {
    it(`are read in the order of the primary key, ${what}, and not sorted`, async () => {
      await fill(20_000);
      await postgres.query(`ANALYZE ${table}`);
      const asked: RecordQuery = 'cursor' in query ? { cursor: cursorOn(query.cursor) } : query;
      const plan = await planOf(asked);
      expect(plan).to.include(`${table}_pkey`);
      // At the end, those of a page alone.
      expect(plan.replace(/Sort .*\n *Sort Key: held.place/, '')).to.not.match(/Sort|Seq Scan/);
    });
  }

  const cursorOn = (cursor: string) =>
    Buffer.from(Buffer.from(cursor, 'base64url').toString().replace('TABLE', table)).toString('base64url');

  it('are at most 10,000 of those that are read for one page, where few are asked for', async () => {
    await fill(25_000);
    const released = record({ key: 'last#1' });
    await store().claim(released, Date.now());
    let query: RecordQuery = { status: 'released' };
    const pages = [];
    for (;;) {
      const { records, cursor, examined } = await store().records(query);
      pages.push([records.length, examined]);
      if (cursor === undefined) break;
      query = { ...query, cursor };
    }
    expect(pages).to.deep.equal([
      [0, 10_000],
      [0, 10_000],
      [1, 5_001],
    ]);
  });

  it('come without their outcomes: a large one is neither sent nor read', async () => {
    const large = withResult(Array.from({ length: 60_000 }, (_, index) => Math.sin(index)));
    await store().claim(large, Date.now());
    received = 0;
    const { records } = await store().records({ prefix: large.key });
    expect(records).to.deep.equal([{ ...large, state: { ...large.state, outcome: { kind: 'value' } } }]);
    expect(received).to.be.below(1_000);
    const { rows } = await client.query(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sent
        .at(-1)
        ?.replace(/\$\d::text/g, "''")
        .replace(/held.key COLLATE "C" < ''/, 'true')
        .replace(/\$\d::bigint/, '0')}`,
    );
    const { Plan } = rows[0]['QUERY PLAN'][0];
    const size = await client.query(`SELECT pg_table_size('${table}')::int / 8192 AS pages`);
    expect(size.rows[0].pages, 'pages of the table').to.be.above(60);
    expect(Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'], 'pages that were read').to.be.below(30);
  });

  it('are read by a scan where the table is one of an earlier version, and by the index once it has been changed', async () => {
    table = await createEarlierTable(postgres);
    const own = record({ state: unknown });
    const long = store();
    await long.claim(own, Date.now());
    await long.claim(record(), Date.now());
    const plan = await long.planRecords({ status: 'unknown' });
    expect(plan.by).to.equal('scan');
    expect(plan.cost).to.match(/UPGRADING\.md/);
    expect(await long.records({ status: 'unknown' })).to.deep.equal({ records: [own], examined: 2 });
    expect(sent.join()).to.not.include('held.is_unknown');
    await upgradeTable(postgres, table);
    expect((await long.planRecords({ status: 'unknown' })).by).to.equal('index');
    expect(await long.records({ status: 'unknown' })).to.deep.equal({ records: [own], examined: 1 });
  });

  it('in progress are found by an index only where schema() was asked for it', async () => {
    const abandoned = record({ state: running });
    await fill(5_000);
    await store().claim(abandoned, Date.now());
    await store().claim(record({ state: { ...running, leaseUntil: Date.now() + 60_000 } }), Date.now());
    await store().claim(record(), Date.now());
    const without = await store().planRecords({ status: 'abandoned' });
    expect(without.by).to.equal('scan');
    expect(without.cost).to.include('schema(table, { indexInProgress: true })');
    expect((await store().records({ status: 'abandoned' })).examined).to.equal(5_003);
    const earlier = table;
    table = await createTable(postgres, postgres.tableName(), { indexInProgress: true });
    await postgres.query(
      `INSERT INTO ${table} (key, token, expires_at, state) SELECT key, token, expires_at, state FROM ${earlier}`,
    );
    expect((await store().planRecords({ status: 'abandoned' })).by).to.equal('index');
    expect(await store().records({ status: 'abandoned' })).to.deep.equal({
      records: [abandoned],
      examined: 2,
    });
    expect(await planOf({ status: 'in-progress' })).to.include(`${table}_is_in_progress`);
  });

  it('are not asked for by a statement where no key can match', async () => {
    expect(await store().records({ operation: 'pay', prefix: 'refund#' })).to.deep.equal({
      records: [],
      examined: 0,
    });
    expect(sent).to.deep.equal([]);
  });

  it('are planned for as the server expects, without reading any', async () => {
    await fill(5_000);
    await postgres.query(`ANALYZE ${table}`);
    const { records = 0 } = await store().planRecords({});
    expect(records).to.equal(5_000);
    const part = await store().planRecords({ prefix: 'filled#00000000' });
    expect(part.by).to.equal('index');
    expect(part.records).to.be.below(100);
    expect((await store().planRecords({ prefix: 'filled#', status: 'completed' })).by).to.equal('scan');
  });

  it('are listed in a table of another collation, in the same order', async () => {
    table = `${table}_collated`;
    await postgres.query(schema(table).replace('COLLATE "C"', 'COLLATE "und-x-icu"'));
    for (const key of ['b#1', 'B#1', 'a#1', 'é#1', 'a-b#1']) await store().claim(record({ key }), Date.now());
    const { records } = await store().records({ prefix: 'a' });
    expect(records.map(({ key }) => key)).to.deep.equal(['a#1', 'a-b#1']);
  });
});
