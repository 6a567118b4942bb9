import { expect } from 'chai';
import { type Client, escapeIdentifier, Pool } from 'pg';
import { type IdempotencyRecord, StoreError } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { type PostgresFixture, usePostgres } from '../../support/postgres.js';
import { record } from './records.js';
import { blocked, createTable } from './tables.js';

const contestants = 50;

const claimExpired = (store: PostgresStore, key: string) =>
  store.claim(record({ key, token: 'old.1', expiresAt: 1 }), 0);

interface Scenario {
  /** What stands when they begin. Where nothing does, they meet at a row that is never committed. */
  readonly prepare?: (store: PostgresStore, key: string) => Promise<unknown>;
  readonly call: (store: PostgresStore, key: string, index: number) => Promise<IdempotencyRecord | undefined>;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'claims on a free key': { call: (store, key) => store.claim(record({ key }), Date.now()) },
  'claims on an expired record': {
    prepare: claimExpired,
    call: (store, key) => store.claim(record({ key }), Date.now()),
  },
  'replaces of one record': {
    prepare: (store, key) => store.claim(record({ key, token: 'old.1' }), 0),
    call: (store, key) => store.replace(record({ key }), 'old.1'),
  },
  'claims on an expired record and replaces of it': {
    prepare: claimExpired,
    call: (store, key, index) =>
      index % 2 ? store.claim(record({ key }), Date.now()) : store.replace(record({ key }), 'old.1'),
  },
};

/** Gives the specs of a `describe` pools of one connection each, with a store on each. */
function useStores(postgres: PostgresFixture, tableName: () => string, isolation: string) {
  const pools: Pool[] = [];
  const stores: PostgresStore[] = [];
  before(async () => {
    const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`;
    for (let index = 0; index < contestants; index += 1) {
      const client = new Pool({ ...postgres.connection, max: 1, options });
      pools.push(client);
      stores.push(new PostgresStore({ client, table: tableName() }));
    }
    await Promise.all(pools.map((pool) => pool.query('SELECT 1')));
  });
  // Before the next describe opens as many.
  after(() => Promise.all(pools.map((pool) => pool.end())));
  return { pools, stores };
}

describe('simultaneous calls on 50 connections', function () {
  this.timeout(60_000);
  const postgres = usePostgres();
  let table: string;
  /** The connection of the spec's own, which holds all others back. */
  let gate: Client;

  before(async function () {
    postgres.needsServer(this);
    table = await createTable(postgres);
    gate = await postgres.client();
  });

  /**
   * Lets all calls go on at the same moment. When all of them have begun, and so have seen the table as it is, they wait
   * at the row: for a lock on it, or where there is none for an insertion, which then does not happen.
   */
  async function race<T>(key: string, hasRow: boolean, calls: (() => Promise<T>)[]) {
    const name = escapeIdentifier(table);
    await gate.query('BEGIN');
    if (hasRow) await gate.query(`SELECT FROM ${name} WHERE key = $1 FOR UPDATE`, [key]);
    else await gate.query(`INSERT INTO ${name} VALUES ($1, 'gate.1', 0, '{}')`, [key]);
    const answers = Promise.allSettled(calls.map((call) => call()));
    await blocked(postgres, table, calls.length);
    await gate.query('ROLLBACK');
    return answers;
  }

  /** Lets all stores play their part in a scenario at the same moment; then tells what stands. */
  async function contest({ prepare, call }: Scenario, stores: readonly PostgresStore[], key: string) {
    const [first] = stores as [PostgresStore, ...PostgresStore[]];
    await prepare?.(first, key);
    const answers = await race(
      key,
      prepare !== undefined,
      stores.map((store, index) => () => call(store, key, index)),
    );
    return { answers, standing: await first.find(key) };
  }

  describe('at READ COMMITTED', () => {
    const { pools, stores } = useStores(postgres, () => table, 'read committed');

    for (const [what, scenario] of Object.entries(scenarios)) {
      it(`one of ${what} wins, and all return the winner`, async () => {
        const rounds = 50;
        for (let round = 0; round < rounds; round += 1) {
          const key = `${what} ${round}`;
          const { answers, standing } = await contest(scenario, stores, key);
          expect(standing?.token, 'one of them won').to.match(/^a\d+\.1$/);
          for (const answer of answers) {
            expect(answer).to.deep.equal({ status: 'fulfilled', value: standing });
          }
        }
        console.log(
          `      ${what}: ${rounds} rounds, in each of which all ${contestants} were at the row at once`,
        );
      });
    }

    for (const [what, statement, hasRow] of [
      [
        'an insertion that reads what it lost to',
        `WITH mine AS (INSERT INTO %T VALUES ($1, $2, 0, '{}') ON CONFLICT DO NOTHING RETURNING token)
         SELECT token FROM mine UNION ALL SELECT token FROM %T WHERE key = $1 LIMIT 1`,
        false,
      ],
      [
        'a change that reads what it lost to',
        `WITH mine AS (UPDATE %T SET token = $2 WHERE key = $1 AND token = 'old.1' RETURNING token)
         SELECT token FROM mine UNION ALL SELECT token FROM %T WHERE key = $1 LIMIT 1`,
        true,
      ],
    ] as const) {
      it(`are such that ${what} tells the losers nothing, or something stale`, async () => {
        const key = what;
        if (hasRow) await claimExpired(stores[0] as PostgresStore, key);
        const text = statement.replaceAll('%T', escapeIdentifier(table));
        const answers = await race(
          key,
          hasRow,
          pools.map((pool, index) => () => pool.query(text, [key, `b.${index}`])),
        );
        const { rows } = await postgres.query(`SELECT token FROM ${escapeIdentifier(table)} WHERE key = $1`, [
          key,
        ]);
        const told = answers.map((answer) =>
          answer.status === 'fulfilled' ? answer.value.rows[0]?.token : undefined,
        );
        const wrong = told.filter((token) => token !== rows[0]?.token);
        console.log(`      ${what}: ${wrong.length} of ${contestants} were told wrong`);
        expect(wrong).to.have.length(contestants - 1);
      });
    }
  });

  for (const isolation of ['repeatable read', 'serializable']) {
    describe(`at ${isolation.toUpperCase()}, where the store does not work`, () => {
      const { stores } = useStores(postgres, () => table, isolation);

      for (const [what, scenario] of Object.entries(scenarios)) {
        it(`at most one of ${what} wins, and all others say what to do`, async () => {
          const key = `${isolation} ${what}`;
          const { answers, standing } = await contest(scenario, stores, key);
          let refused = 0;
          for (const answer of answers) {
            if (answer.status === 'fulfilled') {
              expect(answer.value).to.deep.equal(standing);
              continue;
            }
            refused += 1;
            expect(answer.reason).to.be.instanceOf(StoreError);
            expect(answer.reason.message).to.match(/READ COMMITTED.*give the store a client that does not/);
          }
          console.log(`      ${isolation}, ${what}: ${refused} of ${contestants} were refused`);
          expect(refused).to.be.above(0);
        });
      }
    });
  }
});
