// A process of the application that does one transfer, and ends by SIGKILL where its parent says.
import { currentExecution, makeIdempotent } from 'retrysafe';
import { openDatabase, type SqliteDriver } from '../../support/sqlite-drivers.js';
import { Application } from './transfers.js';

/** After which statement it ends, in two orders of them; or when the call has returned. */
export const boundaries = {
  'business first': ['completion', 'BEGIN', 'business', 'complete', 'COMMIT', 'return'],
  'completion first': ['completion', 'BEGIN', 'complete', 'business', 'COMMIT', 'return'],
} as const;

export interface Assignment {
  readonly driver: SqliteDriver;
  readonly path: string;
  readonly account: string;
  readonly name: string;
  readonly order: keyof typeof boundaries;
  /** `none` where the method does not complete by itself. */
  readonly diesAfter: (typeof boundaries)[keyof typeof boundaries][number];
  /** Whether the method completes the call in its own transaction. */
  readonly isTransaction: boolean;
}

process.once('message', async (assignment: Assignment) => {
  const { driver, path, account, name, order, diesAfter, isTransaction } = assignment;
  const application = new Application(openDatabase(driver, path));
  const { database, store } = application;
  const receipt = { by: 'the process that was killed' };
  const reached = (boundary: string) => {
    // Nothing of this process happens after it.
    if (boundary === diesAfter) process.kill(process.pid, 'SIGKILL');
  };
  const transfer = makeIdempotent(
    async (_account: string) => {
      if (!isTransaction) return receipt;
      const completion = await currentExecution().completion(receipt);
      const statements = {
        completion: () => {},
        BEGIN: () => database.exec('BEGIN IMMEDIATE'),
        business: () => application.add(account, receipt),
        complete: () => store.complete(completion),
        COMMIT: () => database.exec('COMMIT'),
        return: () => {},
      };
      for (const boundary of boundaries[order]) {
        if (boundary === 'return') break;
        statements[boundary]();
        reached(boundary);
      }
      return receipt;
    },
    { name, store, lease: 6, clockTolerance: 1 },
  );
  await transfer(account);
  reached('return');
  // A process that comes here was not killed.
  process.disconnect();
});
