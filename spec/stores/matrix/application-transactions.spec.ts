import { sqliteDrivers } from '../../support/sqlite-drivers.js';
import * as dynamoDB from '../dynamodb/transfer-stages.js';
import * as postgres from '../postgres/transfer-stages.js';
import * as sqlite from '../sqlite/transfer-stages.js';
import {
  lostClaims,
  noCompletions,
  type TransactionStage,
  transactions,
} from './application-transactions.js';

const lines: Readonly<Record<string, () => TransactionStage>> = {
  DynamoDB: dynamoDB.useTransactions,
  PostgreSQL: postgres.useTransactions,
  ...Object.fromEntries(
    sqliteDrivers.map((driver) => [`SQLite by ${driver}`, () => sqlite.useTransactions(driver)]),
  ),
};

for (const [title, use] of Object.entries(lines)) {
  describe(`a completion in a transaction of the application, on ${title}`, () => {
    const stage = use();

    transactions(stage);
    describe('whose claim is lost', () => lostClaims(stage));
    noCompletions(stage);
  });
}
