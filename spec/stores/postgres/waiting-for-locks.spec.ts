import { expect } from 'chai';
import {
  currentExecution,
  type IdempotentOptions,
  makeIdempotent,
  OutcomeUnknownError,
  StoreError,
} from 'retrysafe';
import { PostgresStore, schema } from 'retrysafe/postgres';
import sinon from 'sinon';
import { defer } from '../../support/defer.js';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import { rejection } from '../../support/rejection.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { usePGlite } from './embedded.js';
import { blocked } from './tables.js';
import { Application, createTables, type Tables, Transfer } from './transfers.js';

const doneOnce = { runs: 1, transfers: 1, status: 'completed' };

// A wait for a row's lock takes real time, so these specs do, too.
describe('a transaction that is open when others ask, on PostgreSQL', () => {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let tables: Tables;
  let elsewhere: Application;

  before(async () => {
    tables = await createTables(postgres);
    elsewhere = application(postgres.pool());
  });

  function application(client: Application['pool']): Application {
    return new Application(client, new PostgresStore({ client, table: tables.records }), tables.accounts);
  }

  describe('with its completion done and its COMMIT on the way', () => {
    // A store call is given up after 500 ms, and then repeated once.
    const short: IdempotentOptions = { lease: '1500ms', clockTolerance: 0.1, wait: 5 };
    const long: IdempotentOptions = { lease: 15, wait: 10 };

    it('keeps a duplicate waiting at the row, which then replays at once', async () => {
      const transfer = new Transfer(long);
      proxy.next(statement.commit, 'hold');
      const running = transfer.at(application(proxy.pool()));
      await proxy.arrived(statement.commit);
      const duplicate = transfer.at(elsewhere);
      await blocked(postgres, tables.records, 1);
      await proxy.deliver();
      expect(await Promise.all([running, duplicate])).to.deep.equal([{ run: 1 }, { run: 1 }]);
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });

    it('lets a duplicate that waits already look as before', async () => {
      const transfer = new Transfer(long);
      const goOn = defer();
      const running = transfer.at(application(proxy.pool()), (at) =>
        goOn.promise.then(() => transfer.commitReceipt(at)),
      );
      await proxy.applied(statement.claim);
      const duplicate = transfer.at(application(proxy.pool()));
      await proxy.applied(statement.find);
      proxy.next(statement.commit, 'hold');
      goOn.resolve();
      await proxy.arrived(statement.commit);
      await proxy.applied(statement.find, proxy.count(statement.find) + 1);
      await proxy.deliver();
      expect(await Promise.all([running, duplicate])).to.deep.equal([{ run: 1 }, { run: 1 }]);
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });

    it('costs a duplicate a StoreError where it stays so, and the next one replays', async () => {
      const transfer = new Transfer(short);
      proxy.next(statement.commit, 'hold');
      const running = transfer.at(application(proxy.pool()));
      await proxy.arrived(statement.commit);
      const error = await rejection(transfer.at(elsewhere));
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.include({ step: 'claim' });
      await proxy.deliver();
      expect(await running).to.deep.equal({ run: 1 });
      expect(await transfer.at(elsewhere)).to.deep.equal({ run: 1 });
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });

    it('that is cut off and arrives when its caller has the error: the retry replays', async () => {
      const transfer = new Transfer(short);
      proxy.next(statement.commit, 'late');
      const error = await rejection(transfer.at(application(proxy.pool())));
      expect(error)
        .to.have.property('message')
        .that.matches(/Connection terminated/);
      await proxy.deliver();
      expect(await transfer.at(elsewhere)).to.deep.equal({ run: 1 });
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });

    it('that is cut off and never arrives: the retry runs when the server knows of it, and the business is done once', async () => {
      const transfer = new Transfer(short);
      proxy.next(statement.commit, 'late');
      await rejection(transfer.at(application(proxy.pool())));
      const retried = transfer.at(elsewhere);
      await blocked(postgres, tables.records, 3);
      proxy.breakConnections();
      expect(await retried).to.deep.equal({ run: 2 });
      expect(await transfer.traces(elsewhere)).to.deep.equal({ ...doneOnce, runs: 2 });
    });

    it('that commits after all when the method has swallowed that and the key was to become unknown', async () => {
      const transfer = new Transfer({ ...long, lease: '1500ms' });
      proxy.next(statement.commit, 'late');
      const swallowing = transfer.at(application(proxy.pool()), (at) =>
        rejection(transfer.commitReceipt(at)).then(() => ({ run: 1 })),
      );
      await proxy.arrived(statement.unknown);
      await blocked(postgres, tables.records, 1);
      await proxy.deliver();
      expect(await swallowing).to.deep.equal({ run: 1 });
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });
  });

  describe('on a pool of one connection', () => {
    /** Asks for the completion with the transaction open, when so many milliseconds of the lease have passed at once. */
    async function askInside(passed: number) {
      const transfer = new Transfer({ lease: 10, renewFor: 20, wait: 10 });
      const single = application(postgres.pool({ max: 1 }));
      const seen = { lasted: 0, fault: undefined as unknown, isUndone: false };
      const call = transfer.at(single, (at) =>
        at.transaction(async (tx) => {
          await at.add(tx, transfer.account);
          const clock = sinon.useFakeTimers({ now: Date.now() + passed, toFake: ['Date'] });
          const from = performance.now();
          try {
            await at.store.complete(tx, await currentExecution().completion('done'));
            return 'done';
          } catch (error) {
            seen.fault = error;
            await tx.query('ROLLBACK');
            seen.isUndone = true;
            throw error;
          } finally {
            seen.lasted = performance.now() - from;
            clock.restore();
          }
        }),
      );
      const answer = await call.catch((error: unknown) => error);
      return { transfer, single, answer, ...seen };
    }

    it('simply works where the completion needs no renewal', async () => {
      const { transfer, single, answer, lasted } = await askInside(0);
      expect(answer).to.equal('done');
      // One that waited for the connection would be given up after a second.
      expect(lasted).to.be.below(900);
      expect(await transfer.traces(single)).to.deep.equal(doneOnce);
    });

    it('fails in little more than a second where it does, and says to ask before the transaction begins', async () => {
      const asking: ReturnType<typeof askInside>[] = [];
      const unhandled = await unhandledDuring(async () => {
        asking.push(askInside(5_500));
        await asking[0];
      });
      expect(unhandled).to.deep.equal([]);
      const [result] = await Promise.all(asking);
      const { transfer, single, answer, fault, lasted, isUndone } = result as NonNullable<typeof result>;
      expect(fault).to.be.instanceOf(StoreError);
      expect(fault)
        .to.have.property('message')
        .that.matches(
          /ask for the completion before the transaction begins, which may hold the only connection/,
        );
      expect(answer).to.equal(fault);
      expect(lasted).to.be.within(900, 2_000);
      expect(isUndone, 'the transaction could still be rolled back').to.equal(true);
      expect(await transfer.traces(single), 'the connection is free again').to.deep.equal({
        runs: 1,
        transfers: 0,
        status: 'released',
      });
      expect(await transfer.at(single)).to.deep.equal({ run: 2 });
      expect(await transfer.traces(single)).to.deep.equal({ ...doneOnce, runs: 2 });
    });
  });
});

describe('a transaction on PGlite', () => {
  const db = usePGlite();
  let store: PostgresStore;
  let count = 0;

  before(async () => {
    const table = 'records';
    await db().exec(schema(table));
    await db().exec('CREATE TABLE transfers (id text)');
    store = new PostgresStore({ client: db(), table });
  });

  type Work = (id: string) => Promise<unknown>;

  function operation(work: Work, options: IdempotentOptions = {}) {
    count += 1;
    return makeIdempotent((id: string) => work(id), { name: `on PGlite ${count}`, store, ...options });
  }

  async function transfersOf(id: string): Promise<number> {
    return (await db().query('SELECT FROM transfers WHERE id = $1', [id])).rows.length;
  }

  const commit = async (id: string) => {
    const completion = await currentExecution().completion('done');
    await db().transaction(async (tx) => {
      await tx.query('INSERT INTO transfers VALUES ($1)', [id]);
      await store.complete(tx, completion);
    });
    return 'done';
  };

  it('commits with the completion, and the outcome is replayed', async () => {
    const transfer = operation(commit);
    expect([await transfer('a'), await transfer('a')]).to.deep.equal(['done', 'done']);
    expect(await transfersOf('a')).to.equal(1);
  });

  it('is rolled back with the completion', async () => {
    const transfer = operation(async (id) => {
      const completion = await currentExecution().completion('done');
      await db().transaction(async (tx) => {
        await tx.query('INSERT INTO transfers VALUES ($1)', [id]);
        await store.complete(tx, completion);
        throw new Error('no money');
      });
    });
    expect(await rejection(transfer('b'))).to.have.property('message', 'no money');
    expect(await transfersOf('b')).to.equal(0);
  });

  it('is never reported as completed where the method swallows that it was rolled back', async () => {
    const transfer = operation(async (id) => {
      const completion = await currentExecution().completion('done');
      await db().transaction(async (tx) => {
        await tx.query('INSERT INTO transfers VALUES ($1)', [id]);
        await store.complete(tx, completion);
        await tx.rollback();
      });
      return 'done';
    });
    expect(await rejection(transfer('c'))).to.be.instanceOf(OutcomeUnknownError);
    expect(await transfersOf('c')).to.equal(0);
  });

  it('fails in little more than a second where the completion needs a renewal, for which there is no connection', async () => {
    let asked = 0;
    const transfer = operation(
      (id) =>
        db().transaction(async (tx) => {
          await tx.query('INSERT INTO transfers VALUES ($1)', [id]);
          await new Promise((resolve) => setTimeout(resolve, 1_700));
          const from = performance.now();
          try {
            await store.complete(tx, await currentExecution().completion('done'));
          } finally {
            asked = performance.now() - from;
          }
        }),
      { lease: 3 },
    );
    const error = await rejection(transfer('d'));
    expect(error).to.be.instanceOf(StoreError);
    expect(error)
      .to.have.property('message')
      .that.includes('ask for the completion before the transaction begins');
    expect(asked).to.be.below(2_500);
    expect(await transfersOf('d')).to.equal(0);
  });
});
