import { expect } from 'chai';
import type { Pool } from 'pg';
import { type IdempotencyRecord, recordOf } from 'retrysafe';
import { responseOutcome } from 'retrysafe/http';
import { PostgresStore } from 'retrysafe/postgres';
import { randomBytes, recordOfBytes, recordOfRun } from '../../support/bytes.js';
import { deployable } from '../../support/deployment.js';
import { load } from '../../support/library-version.js';
import { usePostgres } from '../../support/postgres.js';
import { addBytesColumn, createEarlierTable, createTable } from './tables.js';

/** What a row has besides the bytes. */
const HEAD_BYTES = 500;

describe('bytes of an outcome in a row of PostgreSQL', () => {
  const postgres = usePostgres();
  let pool: Pool;

  before(function () {
    postgres.needsServer(this);
    pool = postgres.pool({ max: 3 });
  });

  /** What is kept under a key: the outcome in the text, and the bytes beside it, where the table has a column for them. */
  async function kept(table: string, key: string) {
    const { rows } = await postgres.query(
      `SELECT state::jsonb -> 'outcome' AS outcome, to_jsonb(row) ->> 'outcome_bytes' AS bytes FROM ${table} AS row WHERE key = $1`,
      [key],
    );
    const [{ outcome, bytes } = {}] = rows;
    return { outcome, bytes };
  }

  async function sizeOf(table: string, key: string): Promise<number> {
    const { rows } = await postgres.query(
      `SELECT pg_column_size(key) + pg_column_size(token) + pg_column_size(expires_at) + pg_column_size(state)
  + coalesce(pg_column_size(outcome_bytes), 0) AS size FROM ${table} WHERE key = $1`,
      [key],
    );
    return Number(rows[0]?.size);
  }

  /** Claims the key and completes it by two writes of the store, as the engine does. */
  async function complete(store: PostgresStore, record: IdempotencyRecord): Promise<void> {
    const claim = recordOfRun(record.key, { token: 'own.0' });
    expect(await store.claim(claim, Date.now())).to.deep.equal(claim);
    expect(await store.replace(record, claim.token)).to.deep.equal(record);
  }

  /** Expects that a store returns a record, also to a claim and a replace that lose. */
  async function expectFound(store: PostgresStore, record: IdempotencyRecord): Promise<void> {
    expect(await store.find(record.key)).to.deep.equal(record);
    expect(await store.claim(recordOfRun(record.key), Date.now())).to.deep.equal(record);
    expect(await store.replace(recordOfRun(record.key), 'another.1')).to.deep.equal(record);
  }

  it('take as much as they are, and not a third more', async () => {
    const table = await createTable(postgres);
    const store = new PostgresStore({ client: pool, table });
    const record = recordOfBytes('random', randomBytes(100_000));
    await complete(store, record);
    expect(await sizeOf(table, 'random')).to.be.within(100_000, 101_000 + HEAD_BYTES);
    expect((await kept(table, 'random')).outcome).to.have.all.keys('kind', 'head');
    await expectFound(store, record);
    await expectFound(new PostgresStore({ client: pool, table }), record);
  });

  it('take as much in a transaction of the application', async () => {
    const table = await createTable(postgres);
    const store = new PostgresStore({ client: pool, table });
    const record = recordOfBytes('completed', randomBytes(100_000));
    await store.claim(recordOfRun('completed', { token: 'own.0' }), Date.now());
    const tx = await postgres.client();
    await tx.query('BEGIN');
    await store.complete(tx, { record, token: 'own.0' });
    await tx.query('COMMIT');
    expect(await sizeOf(table, 'completed')).to.be.within(100_000, 101_000 + HEAD_BYTES);
    await expectFound(store, record);
  });

  it('are gone when a record without any takes the place, by a claim and by a replace', async () => {
    const table = await createTable(postgres);
    const store = new PostgresStore({ client: pool, table });
    for (const [key, expiresAt] of [
      ['by a claim', Date.now() + 60_000],
      ['by a replace', Date.now() + 60_000],
    ] as const) {
      const record = recordOfBytes(key, randomBytes(5_000), { expiresAt });
      await complete(store, record);
      const next = recordOfRun(key);
      if (key === 'by a claim') expect(await store.claim(next, expiresAt)).to.deep.equal(next);
      else expect(await store.replace(next, record.token)).to.deep.equal(next);
      expect((await kept(table, key)).bytes).to.equal(null);
    }
  });

  describe('where an earlier version created the table', () => {
    let table: string;

    beforeEach(async () => {
      table = await createEarlierTable(postgres);
    });

    it('stay in its text, and no statement fails', async () => {
      const failed: unknown[] = [];
      const watching = {
        query: (text: string, values: unknown[]) =>
          pool.query(text, values).catch((fault) => {
            failed.push(fault);
            throw fault;
          }),
      };
      const store = new PostgresStore({ client: watching, table });
      const record = recordOfBytes('text', randomBytes(5_000));
      await complete(store, record);
      await expectFound(store, record);
      expect((await kept(table, 'text')).outcome).to.have.all.keys('kind', 'head', 'base64');
      expect(failed).to.deep.equal([]);
    });

    it('are completed in a transaction of the application, which commits', async () => {
      const record = recordOfBytes('in a transaction', randomBytes(5_000));
      const store = new PostgresStore({ client: pool, table });
      await store.claim(recordOfRun(record.key, { token: 'own.0' }), Date.now());
      const tx = await postgres.client();
      await tx.query('BEGIN');
      await store.complete(tx, { record, token: 'own.0' });
      expect((await tx.query('SELECT 1 AS one')).rows, 'the transaction goes on').to.deep.equal([{ one: 1 }]);
      await tx.query('COMMIT');
      await expectFound(store, record);
    });

    it('get their column without a restart: stores read what others write, before and after', async () => {
      const stores = [1, 2].map(() => new PostgresStore({ client: pool, table })) as [
        PostgresStore,
        PostgresStore,
      ];
      const before = recordOfBytes('before', randomBytes(5_000));
      await complete(stores[0], before);
      await addBytesColumn(postgres, table);
      const after = recordOfBytes('after', randomBytes(5_000));
      await complete(stores[0], after);
      expect((await kept(table, 'after')).outcome).to.have.all.keys('kind', 'head');
      // The other one has not met the column yet.
      for (const record of [after, before]) for (const store of stores) await expectFound(store, record);
    });

    it('lose their column, and calls go on', async () => {
      await addBytesColumn(postgres, table);
      const store = new PostgresStore({ client: pool, table });
      const operation = deployable();
      const picture = responseOutcome({ body: randomBytes(5_000) });
      await operation(store, async () => picture)('a');
      await postgres.query(`ALTER TABLE ${table} DROP COLUMN outcome_bytes`);
      expect(await operation(store, async () => picture)('b')).to.equal(picture);
      expect(await operation(store, async () => expect.fail('it ran again'))('b')).to.deep.equal(picture);
    });
  });

  it('stay in the text of a store that has not read the table yet, whatever the table is', async () => {
    for (const table of [await createTable(postgres), await createEarlierTable(postgres)]) {
      const first = new PostgresStore({ client: pool, table });
      await first.claim(recordOfRun('k', { token: 'own.0' }), Date.now());
      const record = recordOfBytes('k', randomBytes(5_000));
      const tx = await postgres.client();
      await tx.query('BEGIN');
      await new PostgresStore({ client: pool, table }).complete(tx, { record, token: 'own.0' });
      await tx.query('COMMIT');
      await expectFound(first, record);
      expect((await kept(table, 'k')).outcome).to.have.all.keys('kind', 'head', 'base64');
    }
  });

  it('are those in the text where others stayed beside it', async () => {
    const table = await createTable(postgres);
    const [first, second] = [1, 2].map(() => new PostgresStore({ client: pool, table })) as [
      PostgresStore,
      PostgresStore,
    ];
    const left = recordOfBytes('k', randomBytes(5_000, 'left'));
    await complete(first, left);
    const record = recordOfBytes('k', randomBytes(5_000, 'right'), { token: 'own.2' });
    expect(await second.replace(record, left.token)).to.deep.equal(record);
    expect((await kept(table, 'k')).outcome).to.have.all.keys('kind', 'head', 'base64');
    for (const store of [first, second]) await expectFound(store, record);
  });

  it('keep an earlier version from replaying the rest, and what it writes in their place counts', async () => {
    const table = await createTable(postgres);
    const earlierLibrary = await load('earlier');
    const earlier = new earlierLibrary.postgres.PostgresStore({ client: pool, table });
    const present = new PostgresStore({ client: pool, table });
    const name = 'draw for an earlier version on PostgreSQL';
    const picture = responseOutcome({ body: randomBytes(5_000) });
    const operation = deployable({ name });
    await operation(present, async () => picture)('a');
    const call = earlierLibrary.makeIdempotent(async (_id: string) => 'by the earlier one', {
      name,
      store: earlier,
    });
    const error = await call('a').catch((fault: unknown) => fault);
    expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE');
    await earlierLibrary.recordOf(call, 'a').forget();
    expect(await call('a')).to.equal('by the earlier one');
    const again = operation(present, async () => expect.fail('it ran again'));
    expect(await again('a')).to.equal('by the earlier one');
    const { key = '' } = (await recordOf(again, 'a').inspect()) ?? {};
    expect((await kept(table, key)).bytes, 'what the earlier one leaves').not.to.equal(null);
    await recordOf(again, 'a').forget();
    expect((await kept(table, key)).bytes).to.equal(null);
  });
});
