import * as dynamoDB from '../dynamodb/transfer-stages.js';
import * as postgres from '../postgres/transfer-stages.js';
import { type FaultStage, lostAnswers, obstacles, renewalsInFlight } from './transaction-faults.js';

const lines: Readonly<Record<string, () => FaultStage>> = {
  DynamoDB: dynamoDB.useTransactionFaults,
  PostgreSQL: postgres.useTransactionFaults,
};

for (const [title, use] of Object.entries(lines)) {
  describe(`a transaction with a completion that goes wrong, on ${title}`, () => {
    const stage = use();

    describe('because a renewal is in flight', () => renewalsInFlight(stage));
    describe('after it committed, since its answer is lost', () => lostAnswers(stage));
    describe('before it committed', () => obstacles(stage));
  });
}
