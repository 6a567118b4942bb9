import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import type { Pool } from 'pg';
import { type IdempotentOptions, makeIdempotent, recordOf } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import type { TcpFate } from '../../support/tcp-proxy.js';
import { createTable } from './tables.js';
import { type Assignment, type Boundary, boundaries, doTransfer } from './transferring-process.js';
import { Application } from './transfers.js';

const program = new URL('./transferring-process.js', import.meta.url);
const options = { lease: '1500ms', clockTolerance: 0.1, wait: 20 } as const satisfies IdempotentOptions;
const killed = { by: 'the process that was killed' };
const retry = { by: 'the retry' };

/** What stands in the two tables. */
interface Standing {
  readonly business: readonly object[];
  readonly status: string | undefined;
}

// Its processes use no decorators, so it is run in one mode only.
describe('a process that is killed in the middle of its transaction, on PostgreSQL', function () {
  this.timeout(30_000);
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  const told: string[] = [];
  let tables: Assignment['tables'];
  let pool: Pool;
  let store: PostgresStore;
  let child: ChildProcess | undefined;
  let count = 0;
  let account: string;
  let transfer: (account: string) => Promise<object>;

  before(async () => {
    tables = { records: await createTable(postgres), accounts: postgres.tableName() };
    // A second transfer of one request would be a second row.
    await postgres.query(`CREATE TABLE ${tables.accounts} (id text, receipt text)`);
    pool = postgres.pool();
    store = new PostgresStore({ client: pool, table: tables.records });
  });

  beforeEach(() => {
    count += 1;
    account = `account ${count}`;
    const here = new Application(pool, store, tables.accounts);
    transfer = makeIdempotent((to: string) => doTransfer(here, to, retry), {
      ...options,
      name: 'transfer',
      store,
    });
  });

  afterEach(() => {
    child?.kill('SIGKILL');
  });

  after(() => console.log(told.map((line) => `      ${line}`).join('\n')));

  async function standing(): Promise<Standing> {
    const { rows } = await pool.query(`SELECT receipt FROM ${tables.accounts} WHERE id = $1`, [account]);
    const view = await recordOf(transfer, account).inspect();
    return { business: rows.map(({ receipt }) => JSON.parse(receipt)), status: view?.status };
  }

  /** Has a process of its own do the transfer, and kills that when it is as far as `until` says. */
  async function kill(stopsAt: Boundary | undefined, until: (child: ChildProcess) => Promise<unknown>) {
    child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const exit = once(child, 'exit');
    const assignment: Assignment = {
      connection: { ...proxy.connection, max: 2 },
      tables,
      account,
      options: { ...options, name: 'transfer' },
      stopsAt,
    };
    child.send(assignment);
    await until(child);
    child.kill('SIGKILL');
    expect((await exit)[1]).to.equal('SIGKILL');
  }

  /** Asks again, and expects that the two tables agree before and after: the effect is there exactly once. */
  async function expectOnce(where: string, committed: boolean): Promise<void> {
    const after = await standing();
    expect(after).to.deep.equal(
      committed ? { business: [killed], status: 'completed' } : { business: [], status: 'in-progress' },
    );
    const answer = await transfer(account);
    expect(answer).to.deep.equal(committed ? killed : retry);
    const end = await standing();
    expect(end).to.deep.equal({ business: [answer], status: 'completed' });
    expect(await transfer(account)).to.deep.equal(answer);
    told.push(
      `killed ${where}: ${after.business.length} transfers, ${after.status}; after the retry, which ${committed ? 'replayed' : 'ran'}, ${end.business.length} transfer, ${end.status}`,
    );
  }

  for (const boundary of boundaries) {
    it(`${boundary}: the retry finds both tables in agreement, and the business is done once`, async () => {
      await kill(boundary, (process) => once(process, 'message'));
      await expectOnce(boundary, boundary === 'after COMMIT');
    });
  }

  const inFlight: readonly [string, TcpFate, boolean][] = [
    ['when COMMIT is sent, and never arrives', 'hang', false],
    ['when COMMIT is done, before its answer', 'swallow', true],
  ];
  for (const [where, fate, committed] of inFlight) {
    it(`${where}: the retry finds both tables in agreement, and the business is done once`, async () => {
      proxy.next(statement.commit, fate);
      await kill(undefined, () =>
        fate === 'hang' ? proxy.arrived(statement.commit) : proxy.applied(statement.commit),
      );
      await expectOnce(where, committed);
    });
  }

  it('when COMMIT is sent, and arrives later: the retry waits for that, and the business is done once', async () => {
    proxy.next(statement.commit, 'hold');
    await kill(undefined, () => proxy.arrived(statement.commit));
    expect(await standing()).to.deep.equal({ business: [], status: 'in-progress' });
    await proxy.deliver();
    await expectOnce('when COMMIT is sent, and it arrives before the retry', true);
  });

  it('when it has not answered yet, but all is recorded: the retry replays, and the business is done once', async () => {
    // The look by which the engine makes sure is the last that a call does before its method's answer is passed on.
    proxy.next(statement.find, 'hang');
    await kill(undefined, () => proxy.arrived(statement.find));
    await expectOnce('before its answer', true);
  });
});
