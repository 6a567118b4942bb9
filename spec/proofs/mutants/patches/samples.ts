import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What people copy: the samples. */
export const samples: readonly Mutant[] = [
  {
    name: 'bank-asked-under-a-new-key',
    flaw: 'The sample’s bank gets another key with every attempt, so that it places the hold again.',
    changes: [
      {
        file: 'samples/pre-fund/app/core-bank.ts',
        replace: "'Idempotency-Key': deriveKey(label)",
        by: "'Idempotency-Key': deriveKey(label + String(Math.random()))",
      },
    ],
    caughtBy: [specs('package/samples/recovery')],
  },
  {
    name: 'silent-bank-counts-as-away',
    flaw: 'The sample takes a bank that gives no answer in time for one that got no request, and so runs again without asking.',
    changes: [
      {
        file: 'samples/pre-fund/app/core-bank.ts',
        replace: "throw new BankSilent('The core bank gave no answer in time.', { cause });",
        by: "throw new BankUnavailable('The core bank gave no answer in time.', { cause });",
      },
    ],
    caughtBy: [specs('package/samples/recovery')],
  },
  {
    name: 'bank-asked-after-the-loss',
    flaw: 'The sample goes on with a request to the bank after its claim was lost.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'samples/pre-fund/app/core-bank.ts',
        replace: "    lost.addEventListener('abort', abort);\n",
        by: '',
      },
    ],
    caughtBy: [specs('package/samples/recovery')],
  },
  {
    name: 'settlement-that-resets-the-balance',
    flaw: 'The sample allows to pay back the whole amount again with every repeated settlement.',
    changes: [
      {
        file: 'samples/pre-fund/app/refunds.ts',
        replace: 'if_not_exists(refundableCents, :cents)',
        by: ':cents',
      },
    ],
    caughtBy: [specs('package/samples/settlement-consumer')],
  },
  {
    name: 'balance-not-waited-for',
    flaw: 'The sample answers a settlement before it is known that the money can be paid back.',
    changes: [
      {
        file: 'samples/pre-fund/app/pre-fund-service.ts',
        replace: 'await this.refunds.allow(settlement);',
        by: 'this.refunds.allow(settlement).catch(() => {});',
      },
    ],
    caughtBy: [specs('package/samples/settlement-consumer')],
  },
  {
    name: 'busy-balance-taken-for-an-empty-one',
    flaw: 'The sample refuses a refund for good where another one of the same transaction is being made.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'samples/pre-fund/app/refunds.ts',
        replace: "if (codes.includes('TransactionConflict'))",
        by: "if (refund === 'TransactionConflict')",
      },
      {
        file: 'samples/pre-fund/app/refunds.ts',
        replace: "if (balance === 'ConditionalCheckFailed') {",
        by: "if (balance === 'ConditionalCheckFailed' || balance === 'TransactionConflict') {",
      },
    ],
    caughtBy: [specs('package/samples/refunds')],
  },
  {
    name: 'states-of-all-executions-meet',
    flaw: 'The sample’s workflow step takes the same state of another execution for a retry.',
    changes: [
      {
        file: 'samples/pre-fund/app/pre-fund-service.ts',
        replace: "key: '[execution, state]'",
        by: "key: 'state'",
      },
    ],
    caughtBy: [specs('package/samples/workflow-step')],
  },
  {
    name: 'transfer-that-overdraws-items',
    flaw: 'The sample takes more money from an item than there is.',
    changes: [
      {
        file: 'samples/exactly-once/transfers-on-dynamodb.ts',
        replace: "this.#addition(from, -cents, { ConditionExpression: 'cents >= :needed', needed: cents }),",
        by: "this.#addition(from, -cents, { ConditionExpression: 'cents >= :needed', needed: 0 }),",
      },
    ],
    caughtBy: [specs('package/samples/exactly-once.long')],
  },
  {
    name: 'transfer-that-overdraws',
    flaw: 'The sample takes more money from an account than there is.',
    changes: [
      {
        file: 'samples/exactly-once/transfers-on-postgres.ts',
        replace: 'WHERE id = $1 AND cents >= $2 RETURNING id',
        by: 'WHERE id = $1 RETURNING id',
      },
    ],
    caughtBy: [specs('package/samples/exactly-once.long')],
  },
];
