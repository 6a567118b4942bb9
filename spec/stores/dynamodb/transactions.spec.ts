import { randomBytes } from 'node:crypto';
import { GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import {
  ClaimLostError,
  type Completion,
  ConfigurationError,
  currentExecution,
  type IdempotentOptions,
  OutcomeUnknownError,
  recordOf,
  StoreError,
} from 'retrysafe';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { type Deferred, defer } from '../../support/defer.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { Traffic } from '../../support/dynamodb-traffic.js';
import { PassingTime } from '../../support/passing-time.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { rejection, thrown } from '../../support/rejection.js';
import { Application, Transfer } from './transfers.js';

// Lease 6 s; it is taken over from 7 s on.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const satisfies IdempotentOptions;

describe('a completion in a transaction of the application', () => {
  const dynamoDB = useDynamoDB();
  let tables: { readonly records: string; readonly accounts: string };
  let traffic: Traffic;
  let time: PassingTime;
  let here: Application;
  let elsewhere: Application;
  let transfer: Transfer;

  before(async () => {
    tables = { records: await dynamoDB.createTable(), accounts: await dynamoDB.createTable() };
  });

  beforeEach(() => {
    traffic = new Traffic();
    transfer = new Transfer(options);
    here = application();
    elsewhere = application();
    time = new PassingTime(traffic);
  });

  afterEach(() => {
    time.restore();
  });

  function application(more: Partial<DynamoDBStoreOptions> = {}): Application {
    const client = traffic.watch(dynamoDB.client());
    const store = new DynamoDBStore({ client, tableName: tables.records, ...more });
    return new Application(client, store, tables.accounts);
  }

  const call = (work?: (application: Application) => Promise<unknown>) => time.until(transfer.at(here, work));
  const callElsewhere = (more?: IdempotentOptions) => time.until(transfer.at(elsewhere, undefined, more));
  const traces = () => transfer.traces(elsewhere);

  /** A transaction that a condition of the business's own refuses: the account has no transfers yet. */
  async function commitRefused(application: Application, completion: Completion): Promise<void> {
    const addition = application.addition(transfer.account).Update;
    const TransactItems = [
      { Update: { ...addition, ConditionExpression: 'transfers > :one' } },
      application.store.transactItem(completion),
    ];
    await application.client.send(new TransactWriteItemsCommand({ TransactItems }));
  }

  it('commits with the business: the method writes nothing else, and the outcome is replayed', async () => {
    expect(await call()).to.deep.equal({ run: 1 });
    expect(traffic.sent).to.deep.equal(['PutItemCommand', 'TransactWriteItemsCommand', 'GetItemCommand']);
    expect(await callElsewhere()).to.deep.equal({ run: 1 });
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
  });

  it('may stand anywhere in the list of the transaction', async () => {
    const inFront = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      const { client, store } = application;
      const TransactItems = [store.transactItem(completion), application.addition(transfer.account)];
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
      return 'done';
    };
    expect(await call(inFront)).to.equal('done');
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
  });

  it("does not commit without the business: where that is refused, the key is free, and the caller has the method's error", async () => {
    const refused = async (application: Application) =>
      commitRefused(application, await currentExecution().completion('never'));
    expect(await time.until(rejection(transfer.at(here, refused)))).to.have.property(
      'name',
      'TransactionCanceledException',
    );
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    expect(await callElsewhere()).to.deep.equal({ run: 2 });
    expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
  });

  it('may be written again after a transaction that was refused: nothing moves the token meanwhile', async () => {
    const patient = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await rejection(commitRefused(application, completion));
      await time.pass(4_000);
      await application.commit(transfer.account, completion);
      return 'done';
    };
    expect(await transfer.at(here, patient)).to.equal('done');
    expect(await callElsewhere()).to.equal('done');
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
  });

  it('is never reported as completed where the method swallows that it was refused', async () => {
    const events = new RecordedEvents();
    const swallowing = async (application: Application) => {
      const completion = await currentExecution().completion('done');
      await rejection(commitRefused(application, completion));
      return 'done';
    };
    const error = await time.until(rejection(transfer.at(here, swallowing)));
    events.stop();
    expect(error).to.be.instanceOf(OutcomeUnknownError);
    expect(events.names).to.include('unknown').and.not.include('completed');
    expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'unknown' });
    const refusing = callElsewhere({ onAbandoned: 'refuse' });
    expect(await rejection(refusing)).to.be.instanceOf(OutcomeUnknownError);
    expect(await callElsewhere()).to.deep.equal({ run: 2 });
    expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
  });

  describe('whose claim is lost', () => {
    let goOn: Deferred<void>;
    let caught: unknown;
    let late: Promise<unknown>;

    /** A run that has its completion, and begins its transaction when others may have taken over already. */
    beforeEach(async () => {
      goOn = defer();
      caught = undefined;
      late = transfer.at(here, async (application) => {
        const completion = await currentExecution().completion({ run: 'late' });
        await goOn.promise;
        await application.commit(transfer.account, completion).catch((error: unknown) => {
          caught = error;
          throw error;
        });
      });
      late.catch(() => {});
      await time.pass(7_100);
    });

    function expectCancelled(): void {
      expect(caught).to.have.property('name', 'TransactionCanceledException');
      const reasons = (caught as { CancellationReasons: { Code: string }[] }).CancellationReasons;
      expect(reasons.map(({ Code }) => Code)).to.deep.equal(['None', 'ConditionalCheckFailed']);
    }

    it("is cancelled as a whole, and the answer is the successor's outcome", async () => {
      expect(await callElsewhere()).to.deep.equal({ run: 2 });
      const before = await traces();
      expect(before).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
      goOn.resolve();
      expect(await time.until(late)).to.deep.equal({ run: 2 });
      expectCancelled();
      expect(await traces()).to.deep.equal(before);
    });

    it('is cancelled as a whole while the successor still runs, and its outcome is waited for', async () => {
      const successor = defer();
      const second = transfer.at(elsewhere, async (application) => {
        await successor.promise;
        return transfer.commitReceipt(application);
      });
      await traffic.quiet();
      goOn.resolve();
      await time.pass(3_000);
      expectCancelled();
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 0, status: 'in-progress' });
      successor.resolve();
      expect(await time.until(Promise.all([late, second]))).to.deep.equal([{ run: 2 }, { run: 2 }]);
      expect(await traces()).to.deep.equal({ runs: 2, transfers: 1, status: 'completed' });
    });

    it('is cancelled as a whole where the key was forgotten: ClaimLostError, since nobody has an outcome', async () => {
      const operation = transfer.operation(elsewhere, async () => 'never called');
      expect(await time.until(recordOf(operation, transfer.account).forget({ force: true }))).to.equal(true);
      goOn.resolve();
      expect(await time.until(rejection(late))).to.be.instanceOf(ClaimLostError);
      expectCancelled();
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    });

    it('commits all the same where nobody took over', async () => {
      goOn.resolve();
      await time.until(late);
      expect(caught).to.equal(undefined);
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });
  });

  describe('made into an item', () => {
    const nonsense: Record<string, unknown> = {
      'the promise of a completion': Promise.resolve({ record: {}, token: 'x.1' }),
      nothing: undefined,
      null: null,
      'the result': { hold: 7 },
      'a token with half a record': { record: { key: 'k' }, token: 'x.1' },
      'the record alone': { key: 'k', token: 'x.2', expiresAt: 1, state: {} },
      'a text': 'completion',
    };
    for (const [what, value] of Object.entries(nonsense)) {
      it(`is not ${what}: a ConfigurationError says what to hand over`, () => {
        const error = thrown(() => here.store.transactItem(value as Completion));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error)
          .to.have.property('message')
          .that.includes('await currentExecution().completion(result)');
      });
    }

    it('is refused where no item can hold it, before the transaction begins', async () => {
      const large = randomBytes(600_000).toString('base64');
      const tooLarge = async (application: Application) => {
        await application.commit(transfer.account, await currentExecution().completion(large));
        return large;
      };
      const error = await time.until(rejection(transfer.at(here, tooLarge)));
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.have.property('tooLarge', true);
      expect(error).to.have.property('message').that.includes(tables.records);
      expect(traffic.sent).to.not.include('TransactWriteItemsCommand');
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
    });

    it('is kept compressed where it is large, and replayed', async () => {
      const receipt = { lines: Array.from({ length: 20_000 }, (_, line) => `line ${line} of the receipt`) };
      const large = async (application: Application) => {
        await application.commit(transfer.account, await currentExecution().completion(receipt));
        return receipt;
      };
      expect(await call(large)).to.equal(receipt);
      const { Item } = await here.client.send(
        new GetItemCommand({ TableName: tables.records, Key: { id: { S: transfer.key } } }),
      );
      expect(Item?.state).to.have.property('B').with.property('byteLength').below(409_600);
      expect(await callElsewhere()).to.deep.equal(receipt);
      expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
    });

    for (const [what, partitionKey] of [
      ['the key itself as its partition', undefined],
      ['one partition for all', 'idempotency'],
      ['a partition of its own choice', (key: string) => `partition ${key.at(-1)}`],
    ] as const) {
      it(`fits a table with a sort key, and ${what}`, async () => {
        const attributes = { keyAttribute: 'pk', sortKeyAttribute: 'sk' };
        const tableName = await dynamoDB.createTable(attributes);
        const sorted = { tableName, ...attributes, ...(partitionKey && { partitionKey }) };
        here = application(sorted);
        elsewhere = application(sorted);
        expect(await call()).to.deep.equal({ run: 1 });
        expect(await callElsewhere()).to.deep.equal({ run: 1 });
        expect(await traces()).to.deep.equal({ runs: 1, transfers: 1, status: 'completed' });
      });
    }
  });
});
