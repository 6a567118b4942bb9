import { expect } from 'chai';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { record } from './records.js';
import { createEarlierTable, createTable, upgradeTable } from './tables.js';

describe('a table of PostgreSQL that an earlier version created', () => {
  const postgres = usePostgres();
  let table: string;

  before(function () {
    postgres.needsServer(this);
  });

  beforeEach(async () => {
    table = await createEarlierTable(postgres);
  });

  async function columns(of = table): Promise<unknown> {
    const { rows } = await postgres.query(
      'SELECT column_name, data_type, generation_expression FROM information_schema.columns WHERE table_name = $1',
      [of],
    );
    return rows;
  }

  /** What each is on, without its name. */
  async function indexes(of = table): Promise<string[]> {
    const { rows } = await postgres.query('SELECT indexdef FROM pg_indexes WHERE tablename = $1 ', [of]);
    return rows.map(({ indexdef }) => String(indexdef).replace(/^.* USING /, '')).sort();
  }

  it('is left as it is by schema()', async () => {
    const before = [await columns(), await indexes()];
    await postgres.query(schema(table));
    expect([await columns(), await indexes()]).to.deep.equal(before);
  });

  it('is like a new one when it has been changed as UPGRADING.md says, and keeps its records', async () => {
    const store = new PostgresStore({ client: postgres.pool(), table });
    const kept = record();
    await store.claim(kept, Date.now());
    await upgradeTable(postgres, table);
    await postgres.query(schema(table));
    const created = await createTable(postgres);
    expect([await columns(), await indexes()]).to.deep.equal([
      await columns(created),
      await indexes(created),
    ]);
    expect(await store.find(kept.key)).to.deep.equal(kept);
  });

  it('gets its index by schema() where the column alone was added', async () => {
    await postgres.query(
      `ALTER TABLE ${table} ADD COLUMN expires_hour bigint GENERATED ALWAYS AS ((expires_at + 3599999) / 3600000 * 3600000) STORED`,
    );
    await postgres.query(schema(table));
    expect(await indexes()).to.deep.equal(['btree (expires_at)', 'btree (expires_hour)', 'btree (key)']);
  });

  it('is swept without a restart, before and after it is changed', async () => {
    const store = new PostgresStore({ client: postgres.pool(), table });
    for (const change of [() => {}, () => upgradeTable(postgres, table)]) {
      await change();
      await store.claim(record({ expiresAt: 1 }), 0);
      await store.claim(record(), 0);
      expect(await store.removeExpired()).to.equal(1);
    }
  });
});
