import { expect } from 'chai';
import { type IdempotencyRecord, StoreError } from 'retrysafe';
import { defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('running without a claim', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let runs: number;
  const again = async () => {
    runs += 1;
    return 'again';
  };

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable({ lease: 6, clockTolerance: 1, wait: 3, onStoreFailure: 'run' });
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
  });

  /** A call that must not run: it must reject with an error of this library. */
  async function refused(call: Promise<unknown>): Promise<unknown> {
    const error = rejection(call);
    await clock.tickAsync(20_000);
    expect(runs, 'runs of the refused call').to.equal(0);
    return error;
  }

  it('happens only where the claim stays unknown after one repeat', async () => {
    expect(await operation(store.next('claim', 'fail'), again)('a')).to.equal('again');
    expect(store.calls.map(({ step }) => step)).to.deep.equal(['claim', 'claim', 'replace']);
    const open = operation(peer.next('claim', 'fail', 'fail'), again);
    expect(await open('b')).to.equal('again');
    expect(peer.calls.map(({ step }) => step)).to.deep.equal(['claim', 'claim', 'claim']);
  });

  it('keeps its caller no longer than a second more, until its result is recorded', async () => {
    let isDone = false;
    void operation(
      store.always('claim', 'fail'),
      again,
    )('a').then(() => {
      isDone = true;
    });
    await clock.tickAsync(1_000);
    expect(isDone).to.equal(true);
    expect(store.count('claim'), 'two before the run, and more than one after it').to.be.above(3);
  });

  it('beside one whose outcome is recorded: its caller gets its own result, joined calls get the recorded one', async () => {
    const end = defer<string>();
    const open = operation(store.next('claim', 'fail', 'fail'), () => end.promise);
    const [first, joined] = [open('a'), open('a')];
    await restOfTurn();
    expect(await operation(peer, async () => 'elsewhere')('a')).to.equal('elsewhere');
    end.resolve('here');
    await clock.tickAsync(1_000);
    expect(await Promise.all([first, joined])).to.deep.equal(['here', 'elsewhere']);
  });

  it('does not happen where the store returned an abandoned claim, and only the take-over failed', async () => {
    await crash(operation, store, 'a');
    await clock.tickAsync(7_000);
    const error = await refused(operation(peer.always('replace', 'fail'), again)('a'));
    expect(error).to.be.instanceOf(StoreError).and.to.include({ step: 'replace' });
  });

  it('does not happen where an earlier claim of the call succeeded', async () => {
    // The claim returns so late that it is renewed first. By then it has vanished.
    store.next('claim', 'swallow', async (apply) => {
      const answer = await apply();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      store.always('claim', 'fail').next('replace', async () => undefined);
      return answer;
    });
    expect(await refused(operation(store, again)('a'))).to.be.instanceOf(StoreError);
    expect(store.count('replace')).to.equal(1);
  });

  it('does not happen after the call has waited for another process', async () => {
    void operation(store, () => new Promise(() => {}))('a');
    await restOfTurn();
    const call = operation(peer, again)('a');
    await restOfTurn();
    peer.always('claim', 'fail').always('find', 'fail');
    expect(await refused(call)).to.be.instanceOf(StoreError);
  });

  it('does not happen where a first read showed a running call', async () => {
    void operation(store, () => new Promise(() => {}))('a');
    await restOfTurn();
    await refused(operation(peer.always('claim', 'fail'), again, { readFirst: true })('a'));
  });

  it('does not happen after the call has joined a run of its process whose lease then lapsed', async () => {
    const first = operation(store, () => new Promise(() => {}));
    void first('a');
    await restOfTurn();
    const call = operation(store, again, { wait: 60 })('a');
    store.always('claim', 'fail').always('replace', 'fail').always('find', 'fail');
    await refused(call);
  });

  it('does not happen while a run of this process holds the claim, for any `wait`', async () => {
    void operation(store, () => new Promise(() => {}))('a');
    await restOfTurn();
    store.always('claim', 'fail');
    await refused(operation(store, again, { wait: 0 })('a'));
  });

  it('happens once in a process: duplicates join that run, and do not run when their wait is over', async () => {
    const end = defer<string>();
    store.always('claim', 'fail');
    const first = operation(store, () => end.promise)('a');
    await restOfTurn();
    const joined = operation(store, again)('a').catch(() => {});
    await clock.tickAsync(1_000);
    await refused(operation(store, again, { wait: 1 })('a'));
    store.heal();
    end.resolve('done');
    expect(await first).to.equal('done');
    await joined;
    expect(runs).to.equal(0);
  });

  it('does not happen after a recovery function ran and its claim was lost', async () => {
    await crash(operation, store, 'a');
    await clock.tickAsync(7_000);
    const answer = defer<'run'>();
    const call = operation(peer, again, { onAbandoned: () => answer.promise })('a');
    await restOfTurn();
    const record = (await standing(store)) as IdempotencyRecord;
    await store.inner.replace({ ...record, token: 'another.1' }, record.token);
    peer.always('claim', 'fail');
    answer.resolve('run');
    expect(await refused(call)).to.be.instanceOf(StoreError);
  });
});
