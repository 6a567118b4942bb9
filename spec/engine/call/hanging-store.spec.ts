import { expect } from 'chai';
import { StoreError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('store calls that hang', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable({ lease: 6, clockTolerance: 1, wait: 10 });
  });

  afterEach(() => {
    clock.restore();
  });

  const never = () => new Promise<never>(() => {});

  const lambda = (remaining: number) => ({
    awsRequestId: 'one',
    getRemainingTimeInMillis: () => remaining,
  });

  for (const [limit, lease, given] of [
    ['5 s', 600, 5_000],
    ['a third of the lease', 6, 2_000],
  ] as const) {
    it(`are given up after ${limit}`, async () => {
      const error = rejection(operation(store.always('claim', 'hang'), never, { lease })('a'));
      await clock.tickAsync(given - 1);
      expect(store.count('claim')).to.equal(1);
      await clock.tickAsync(1);
      expect(store.count('claim')).to.equal(2);
      await clock.tickAsync(given);
      expect(await error).to.be.instanceOf(StoreError);
    });
  }

  it('are not given up where their response is there, though their time is over as well', async () => {
    const atTheLastMoment = (apply: () => Promise<unknown>) =>
      new Promise((resolve) => {
        setTimeout(() => resolve(apply()), 2_000);
      });
    const call = operation(store.next('claim', atTheLastMoment), async () => 'done')('a');
    await clock.tickAsync(2_000);
    expect(await call).to.equal('done');
    expect(store.count('claim')).to.equal(1);
  });

  it('are given up at the end of the invocation', async () => {
    const error = rejection(
      operation(store.always('claim', 'hang'), never, { lease: 60 })('a', lambda(1_200)),
    );
    await clock.tickAsync(1_210);
    expect(await error).to.be.instanceOf(StoreError);
  });

  it('are given up when the wait is over', async () => {
    void operation(store, never, { lease: 60 })('a');
    await restOfTurn();
    let ended = false;
    const error = rejection(operation(peer.always('find', 'hang'), never, { lease: 60, wait: 1 })('a'));
    void error.then(() => {
      ended = true;
    });
    await clock.tickAsync(1_100);
    expect(ended).to.equal(true);
    expect(await error).to.include({ code: 'ERR_IDEMPOTENCY_IN_PROGRESS' });
  });

  it('do not serialise waiting calls: those that joined a call without a response call the store at once', async () => {
    const call = operation(store.always('claim', 'hang'), never, { wait: 60 });
    const errors = [call('a'), call('a'), call('a'), call('a')].map(rejection);
    let ended = 0;
    for (const error of errors) {
      void error.then(() => {
        ended += 1;
      });
    }
    await clock.tickAsync(4_000);
    expect(ended).to.equal(1);
    await clock.tickAsync(4_001);
    expect(ended).to.equal(4);
  });

  it('count as unknown: a completion that hangs is sent again', async () => {
    const call = operation(store.next('replace', 'hang'), async () => 'done')('a');
    await clock.tickAsync(4_000);
    expect(await call).to.equal('done');
    expect((await standing(store))?.state.status).to.equal('completed');
  });

  it('a read that hangs or fails does not end the wait', async () => {
    const end = defer<string>();
    void operation(store, () => end.promise, { lease: 60 })('a');
    await restOfTurn();
    const call = operation(peer.next('find', 'hang', 'fail'), never, { lease: 60 })('a');
    await clock.tickAsync(1_000);
    end.resolve('done');
    await clock.tickAsync(8_000);
    expect(await call).to.equal('done');
  });
});
