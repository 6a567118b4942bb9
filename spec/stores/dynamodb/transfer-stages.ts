import { expect } from 'chai';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { type DynamoDBFixture, useDynamoDB } from '../../support/dynamodb.js';
import { type DynamoDBProxy, type Fate, fault, useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { Traffic } from '../../support/dynamodb-traffic.js';
import { rejection } from '../../support/rejection.js';
import type { TransactionStage } from '../matrix/application-transactions.js';
import type { FaultStage } from '../matrix/transaction-faults.js';
import { type TransferScene, useTransfers } from '../matrix/transfer-scene.js';
import type { Assignment } from './transferring-process.js';
import { Application } from './transfers.js';

type Tables = Assignment['tables'];

function useTables(dynamoDB: DynamoDBFixture): () => Tables {
  let tables: Tables;
  before(async () => {
    tables = { records: await dynamoDB.createTable(), accounts: await dynamoDB.createTable() };
  });
  return () => tables;
}

interface TransactionsOnDynamoDB extends TransactionStage {
  readonly dynamoDB: DynamoDBFixture;
  readonly scene: () => TransferScene<Application>;
  tables(): Tables;
  /** The commands that were sent in this spec. */
  sent(): readonly string[];
  application(more?: Partial<DynamoDBStoreOptions>): Application;
}

/** Gives the specs of a `describe` two processes that reach DynamoDB by themselves. */
export function useTransactions(): TransactionsOnDynamoDB {
  const dynamoDB = useDynamoDB();
  const tables = useTables(dynamoDB);
  const traffic = new Traffic();
  beforeEach(() => {
    traffic.sent.length = 0;
  });
  const application = (more: Partial<DynamoDBStoreOptions> = {}) => {
    const client = traffic.watch(dynamoDB.client());
    const { records, accounts } = tables();
    return new Application(client, new DynamoDBStore({ client, tableName: records, ...more }), accounts);
  };
  return {
    dynamoDB,
    tables,
    scene: useTransfers(traffic, () => [application(), application()]),
    sent: () => traffic.sent,
    application,
    expectRefusal: expectCancelled,
    expectUndone(error) {
      expectCancelled(error);
      const reasons = (error as { CancellationReasons: { Code: string }[] }).CancellationReasons;
      expect(reasons.map(({ Code }) => Code)).to.deep.equal(['None', 'ConditionalCheckFailed']);
    },
  };
}

interface FaultsOnDynamoDB extends FaultStage {
  readonly dynamoDB: DynamoDBFixture;
  readonly proxy: DynamoDBProxy;
  readonly scene: () => TransferScene<Application>;
  tables(): Tables;
  /** A process behind the network whose client sends a request so often at most. */
  throughProxy(maxAttempts: number): Application;
}

/** Gives the specs of a `describe` two processes. The first is behind a network. */
export function useTransactionFaults(): FaultsOnDynamoDB {
  const dynamoDB = useDynamoDB();
  const proxy = useDynamoDBProxy(dynamoDB);
  const tables = useTables(dynamoDB);
  const application = (client: Application['client']) => {
    const { records, accounts } = tables();
    return new Application(client, new DynamoDBStore({ client, tableName: records }), accounts);
  };
  const throughProxy = (maxAttempts: number) => application(proxy.client({ maxAttempts }));
  const scene = useTransfers(proxy, () => [throughProxy(1), application(proxy.directClient())]);
  const meets = (fate: Fate) => () => void proxy.next('transaction', fate);
  return {
    dynamoDB,
    proxy,
    tables,
    scene,
    throughProxy,
    network: {
      next: (kind, ...fates) => void proxy.next(kind, ...fates),
      count: (kind) => proxy.count(kind),
      arrived: (kind) => proxy.arrived(kind),
      held: () => proxy.held.length,
      async deliver(end) {
        const answer = await proxy.deliver();
        if (end)
          expect(answer.fault).to.equal(end === 'refused' ? 'TransactionCanceledException' : undefined);
      },
    },
    transactions() {
      const refused = proxy.of('transaction').filter(({ answer }) => answer?.fault !== undefined);
      return { begun: proxy.count('transaction'), refused: refused.length };
    },
    loseAnswer: meets('lose'),
    expectLostConnection,
    expectRefused: expectCancelled,
    obstacles: {
      'was cancelled': { arise: meets(fault('TransactionCanceledException')), expect: expectCancelled },
      'met a fault': {
        arise: meets(fault('InternalServerError', 500)),
        expect: (error) => void expect(error).to.have.property('name', 'InternalServerError'),
      },
      'was cut off': { arise: meets('late'), expect: expectLostConnection },
    },
    async leaveOpen(completion) {
      const { here, transfer } = scene();
      proxy.next('transaction', 'late');
      await rejection(here.commit(transfer.account, completion));
      return () => proxy.deliver();
    },
  };
}

function expectLostConnection(error: unknown): void {
  expect(error).to.have.property('code', 'ECONNRESET');
}

function expectCancelled(error: unknown): void {
  expect(error).to.have.property('name', 'TransactionCanceledException');
}
