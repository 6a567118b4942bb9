import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { InProgressError } from 'retrysafe';
import { restOfTurn } from '../../support/deployment.js';
import { PassingTime } from '../../support/passing-time.js';
import { rejection } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { type OpenDatabase, sqliteDrivers } from '../../support/sqlite-drivers.js';
import { type Assignment, boundaries } from './crashing-process.js';
import { Application, Transfer } from './transfers.js';

const program = fileURLToPath(new URL('./crashing-process.js', import.meta.url));
// Lease 6 s; it is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 0 } as const;

for (const driver of sqliteDrivers) {
  // Its processes use no decorators, so it is run in one mode only.
  describe(`a process that is killed, and its records in a file of SQLite, by ${driver}`, function () {
    this.timeout(20_000);
    const sqlite = useSqlite(driver);
    let path: string;
    let transfer: Transfer;

    beforeEach(() => {
      path = sqlite.createFile();
      transfer = new Transfer({ ...options, name: 'transfer' });
    });

    /** Lets a process do the transfer until it kills itself. */
    async function die(more: Pick<Assignment, 'order' | 'diesAfter' | 'isTransaction'>): Promise<void> {
      const child: ChildProcess = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const { account } = transfer;
      child.send({ driver, path, account, name: 'transfer', ...more } satisfies Assignment);
      const [, signal] = await once(child, 'exit');
      expect(signal).to.equal('SIGKILL');
    }

    /** What the next process finds in the file: how often the business was done, and what became of the record. */
    function traces(database: OpenDatabase) {
      const [row, ...others] = database.prepare('SELECT state FROM idempotency').all() as { state: string }[];
      expect(others).to.deep.equal([]);
      const transfers = database
        .prepare('SELECT receipt FROM transfers WHERE account = ?')
        .all(transfer.account);
      return { transfers: transfers.length, status: JSON.parse(String(row?.state)).status };
    }

    for (const [order, names] of Object.entries(boundaries) as [Assignment['order'], readonly string[]][]) {
      for (const diesAfter of names as readonly Assignment['diesAfter'][]) {
        it(`after ${diesAfter} of the transaction, the ${order}: business and record agree, and the retry ends with one effect`, async () => {
          await die({ order, diesAfter, isTransaction: true });
          const isCommitted = diesAfter === 'COMMIT' || diesAfter === 'return';
          const application = new Application(sqlite.open(path));
          expect(traces(application.database)).to.deep.equal(
            isCommitted ? { transfers: 1, status: 'completed' } : { transfers: 0, status: 'in-progress' },
          );

          const time = new PassingTime({ quiet: restOfTurn });
          try {
            const retry = () => time.until(transfer.at(application));
            if (!isCommitted) {
              expect(await rejection(retry()), 'its lease has not lapsed').to.be.instanceOf(InProgressError);
              await time.pass(7_100);
            }
            const outcome = isCommitted ? { by: 'the process that was killed' } : { run: 1 };
            expect(await retry()).to.deep.equal(outcome);
            expect(await retry()).to.deep.equal(outcome);
          } finally {
            time.restore();
          }
          expect(transfer.runs).to.equal(isCommitted ? 0 : 1);
          expect(traces(application.database)).to.deep.equal({ transfers: 1, status: 'completed' });
        });
      }
    }

    it('right after its call returned: its outcome is there', async () => {
      await die({ order: 'business first', diesAfter: 'return', isTransaction: false });
      const application = new Application(sqlite.open(path));
      expect(await transfer.at(application)).to.deep.equal({ by: 'the process that was killed' });
      expect(transfer.runs).to.equal(0);
    });
  });

  describe(`a file of SQLite that is closed and opened again, by ${driver}`, () => {
    const sqlite = useSqlite(driver);

    it('has the outcomes that were recorded, and its claims', async () => {
      const path = sqlite.createFile();
      const transfer = new Transfer(options);
      const running = new Transfer({ ...options, name: 'running' });
      const before = new Application(sqlite.open(path));
      expect(await transfer.at(before)).to.deep.equal({ run: 1 });
      void running.at(before, () => new Promise(() => {}));
      await restOfTurn();
      before.database.close();

      const after = new Application(sqlite.open(path));
      expect(await transfer.at(after)).to.deep.equal({ run: 1 });
      expect(transfer.runs).to.equal(1);
      expect(await rejection(running.at(after))).to.be.instanceOf(InProgressError);
    });

    // Only node:sqlite has handles that can be opened again.
    if (driver !== 'node:sqlite') return;
    it('is served by the same store, where that is by the same handle', async () => {
      const database = sqlite.open() as OpenDatabase & { open(): void };
      const transfer = new Transfer(options);
      const application = new Application(database);
      expect(await transfer.at(application)).to.deep.equal({ run: 1 });
      database.close();
      expect(await rejection(transfer.at(application))).to.have.property('name', 'StoreError');
      database.open();
      expect(await transfer.at(application)).to.deep.equal({ run: 1 });
    });
  });
}
