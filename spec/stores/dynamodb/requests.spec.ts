import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import {
  currentExecution,
  FingerprintError,
  InProgressError,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { SentCommands } from '../../support/dynamodb-commands.js';
import { rejection } from '../../support/rejection.js';

const succeed: Work = async (id) => ({ done: id });
const fail: Work = async () => {
  throw new Error('the bank is closed');
};
const never: Work = () => expect.fail('the method ran');

for (const engine of ['dynoxide', 'dynalite'] as const) {
  describe(`the requests of a call, on ${engine}`, () => {
    const dynamoDB = useDynamoDB(engine);
    let tableName: string;

    before(async () => {
      tableName = await dynamoDB.createTable();
    });

    /** A process with a client of its own, and what that sends. */
    function start() {
      const client = dynamoDB.client();
      return { client, commands: new SentCommands(client), store: new DynamoDBStore({ client, tableName }) };
    }

    /** What the call with `a` sends from a process of its own, however it ends. */
    async function requestsOf(operation: ReturnType<typeof deployable>, work: Work): Promise<string[]> {
      const { store, commands } = start();
      await operation(store, work)('a').catch(() => {});
      return commands.take();
    }

    /** Leaves what a process leaves behind that died in the middle of the call with `a`. */
    async function abandon(
      operation: ReturnType<typeof deployable>,
      expiresAt = Date.now() + 86_400_000,
    ): Promise<void> {
      const { store } = start();
      const failing = operation(store, fail);
      await failing('a').catch(() => {});
      const { key } = (await recordOf(failing, 'a').inspect()) ?? expect.fail('the call left no record');
      const released = (await store.find(key)) ?? expect.fail('the call left no record');
      const { format, attempt, fencingToken } = released.state;
      const leaseUntil = Date.now() - 60_000;
      const state = { format, attempt, fencingToken, startedAt: leaseUntil - 30_000, leaseUntil };
      const record = { key, token: 'dead.1', expiresAt, state: { ...state, status: 'in-progress' } as const };
      expect(await store.replace(record, released.token)).to.deep.equal(record);
    }

    /** A process in which the call with `a` runs until the answered function is called. */
    async function run(operation: ReturnType<typeof deployable>): Promise<() => Promise<void>> {
      const started = defer();
      const work = defer<unknown>();
      const running = operation(start().store, () => {
        started.resolve();
        return work.promise;
      })('a');
      await started.promise;
      return async () => {
        work.resolve('done');
        await running;
      };
    }

    // An engine that does not show the loser of a write who holds the key is asked for it.
    const lostWrite = engine === 'dynalite' ? ['PutItem', 'GetItem consistent'] : ['PutItem'];

    it('a first call sends 2: the claim and the completion', async () => {
      expect(await requestsOf(deployable(), succeed)).to.deep.equal(['PutItem', 'PutItem']);
    });

    it('a call of a key whose outcome has expired sends 2 as well', async () => {
      const operation = deployable();
      await abandon(operation, Date.now() - 1);
      expect(await requestsOf(operation, succeed)).to.deep.equal(['PutItem', 'PutItem']);
    });

    it('a replay sends 1: the claim, which is lost', async () => {
      const operation = deployable();
      await operation(start().store, succeed)('a');
      const { store, commands } = start();
      expect(await operation(store, never)('a')).to.deep.equal({ done: 'a' });
      expect(commands.take()).to.deep.equal(lostWrite);
    });

    it('a call that is refused because an equal one is running sends 1', async () => {
      const operation = deployable({ wait: 0 });
      const finish = await run(operation);
      const { store, commands } = start();
      expect(await rejection(operation(store, never)('a'))).to.be.instanceOf(InProgressError);
      expect(commands.take()).to.deep.equal(lostWrite);
      await finish();
    });

    it('a call that is refused for its fingerprint sends 1', async () => {
      const operation = deployable({ key: () => 'a', fingerprint: true });
      await operation(start().store, succeed)('a');
      const { store, commands } = start();
      expect(await rejection(operation(store, never)('b'))).to.be.instanceOf(FingerprintError);
      expect(commands.take()).to.deep.equal(lostWrite);
    });

    it('a call that is refused because of abandoned work sends 1', async () => {
      const operation = deployable();
      await abandon(operation);
      const { store, commands } = start();
      const refused = operation(store, never, { onAbandoned: 'refuse' })('a');
      expect(await rejection(refused)).to.be.instanceOf(OutcomeUnknownError);
      expect(commands.take()).to.deep.equal(lostWrite);
    });

    it('a take-over sends 3: the claim, which is lost, the take-over and the completion', async () => {
      const operation = deployable();
      await abandon(operation);
      expect(await requestsOf(operation, succeed)).to.deep.equal([...lostWrite, 'PutItem', 'PutItem']);
    });

    it('a call that fails sends 2: the claim and the release; the next one takes over', async () => {
      const operation = deployable();
      expect(await requestsOf(operation, fail)).to.deep.equal(['PutItem', 'PutItem']);
      expect(await requestsOf(operation, succeed)).to.deep.equal([...lostWrite, 'PutItem', 'PutItem']);
    });

    it('a call that waits sends the claim, and 1 eventually consistent read for each look', async () => {
      const operation = deployable();
      const finish = await run(operation);
      const { store, commands } = start();
      const waiting = operation(store, never)('a');
      // When the third look leaves, the first two have shown a running call.
      await commands.sent('GetItem eventual', 3);
      await finish();
      expect(await waiting).to.equal('done');
      const sent = commands.take();
      expect(sent.slice(0, lostWrite.length)).to.deep.equal(lostWrite);
      expect(new Set(sent.slice(lostWrite.length))).to.deep.equal(new Set(['GetItem eventual']));
    });

    it('equal calls of one process share the requests of the first', async () => {
      const { store, commands } = start();
      const shared = deployable()(store, succeed);
      await Promise.all(Array.from({ length: 20 }, () => shared('a')));
      expect(commands.take()).to.deep.equal(['PutItem', 'PutItem']);
    });

    it('with `readFirst` a replay sends 1 eventually consistent read and no write', async () => {
      const operation = deployable({ readFirst: true });
      expect(await requestsOf(operation, succeed)).to.deep.equal(['GetItem eventual', 'PutItem', 'PutItem']);
      const { store, commands } = start();
      expect(await operation(store, never)('a')).to.deep.equal({ done: 'a' });
      expect(commands.take()).to.deep.equal(['GetItem eventual']);
    });

    it('with `keepLocal` the second replay in a process sends nothing', async () => {
      const operation = deployable({ keepLocal: 10 });
      await operation(start().store, succeed)('a');
      const { store, commands } = start();
      const replay = operation(store, never);
      await replay('a');
      expect(commands.take()).to.deep.equal(lostWrite);
      expect(await replay('a')).to.deep.equal({ done: 'a' });
      expect(commands.take()).to.deep.equal([]);
    });

    it('`inspect` sends 1 consistent read, `forget` a write after it', async () => {
      const { store, commands } = start();
      const operation = deployable()(store, succeed);
      await operation('a');
      commands.take();
      await recordOf(operation, 'a').inspect();
      expect(commands.take()).to.deep.equal(['GetItem consistent']);
      await recordOf(operation, 'a').forget();
      expect(commands.take()).to.deep.equal(['GetItem consistent', 'PutItem']);
    });

    if (engine === 'dynalite') return;

    it('a completion in a transaction sends 3: the claim, the transaction and 1 consistent read', async () => {
      const { client, store, commands } = start();
      await deployable()(store, async () => {
        const completion = await currentExecution().completion('done');
        const TransactItems = [store.transactItem(completion)];
        await client.send(new TransactWriteItemsCommand({ TransactItems }));
        return 'done';
      })('a');
      expect(commands.take()).to.deep.equal(['PutItem', 'TransactWriteItems', 'GetItem consistent']);
    });
  });
}
