import { expect } from 'chai';
import { ClaimLostError } from 'retrysafe';
import { restOfTurn } from '../../support/deployment.js';
import { useSqlite } from '../../support/sqlite.js';
import type { SqliteDriver } from '../../support/sqlite-drivers.js';
import type { TransactionStage } from '../matrix/application-transactions.js';
import { type TransferScene, useTransfers } from '../matrix/transfer-scene.js';
import { Application, noMoney } from './transfers.js';

interface TransactionsOnSqlite extends TransactionStage {
  readonly scene: () => TransferScene<Application>;
}

/** Gives the specs of a `describe` two processes with one file. */
export function useTransactions(driver: SqliteDriver): TransactionsOnSqlite {
  const sqlite = useSqlite(driver);
  const scene = useTransfers({ quiet: restOfTurn }, () => {
    const path = sqlite.createFile();
    return [new Application(sqlite.open(path)), new Application(sqlite.open(path))];
  });
  return {
    scene,
    expectRefusal: (error) => void expect(error).to.equal(noMoney),
    expectUndone(error) {
      expect(error).to.be.instanceOf(ClaimLostError);
      expect(error).to.have.property('key', scene().transfer.key);
    },
  };
}
