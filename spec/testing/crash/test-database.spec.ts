import { expect } from 'chai';
import { ClaimLostError, ConfigurationError, currentExecution, makeIdempotent } from 'retrysafe';
import {
  type CrashSetting,
  crashTest,
  type TestDatabase,
  type TestTransaction,
  TransactionConflictError,
} from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

/** The database of a crash test, outside of its calls. */
async function settingOf(): Promise<CrashSetting> {
  let kept: CrashSetting | undefined;
  await crashTest({
    setUp: (setting) => {
      kept = setting;
    },
    calls: [() => {}],
    invariant: () => {},
    faults: 0,
  });
  return kept as CrashSetting;
}

describe('the database of a crash test', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    ({ database } = await settingOf());
  });

  it('writes all of a transaction, or nothing', async () => {
    const accounts = database.table<{ cents: number }>('accounts');
    await database.transaction((tx) => {
      tx.put(accounts, 'A', { cents: 1 });
      tx.put(accounts, 'B', { cents: 2 });
      tx.delete(accounts, 'A');
      expect(tx.get(accounts, 'A')).to.equal(undefined);
      expect(accounts.get('B')).to.equal(undefined);
    });
    expect(accounts.rows()).to.deep.equal([{ cents: 2 }]);
    const error = await rejection(
      database.transaction((tx) => {
        tx.put(accounts, 'B', { cents: 3 });
        throw new RangeError('no');
      }),
    );
    expect(error).to.be.instanceOf(RangeError);
    expect(accounts.get('B')).to.deep.equal({ cents: 2 });
  });

  it('keeps copies, so that nobody changes a row but by a transaction', async () => {
    const rows = database.table<{ cents: number }>('rows');
    const row = { cents: 1 };
    await database.transaction((tx) => tx.put(rows, 'A', row));
    row.cents = 2;
    (rows.get('A') as { cents: number }).cents = 3;
    expect(database.table('rows').get('A')).to.deep.equal({ cents: 1 });
  });

  it('refuses a transaction of which another one has changed what it read', async () => {
    const rows = database.table<number>('rows');
    const add = (tx: TestTransaction) => tx.put(rows, 'A', (tx.get(rows, 'A') ?? 0) + 1);
    const error = await rejection(
      database.transaction(async (tx) => {
        add(tx);
        await database.transaction(add);
      }),
    );
    expect(error).to.be.instanceOf(TransactionConflictError).and.to.have.property('code', '40001');
    expect(rows.get('A')).to.equal(1);
  });

  it('refuses a transaction that has read all rows, where another one has added one', async () => {
    const seats = database.table<string>('seats');
    const take = (who: string) => (tx: TestTransaction) => {
      if (tx.rows(seats).length === 0) tx.put(seats, who, who);
    };
    const error = await rejection(
      database.transaction(async (tx) => {
        take('A')(tx);
        expect(tx.rows(seats)).to.deep.equal(['A']);
        await database.transaction(take('B'));
      }),
    );
    expect(error).to.be.instanceOf(TransactionConflictError);
    expect(seats.rows()).to.deep.equal(['B']);
  });

  it('refuses what comes after the end of a transaction', async () => {
    const rows = database.table<number>('rows');
    let late: TestTransaction | undefined;
    await database.transaction((tx) => {
      late = tx;
    });
    expect(() => late?.put(rows, 'A', 1)).to.throw(ConfigurationError, /await everything .* inside/);
  });

  it('completes a call with the work, or neither, wherever its process dies', async () => {
    const lost = new Set<unknown>();
    const report = await crashTest({
      setUp: ({ store, database: own }) => {
        const refunds = own.table<string>('refunds');
        const refund = makeIdempotent(
          async (id: string) => {
            const completion = await currentExecution().completion(id);
            const work = own.transaction(async (tx) => {
              tx.put(refunds, `${refunds.rows().length + 1}`, id);
              await store.complete(tx, completion);
            });
            await work.catch((error: unknown) => {
              lost.add((error as Error).constructor);
              throw error;
            });
            return id;
          },
          { name: 'refunds.refund', key: (id) => id, store },
        );
        return { refunds, refund };
      },
      calls: [({ refund }) => refund('R-1'), ({ refund }) => refund('R-1')],
      invariant: ({ refunds }) => expect(refunds.rows()).to.deep.equal(['R-1']),
    });
    expect(report.effects).to.include.keys('the transaction');
    // That of a process which stood still until another one had taken over.
    expect(lost).to.include(ClaimLostError);
  });

  it('refuses what is no completion', async () => {
    const { store, database: own } = await settingOf();
    const error = await rejection(own.transaction((tx) => store.complete(tx, {} as never)));
    expect(error).to.be.instanceOf(ConfigurationError);
    expect((error as Error).message).to.include('TestStore: complete()');
    const other = await rejection(store.complete({} as never, {} as never));
    expect(other).to.be.instanceOf(ConfigurationError);
  });
});
