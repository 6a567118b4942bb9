import { expect } from 'chai';
import { ClaimLostError } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { type PostgresProxy, statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import type { TransactionStage } from '../matrix/application-transactions.js';
import type { FaultStage } from '../matrix/transaction-faults.js';
import { type TransferScene, useTransfers } from '../matrix/transfer-scene.js';
import { Application, createTables } from './transfers.js';

interface OnPostgres {
  readonly proxy: PostgresProxy;
  readonly scene: () => TransferScene<Application>;
}

interface TransactionsOnPostgres extends TransactionStage, OnPostgres {
  readonly scene: OnPostgres['scene'];
}

interface FaultsOnPostgres extends FaultStage, OnPostgres {
  readonly scene: OnPostgres['scene'];
}

/** Gives the specs of a `describe` two processes. The first is behind a network. */
function useTwoProcesses(): OnPostgres {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let application: (client: Application['pool']) => Application;
  let elsewhere: Application;
  before(async () => {
    const { records, accounts } = await createTables(postgres);
    application = (client) =>
      new Application(client, new PostgresStore({ client, table: records }), accounts);
    elsewhere = application(proxy.directPool());
  });
  return { proxy, scene: useTransfers(proxy, () => [application(proxy.pool()), elsewhere]) };
}

/** Gives the specs of a `describe` two processes. The statements of the first are counted. */
export function useTransactions(): TransactionsOnPostgres {
  const { proxy, scene } = useTwoProcesses();
  return {
    proxy,
    scene,
    expectRefusal: (error) => void expect(error).to.have.property('code', '23514'),
    expectUndone(error) {
      expect(error).to.be.instanceOf(ClaimLostError);
      expect(error)
        .to.have.property('message')
        .that.matches(/is lost, or was completed before; roll the transaction back$/);
      expect(error).to.have.property('key', scene().transfer.key);
      expect(proxy.count(statement.commit)).to.equal(0);
      expect(proxy.count(statement.rollback)).to.equal(1);
    },
  };
}

/** Gives the specs of a `describe` two processes. The first is behind a network. */
export function useTransactionFaults(): FaultsOnPostgres {
  const { proxy, scene } = useTwoProcesses();
  const breaks = (kind: 'begin' | 'complete', fate: 'lose' | 'late') => ({
    arise: () => void proxy.next(statement[kind], fate),
    expect: expectLostConnection,
  });
  return {
    proxy,
    scene,
    network: {
      next: (kind, ...fates) => void proxy.next(statement[kind], ...fates),
      count: (kind) => proxy.count(statement[kind]),
      arrived: (kind) => proxy.arrived(statement[kind]),
      held: () => proxy.held.length,
      deliver: () => proxy.deliver(),
    },
    transactions: () => ({
      begun: proxy.count(statement.begin),
      refused: proxy.count(statement.rollback),
    }),
    loseAnswer: () => void proxy.next(statement.commit, 'lose'),
    expectLostConnection,
    expectRefused: (error) => void expect(error).to.be.instanceOf(ClaimLostError),
    obstacles: {
      'lost its connection after its BEGIN': breaks('begin', 'lose'),
      'lost its connection before its BEGIN': breaks('begin', 'late'),
      'lost its connection after its completion': breaks('complete', 'lose'),
      'lost its connection before its completion': breaks('complete', 'late'),
    },
    // Another part of the process has the connection.
    leaveOpen: async (completion) => {
      const { here, transfer } = scene();
      return () => here.commit(transfer.account, completion);
    },
  };
}

function expectLostConnection(error: unknown): void {
  expect(error)
    .to.have.property('message')
    .that.matches(/Connection terminated unexpectedly/);
}
