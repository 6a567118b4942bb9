import { expect } from 'chai';
import { escapeIdentifier, type Pool } from 'pg';
import type { IdempotencyRecord } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { silent } from './silent.js';
import { blocked, createEarlierTable, createTable } from './tables.js';

const MINUTE = 60_000;

function record(key: string, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  const state = { format: 1, status: 'released', attempt: 1, fencingToken: 1 } as const;
  return { key, token: `${key}.1`, expiresAt: Date.now() + MINUTE, state, ...change };
}

describe('sweeping a table of PostgreSQL', () => {
  const postgres = usePostgres();
  let table: string;
  let name: string;
  let pool: Pool;
  let store: PostgresStore;

  before(function () {
    postgres.needsServer(this);
    pool = postgres.pool({ max: 20 });
  });

  beforeEach(async () => {
    table = await createTable(postgres);
    name = escapeIdentifier(table);
    store = new PostgresStore({ client: pool, table });
  });

  /** Keeps a record that expired so many minutes ago. */
  const expired = (key: string, minutes: number) =>
    store.claim(record(key, { expiresAt: Date.now() - minutes * MINUTE }), 0);

  async function planOfSweep(limit: number): Promise<string> {
    let plan = '';
    const explaining = {
      async query(text: string, values: unknown[]) {
        const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT TEXT) ${text}`, values);
        plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        return [{ removed: String(limit) }];
      },
    };
    await new PostgresStore({ client: explaining, table }).removeExpired({ limit });
    return plan;
  }

  async function keys(): Promise<string[]> {
    const { rows } = await pool.query(`SELECT key FROM ${name} ORDER BY key`);
    return rows.map(({ key }) => key as string);
  }

  it('removes only what expired 15 minutes ago or earlier', async () => {
    await expired('16 minutes ago', 16);
    await expired('a year ago', 525_600);
    await expired('14 minutes ago', 14);
    await expired('just now', 0);
    await store.claim(record('held'), Date.now());
    expect(await store.removeExpired()).to.equal(2);
    expect(await keys()).to.deep.equal(['14 minutes ago', 'held', 'just now']);
    expect(await store.removeExpired()).to.equal(0);
  });

  it('removes those of the oldest hour first, and so many at a time', async () => {
    for (const hours of [2, 5, 3, 4, 6]) await expired(`${hours} hours ago`, hours * 60);
    expect(await store.removeExpired({ limit: 2 })).to.equal(2);
    expect(await keys()).to.deep.equal(['2 hours ago', '3 hours ago', '4 hours ago']);
    expect(await store.removeExpired({ limit: 2 })).to.equal(2);
    expect(await keys()).to.deep.equal(['2 hours ago']);
    expect(await store.removeExpired({ limit: 2 })).to.equal(1);
  });

  it('removes 1,000 at a time where it is told nothing else', async () => {
    await pool.query(
      `INSERT INTO ${name} (key, token, expires_at, state) SELECT 'key ' || n, 'a.1', n, '{}' FROM generate_series(1, 2500) AS numbers (n)`,
    );
    const removed: number[] = [];
    for (let count = 1_000; count === 1_000; removed.push(count)) count = await store.removeExpired();
    expect(removed).to.deep.equal([1_000, 1_000, 500]);
  });

  for (const [which, create, index] of [
    ['', createTable, 'expires_hour'],
    [' also if an earlier version created it', createEarlierTable, 'expires_at'],
  ] as const) {
    it(`reads no more of the table than it removes${which}`, async () => {
      table = await create(postgres);
      name = escapeIdentifier(table);
      // Of five hours, the first of which has expired.
      await pool.query(
        `INSERT INTO ${name} (key, token, expires_at, state)
         SELECT 'key ' || n, 'a.1', n * 900 + CASE WHEN n <= 4000 THEN 0 ELSE $1::bigint END, '{}'
         FROM generate_series(1, 20000) AS numbers (n)`,
        [Date.now()],
      );
      await pool.query(`ANALYZE ${name}`);
      const plan = await planOfSweep(10);
      expect(plan)
        .to.match(new RegExp(`Index Scan using \\S+_${index} on \\S+ held .*actual time=\\S+ rows=10 `))
        .and.not.match(/Seq Scan|Sort|Rows Removed/);
    });
  }

  it('reads what expires within the same hour, and leaves it', async () => {
    const until = Date.now() - 15 * MINUTE;
    const endOfHour = Math.ceil(until / (60 * MINUTE)) * 60 * MINUTE;
    await store.claim(record('in this hour', { expiresAt: endOfHour }), 0);
    await store.claim(record('in the next one', { expiresAt: endOfHour + 1 }), 0);
    expect(await store.removeExpired()).to.equal(0);
    // Of a small table, or one that it does not know, PostgreSQL reads all rows.
    await pool.query(
      `INSERT INTO ${name} (key, token, expires_at, state)
       SELECT 'key ' || n, 'a.1', $1::bigint + n::bigint * 900000, '{}' FROM generate_series(1, 5000) AS numbers (n)`,
      [endOfHour],
    );
    await pool.query(`ANALYZE ${name}`);
    expect(await planOfSweep(10)).to.match(/Rows Removed by Filter: 1\b/);
  });

  it('removes the oldest first from a table that an earlier version created', async () => {
    table = await createEarlierTable(postgres);
    name = escapeIdentifier(table);
    store = new PostgresStore({ client: pool, table });
    for (const minutes of [20, 50, 30, 14, 40, 60]) await expired(`${minutes} minutes ago`, minutes);
    expect(await store.removeExpired({ limit: 2 })).to.equal(2);
    expect(await keys()).to.deep.equal([14, 20, 30, 40].map((minutes) => `${minutes} minutes ago`));
    expect(await store.removeExpired({ limit: 4 })).to.equal(3);
    expect(await keys()).to.deep.equal(['14 minutes ago']);
  });

  it('skips locked records, and does not wait for them', async () => {
    await expired('locked', 60);
    await expired('free', 30);
    const gate = await postgres.client();
    await gate.query('BEGIN');
    await gate.query(`SELECT FROM ${name} WHERE key = 'locked' FOR UPDATE`);
    expect(await store.removeExpired()).to.equal(1);
    expect(await keys()).to.deep.equal(['locked']);
    await gate.query('COMMIT');
    expect(await store.removeExpired()).to.equal(1);
  });

  it('is shared by sweepers at once: each record is removed by one of them', async () => {
    await pool.query(
      `INSERT INTO ${name} (key, token, expires_at, state) SELECT 'key ' || n, 'a.1', n, '{}' FROM generate_series(1, 3000) AS numbers (n)`,
    );
    const sweep = async () => {
      let all = 0;
      for (let removed = 1; removed > 0; all += removed) removed = await store.removeExpired({ limit: 50 });
      return all;
    };
    const removed = await Promise.all(Array.from({ length: 4 }, sweep));
    // A sweep that finds only locked ones stops early. The next one removes what is left.
    removed.push(await sweep());
    expect(removed.reduce((sum, one) => sum + one)).to.equal(3_000);
    expect(await keys()).to.deep.equal([]);
  });

  it('spares a record that a claim reuses meanwhile, whichever comes first', async () => {
    const rounds = 40;
    const all = Array.from({ length: rounds }, (_, index) => `key ${index}`);
    const counts = { reused: 0, removed: 0 };
    const gate = await postgres.client();
    for (const key of all) {
      await expired(key, 60);
      // Both have begun before either can go on.
      await gate.query('BEGIN');
      await gate.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
      const claim = store.claim(record(key, { token: 'new.1' }), Date.now());
      const sweep = store.removeExpired();
      await blocked(postgres, table, 2);
      await gate.query('COMMIT');
      expect((await claim).token).to.equal('new.1');
      counts[(await sweep) === 1 ? 'removed' : 'reused'] += 1;
      expect((await store.find(key))?.token, 'the claim stands').to.equal('new.1');
    }
    console.log(
      `      ${rounds} claims at once with a sweep: ${counts.reused} reused the row, ${counts.removed} found it removed`,
    );
  });

  it('spares a record that was reused while the sweep waited to see it', async () => {
    // The claim is not committed yet when the sweep reads: it sees the old version, and that it is locked.
    await expired('reused', 60);
    const gate = await postgres.client();
    await gate.query('BEGIN');
    const claiming = new PostgresStore({ client: silent(gate), table });
    await claiming.claim(record('reused', { token: 'new.1' }), Date.now());
    expect(await store.removeExpired()).to.equal(0);
    await gate.query('COMMIT');
    expect(await store.removeExpired()).to.equal(0);
    expect((await store.find('reused'))?.token).to.equal('new.1');
  });

  it('leaves claims that wait for a sweep with the key', async () => {
    await expired('removed', 60);
    const gate = await postgres.client();
    await gate.query('BEGIN');
    expect(await new PostgresStore({ client: silent(gate), table }).removeExpired()).to.equal(1);
    const claims = ['a.1', 'b.1', 'c.1'].map((token) =>
      store.claim(record('removed', { token }), Date.now()),
    );
    await blocked(postgres, table, 3);
    await gate.query('COMMIT');
    const holders = new Set((await Promise.all(claims)).map(({ token }) => token));
    expect(holders.size).to.equal(1);
    expect(holders).to.include((await store.find('removed'))?.token);
  });
});
