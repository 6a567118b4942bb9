import { expect } from 'chai';
import { Pool } from 'pg';
import {
  type IdempotencyEventName,
  type IdempotentOptions,
  makeIdempotent,
  onIdempotencyEvent,
} from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { abandon } from 'retrysafe/testing';
import { defer } from '../../support/defer.js';
import { usePostgres } from '../../support/postgres.js';
import { fakeTime } from '../../support/time.js';
import { until } from '../../support/until.js';
import { createEarlierTable, createTable, upgradeTable } from './tables.js';

const KEYS = 200;
const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;
const SECOND = 1_000;
const keys = Array.from({ length: KEYS }, (_, index) => `T-${index}`);

interface Writes {
  readonly inserted: number;
  readonly updated: number;
  /** Updates that wrote no index. */
  readonly hot: number;
}

describe('what a call writes into a table of PostgreSQL', () => {
  const postgres = usePostgres();
  let clock: ReturnType<typeof fakeTime> | undefined;
  let table: string;
  let pool: Pool;
  let count = 0;

  before(function () {
    postgres.needsServer(this);
  });

  beforeEach(async () => {
    table = await createTable(postgres);
    // With many connections at once an update may find its page full of versions that another connection still sees.
    pool = new Pool({ ...postgres.connection, max: 1 });
  });

  afterEach(async () => {
    clock?.restore();
    if (!pool.ended) await pool.end();
  });

  function operation(run: (transactionId: string) => Promise<unknown>, options: IdempotentOptions = {}) {
    count += 1;
    const store = new PostgresStore({ client: pool, table });
    const placeHold = makeIdempotent(run, { name: `written ${count}`, store, ...options });
    return { placeHold, callEach: () => Promise.allSettled(keys.map((key) => placeHold(key))) };
  }

  /** Resolves when each key's call has published the event since. */
  async function allTold(name: IdempotencyEventName, act: () => unknown): Promise<void> {
    const told = defer();
    let left = KEYS;
    const stop = onIdempotencyEvent(name, () => {
      left -= 1;
      if (left === 0) told.resolve();
    });
    await act();
    await told.promise;
    stop();
  }

  /** Claims, three renewals and completions. */
  async function callWithRenewals(options: IdempotentOptions = {}, now = NOON + HOUR / 2): Promise<void> {
    clock = fakeTime(now);
    const gate = defer();
    const work = async (transactionId: string) => {
      await gate.promise;
      return { holdId: `H-${transactionId}`, transactionId, amount: 250 };
    };
    const { callEach } = operation(work, options);
    let calls: Promise<unknown> = Promise.resolve();
    await allTold('claimed', () => {
      calls = callEach();
    });
    for (let renewals = 0; renewals < 3; renewals += 1) {
      await allTold('renewed', () => clock?.tickAsync(10 * SECOND));
    }
    gate.resolve();
    await calls;
  }

  /** What the server has counted. A connection tells it of its last writes when it ends. */
  async function written(): Promise<Writes> {
    clock?.restore();
    await pool.end();
    const sql = `SELECT n_tup_ins::int AS inserted, n_tup_upd::int AS updated, n_tup_hot_upd::int AS hot
      FROM pg_stat_user_tables WHERE relname = $1`;
    let last = '';
    return until('the statistics stay the same', async () => {
      const { rows } = await postgres.query(sql, [table]);
      const isSame = last === JSON.stringify(rows);
      last = JSON.stringify(rows);
      return isSame && Number(rows[0]?.inserted) === KEYS && (rows[0] as unknown as Writes);
    });
  }

  it('is no index but for the first claim of a key: renewals and completions are HOT updates', async () => {
    await callWithRenewals();
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 4 * KEYS });
  });

  it('is no index where it takes over what was abandoned', async () => {
    clock = fakeTime(NOON + HOUR / 2);
    const { placeHold, callEach } = operation(async () => 'placed');
    for (const key of keys) await abandon(placeHold, key);
    await callEach();
    // Each of them wrote a claim that lost, the take-over and the completion.
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 3 * KEYS, hot: 3 * KEYS });
  });

  it('is no index where it fails, and its key is released and taken over', async () => {
    clock = fakeTime(NOON + HOUR / 2);
    const { callEach } = operation(() => Promise.reject(new Error('the bank is closed')));
    await callEach();
    await callEach();
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 4 * KEYS });
  });

  it('is an index where the hour in which a record expires is another one', async () => {
    // The second renewal is the first whose lease ends after the hour, and the completion expires before it again.
    await callWithRenewals({}, NOON - 45 * SECOND);
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 2 * KEYS });
  });

  for (const [what, options] of [
    ['the claim never expires', { onAbandoned: 'refuse' }],
    ['the outcome is kept for less than a day', { ttl: '2h' }],
  ] as const) {
    it(`is an index at the completion where ${what}`, async () => {
      await callWithRenewals(options);
      expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 3 * KEYS });
    });
  }

  it('is an index at the completion in a table that has one on the records in progress', async () => {
    table = await createTable(postgres, postgres.tableName(), { indexInProgress: true });
    await callWithRenewals();
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 3 * KEYS });
  });

  it('is an index at the completion where the outcome becomes unknown', async () => {
    clock = fakeTime(NOON + HOUR / 2);
    const { callEach } = operation(() => Promise.reject(new Error('no answer')), {
      onError: () => 'unknown',
    });
    await callEach();
    const { rows } = await postgres.query(`SELECT count(*)::int AS count FROM ${table} WHERE is_unknown`);
    expect(rows).to.deep.equal([{ count: KEYS }]);
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: KEYS, hot: 0 });
  });

  it('is an index at the completion alone, in a table that an earlier version created', async () => {
    table = await createEarlierTable(postgres);
    await callWithRenewals();
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 3 * KEYS });
  });

  it('is no index in such a table when it has been changed as UPGRADING.md says', async () => {
    table = await createEarlierTable(postgres);
    await upgradeTable(postgres, table);
    await callWithRenewals();
    expect(await written()).to.deep.equal({ inserted: KEYS, updated: 4 * KEYS, hot: 4 * KEYS });
  });
});
