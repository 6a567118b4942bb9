import { expect } from 'chai';
import { currentExecution, type IdempotencyRecord, makeIdempotent, StoreError } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fault, useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { PassingTime } from '../../support/passing-time.js';
import { rejection } from '../../support/rejection.js';

const conflict = fault('TransactionConflictException');

/** So many of one thing. */
function times<T>(count: number, one: T): T[] {
  return Array<T>(count).fill(one);
}

describe("DynamoDB's own faults", () => {
  const dynamoDB = useDynamoDB();
  const proxy = useDynamoDBProxy(dynamoDB);
  let tableName: string;
  let time: PassingTime;
  let store: DynamoDBStore;
  let elsewhere: DynamoDBStore;
  let operation: ReturnType<typeof deployable>;
  let runs: number;
  let key: string;

  before(async () => {
    tableName = await dynamoDB.createTable();
  });

  beforeEach(() => {
    time = new PassingTime(proxy);
    store = new DynamoDBStore({ client: proxy.client({ maxAttempts: 3 }), tableName });
    elsewhere = new DynamoDBStore({ client: proxy.directClient(), tableName });
    operation = deployable({ lease: 30 });
    runs = 0;
  });

  afterEach(() => {
    time.restore();
  });

  const work = async () => {
    key = currentExecution().key;
    runs += 1;
    return `run ${runs}`;
  };
  const callElsewhere = () => time.until(operation(elsewhere, work)('a'));

  /** How many requests each invocation of the client made. */
  function requestsPerInvocation(): number[] {
    const counts = new Map<string, number>();
    for (const { invocation } of proxy.seen) counts.set(invocation, (counts.get(invocation) ?? 0) + 1);
    return [...counts.values()];
  }

  describe('a write that meets a transaction on its item', () => {
    const record = (token: string): IdempotencyRecord => ({
      key: `conflict ${token}`,
      token,
      expiresAt: Date.now() + 60_000,
      state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
    });

    it('is sent again by the store, since the client does not: a claim', async () => {
      proxy.next('claim', ...times(7, conflict));
      const claimed = record('claim.1');
      expect(await time.until(store.claim(claimed, Date.now()))).to.deep.equal(claimed);
      expect(requestsPerInvocation(), 'the client itself repeats none').to.deep.equal(times(8, 1));
    });

    it('is sent again by the store, since the client does not: a replace', async () => {
      const [first, second] = [record('replace.1'), { ...record('replace.1'), token: 'replace.2' }];
      await time.until(elsewhere.claim(first, Date.now()));
      proxy.next('release', ...times(7, conflict));
      expect(await time.until(store.replace(second, first.token))).to.deep.equal(second);
      expect(requestsPerInvocation(), 'the client itself repeats none').to.deep.equal(times(8, 1));
    });

    for (const kind of ['claim', 'release'] as const) {
      it(`is sent 8 times in all, within two seconds, before the fault is told: a ${kind}`, async () => {
        proxy.always(kind, conflict);
        const from = Date.now();
        const written =
          kind === 'claim'
            ? store.claim(record('bound.1'), Date.now())
            : store.replace(record('bound.2'), 'bound.1');
        expect(await time.until(rejection(written))).to.have.property('name', 'TransactionConflictException');
        expect(proxy.seen.length).to.equal(8);
        expect(Date.now() - from).to.be.within(500, 2_000);
        await time.pass(10_000);
        expect(proxy.seen.length, 'it ends there').to.equal(8);
      });
    }

    it('is not noticed by the caller, whichever write of the call it is', async () => {
      const end = defer<string>();
      for (const kind of ['claim', 'renewal', 'completion'] as const) proxy.next(kind, conflict, conflict);
      const call = operation(store, () => work().then(() => end.promise))('a');
      await time.pass(11_000);
      end.resolve('done');
      expect(await time.until(call)).to.equal('done');
      expect(runs).to.equal(1);
      for (const kind of ['claim', 'renewal', 'completion'] as const) {
        expect(proxy.count(kind), kind).to.equal(3);
      }
      expect(await callElsewhere()).to.equal('done');
    });

    it('is a StoreError where it never ends, with the fault as its cause, and the method has not run', async () => {
      proxy.always('claim', conflict);
      const error = (await time.until(rejection(operation(store, work)('a')))) as StoreError;
      expect(error).to.be.instanceOf(StoreError);
      expect(error.step).to.equal('claim');
      expect(error.cause).to.have.property('name', 'TransactionConflictException');
      expect(runs).to.equal(0);
      expect(proxy.count('claim'), 'the claim and its repeat, 8 times each').to.equal(16);
    });
  });

  for (const [name, status] of [
    ['ThrottlingException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 400],
    ['InternalServerError', 500],
    ['ServiceUnavailable', 503],
  ] as const) {
    describe(`${name} (${status})`, () => {
      it('is repeated by the client, as often as it is told to, and then a StoreError', async () => {
        proxy.always('claim', fault(name, status));
        const error = (await time.until(rejection(operation(store, work)('a')))) as StoreError;
        expect(error).to.be.instanceOf(StoreError);
        expect(error).to.include({ step: 'claim', statusCode: 503 });
        expect(error.cause).to.have.property('name', name);
        expect(error.cause).to.have.nested.property('$metadata.attempts', 3);
        expect(requestsPerInvocation(), 'the claim and its repeat').to.deep.equal([3, 3]);
        expect(runs).to.equal(0);
        proxy.heal();
        expect(await callElsewhere(), 'the key is free').to.equal('run 1');
      });

      it('is not noticed where it passes', async () => {
        for (const kind of ['claim', 'completion'] as const) {
          proxy.next(kind, ...times(2, fault(name, status)));
        }
        expect(await time.until(operation(store, work)('a'))).to.equal('run 1');
        expect(requestsPerInvocation(), 'the claim and the completion').to.deep.equal([3, 3]);
        expect(await callElsewhere()).to.equal('run 1');
      });

      it('does not take the result from its caller where it meets the completion', async () => {
        proxy.next('completion', ...times(3, fault(name, status)));
        expect(await time.until(operation(store, work)('a'))).to.equal('run 1');
        expect((await elsewhere.find(key, { consistent: true }))?.state.status).to.equal('completed');
        expect(await callElsewhere()).to.equal('run 1');
      });

      it('is told at once by a client that repeats nothing: the store has no retries of its own', async () => {
        const single = new DynamoDBStore({ client: proxy.client({ maxAttempts: 1 }), tableName });
        proxy.always('find', fault(name, status));
        expect(await time.until(rejection(single.find('any')))).to.have.property('name', name);
        expect(proxy.count('find')).to.equal(1);
      });
    });
  }

  it('a fault has no word of its text in the message, which may reach a stranger', async () => {
    proxy.always('claim', fault('InternalServerError', 500));
    const charge = makeIdempotent(async (_card: string) => 'charged', { name: 'charge', store });
    const error = (await time.until(rejection(charge('4111-secret')))) as StoreError;
    expect(error.message)
      .to.include('charge')
      .and.not.match(/says the spec|secret/);
  });
});
