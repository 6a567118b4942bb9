import { expect } from 'chai';
import { FingerprintError, type IdempotencyRecord, InProgressError, type RecordState } from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

const options = { lease: 6, clockTolerance: 1, wait: 20, fingerprint: () => 'same' } as const;

describe('reads decide little', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let end: Deferred<unknown>;
  let runs: number;
  const work = () => {
    runs += 1;
    return end.promise;
  };

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable(options);
    end = defer();
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
  });

  /** The stored record, with another state. */
  async function like(state: object, more: object = {}): Promise<IdempotencyRecord> {
    const record = (await standing(store)) as IdempotencyRecord;
    return { ...record, token: 'stale.1', ...more, state: { ...record.state, ...state } as RecordState };
  }

  const completed = { status: 'completed', completedAt: 0, outcome: { kind: 'value', json: 'stale' } };
  const stale: Record<string, () => Promise<IdempotencyRecord | undefined>> = {
    'no record': async () => undefined,
    'a released record': () => like({ status: 'released' }),
    'an unknown record': () => like({ status: 'unknown' }),
    'an outcome of another fingerprint': () => like({ ...completed, fingerprint: 'other' }),
    'an outcome that has expired': () => like(completed, { expiresAt: Date.now() }),
    'a record of a newer version': () => like({ format: 99 }),
    'the same claim with its lease lapsed': () => like({ leaseUntil: 0 }),
  };

  for (const [name, read] of Object.entries(stale)) {
    it(`a waiting call that finds ${name}, which may be stale, claims and goes on waiting`, async () => {
      const first = operation(store, work)('a');
      await restOfTurn();
      const duplicate = operation(peer.next('find', read, read), work)('a');
      await clock.tickAsync(4_000);
      end.resolve('done');
      await clock.tickAsync(1_000);
      expect(await Promise.all([first, duplicate])).to.deep.equal(['done', 'done']);
      expect(runs).to.equal(1);
    });

    it(`with readFirst, a call that finds ${name} claims`, async () => {
      const first = operation(store, work)('a');
      await restOfTurn();
      const duplicate = operation(peer.next('find', read), work, { readFirst: true })('a');
      await restOfTurn();
      expect(peer.calls.map(({ step }) => step)).to.deep.equal(['find', 'claim']);
      end.resolve('done');
      await clock.tickAsync(1_000);
      expect(await Promise.all([first, duplicate])).to.deep.equal(['done', 'done']);
      expect(runs).to.equal(1);
    });
  }

  it('a waiting call that finds no record claims before it decides', async () => {
    const failed = rejection(operation(store, () => end.promise)('a'));
    await restOfTurn();
    const duplicate = operation(peer, async () => 'second')('a');
    await clock.tickAsync(2_000);
    const before = peer.count('claim');
    end.reject(new Error('no'));
    await failed;
    await clock.tickAsync(1_000);
    expect(await duplicate).to.equal('second');
    expect(peer.count('claim')).to.equal(before + 1);
  });

  it('a read that was given up is no answer to the claim that follows it, though it returns first', async () => {
    void operation(store, work)('a');
    await restOfTurn();
    const read = defer<IdempotencyRecord>();
    peer.next('find', () => read.promise).next('claim', (apply) => apply(), 'hold');
    const refused = rejection(operation(peer, work, { wait: 1 })('a'));
    await clock.tickAsync(1_000);
    expect(peer.held).to.have.length(1);
    read.resolve(await like({ ...completed, fingerprint: 'other' }));
    await restOfTurn();
    await peer.held[0]?.release();
    expect(await refused).to.be.instanceOf(InProgressError);
  });

  it('a find ends a waiting call by replaying an outcome, without another claim', async () => {
    void operation(store, work)('a');
    await restOfTurn();
    const duplicate = operation(
      peer.next('find', () => like(completed)),
      work,
    )('a');
    await clock.tickAsync(1_000);
    expect(await duplicate).to.equal('stale');
    expect(peer.count('claim')).to.equal(1);
  });

  it('with readFirst, an outcome is replayed by the read alone', async () => {
    await operation(store, async () => 'done')('a');
    expect(await operation(peer, work, { readFirst: true })('a')).to.equal('done');
    expect(peer.calls.map(({ step }) => step)).to.deep.equal(['find']);
  });

  it('with readFirst, a read that fails is followed by a claim', async () => {
    await operation(store, async () => 'done')('a');
    expect(await operation(peer.next('find', 'fail'), work, { readFirst: true })('a')).to.equal('done');
    expect(peer.calls.map(({ step }) => step)).to.deep.equal(['find', 'claim']);
  });

  it('without readFirst nothing is read before the claim, and an outcome is replayed from its response', async () => {
    await operation(store, async () => 'done')('a');
    expect(await operation(peer, work)('a')).to.equal('done');
    expect(peer.calls.map(({ step }) => step)).to.deep.equal(['claim']);
  });

  it('another fingerprint is refused by the response to a claim, though a read shows nothing', async () => {
    await operation(store, async () => 'done')('a');
    const other = operation(
      peer.next('find', async () => undefined),
      work,
      { readFirst: true, fingerprint: () => 'other' },
    );
    expect(await rejection(other('a'))).to.be.instanceOf(FingerprintError);
    expect(runs).to.equal(0);
  });

  it('an abandoned key that a read does not show yet is taken over by the response to a claim', async () => {
    await crash(operation, store, 'a');
    await clock.tickAsync(7_000);
    const call = operation(
      peer.next('find', async () => undefined),
      async () => 'second',
      { readFirst: true },
    );
    expect(await call('a')).to.equal('second');
  });
});
