import { expect } from 'chai';
import { ClaimLostError, currentExecution, type IdempotencyRecord, recordOf, StoreError } from 'retrysafe';
import { type Deferred, defer } from '../support/defer.js';
import { crash, deployable, standing } from '../support/deployment.js';
import { rejection } from '../support/rejection.js';
import { type Fate, type Made, ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const options = { lease: 6, clockTolerance: 1, wait: 10 } as const;

describe('schedules of a call and its store', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let ends: Deferred<unknown>[];
  const work = () => {
    const end = defer<unknown>();
    ends.push(end);
    return end.promise;
  };

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
    operation = deployable(options);
    ends = [];
  });

  afterEach(() => {
    clock.restore();
  });

  const delayed = (delay: number, fate: Fate = (apply) => apply()): Fate => {
    return async (apply) => {
      const answer = await (fate as (apply: () => Promise<unknown>) => Promise<unknown>)(apply);
      await new Promise((resolve) => setTimeout(resolve, delay));
      return answer;
    };
  };

  /** Writes in short: `claim .1`, `replace .2 after .1`. */
  function writes(one = store): string[] {
    const n = (token: string | undefined) => `.${token?.split('.').at(-1)}`;
    return one.calls
      .filter(({ step }) => step !== 'find')
      .map(
        ({ step, record, follows }) => `${step} ${n(record?.token)}${follows ? ` after ${n(follows)}` : ''}`,
      );
  }

  describe('our own writes', () => {
    it('no number is used twice, whatever happens to the writes, except for a claim that is repeated unchanged', async () => {
      store.next('claim', 'swallow', 'lose').next('replace', 'fail', 'lose', 'hang', 'lose', 'fail');
      const call = operation(store, work, { onStoreFailure: 'run' })('a');
      await clock.tickAsync(9_000);
      store.next('replace', 'fail', 'lose', 'fail');
      ends[0]?.resolve('done');
      await clock.tickAsync(6_000);
      expect(await call).to.equal('done');
      const sent = store.calls.filter((made): made is Made & { record: IdempotencyRecord } => !!made.record);
      const byToken = new Map<string, IdempotencyRecord>();
      for (const { record, step } of sent) {
        const same = byToken.get(record.token);
        if (step === 'claim' && same) expect(record).to.deep.equal(same);
        else expect(same, record.token).to.equal(undefined);
        byToken.set(record.token, record);
      }
      expect(byToken.size).to.be.at.least(5);
      expect(new Set([...byToken.keys()].map((token) => token.split('.')[0])).size).to.equal(1);
    });

    it('the writes of two calls never have the same token', async () => {
      await Promise.all(['a', 'b', 'c'].map((id) => operation(store, async () => id)(id)));
      const tokens = store.calls.map(({ record }) => record?.token);
      expect(new Set(tokens).size).to.equal(6);
    });

    it('a response with an earlier write of the call means: continue from there', async () => {
      store.next('replace', 'lose');
      const call = operation(store, work)('a');
      await clock.tickAsync(5_000);
      ends[0]?.resolve('done');
      expect(await call).to.equal('done');
      expect(writes().slice(0, 3)).to.deep.equal(['claim .1', 'replace .2 after .1', 'replace .3 after .1']);
      // The third found the second in place. All that follows continues from the second.
      expect(writes()[3]).to.equal('replace .4 after .2');
      expect(await standing(store)).to.deep.include({ token: store.calls.at(-1)?.record?.token });
    });

    it('a replace has happened only if the response has the token that was sent', async () => {
      // The completion is not applied, and the response shows the claim unchanged.
      store.next('replace', () => store.inner.find(store.calls[0]?.record?.key as string));
      const call = operation(store, async () => 'done')('a');
      await clock.tickAsync(1_000);
      expect(await call).to.equal('done');
      expect(writes()).to.deep.equal(['claim .1', 'replace .2 after .1', 'replace .3 after .1']);
      expect((await standing(store))?.state.status).to.equal('completed');
    });

    it('a claim is kept where every other renewal is applied and its response lost', async () => {
      store.next('replace', ...Array.from({ length: 6 }, (): Fate[] => ['lose', (apply) => apply()]).flat());
      let signal!: AbortSignal;
      const call = operation(store, () => {
        signal = currentExecution().signal;
        return work();
      })('a');
      await clock.tickAsync(12_000);
      expect(signal.aborted).to.equal(false);
      ends[0]?.resolve('done');
      await clock.tickAsync(1_000);
      expect(await call).to.equal('done');
    });

    for (const [what, settle, status] of [
      ['completing', () => ends[0]?.resolve('done'), 'completed'],
      ['releasing', () => ends[0]?.reject(new Error('no')), 'released'],
    ] as const) {
      it(`a renewal in flight is awaited before ${what}`, async () => {
        store.next('replace', 'hold');
        const call = operation(store, work)('a').catch(() => {});
        await clock.tickAsync(2_500);
        settle();
        await clock.tickAsync(500);
        expect(writes()).to.deep.equal(['claim .1', 'replace .2 after .1']);
        await store.held[0]?.release();
        await call;
        expect(writes()).to.deep.equal(['claim .1', 'replace .2 after .1', 'replace .3 after .2']);
        expect((await standing(store))?.state.status).to.equal(status);
      });
    }
  });

  describe('unknown responses', () => {
    it('a claim is repeated with the same record and the same `now`', async () => {
      const claims: { record: IdempotencyRecord; now: number }[] = [];
      const { inner } = store;
      const spied = new ScriptedStore({
        claim: (record, now) => {
          claims.push({ record, now });
          return inner.claim(record, now);
        },
        replace: (record, token) => inner.replace(record, token),
        find: (key) => inner.find(key),
      });
      const call = operation(spied.next('claim', 'swallow'), async () => 'done')('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal('done');
      expect(claims).to.have.length(2);
      expect(claims[1]).to.deep.equal(claims[0]);
    });

    it('a take-over is repeated with the next number on the token that was read', async () => {
      await crash(operation, store, 'a');
      await clock.tickAsync(7_000);
      expect(await operation(peer.next('replace', 'fail'), async () => 'second')('a')).to.equal('second');
      expect(writes(peer)).to.deep.equal([
        'claim .1',
        'replace .2 after .1',
        'replace .3 after .1',
        'replace .4 after .3',
      ]);
    });

    it('a take-over that was applied nevertheless is recognised, and runs once', async () => {
      await crash(operation, store, 'a');
      await clock.tickAsync(7_000);
      let runs = 0;
      expect(await operation(peer.next('replace', 'lose'), async () => ++runs)('a')).to.equal(1);
      expect(writes(peer).at(-1)).to.equal('replace .4 after .2');
    });

    it('a renewal is followed by another on the last confirmed token, a completion by another', async () => {
      const call = operation(store.next('replace', 'fail', 'fail'), work)('a');
      await clock.tickAsync(3_900);
      store.next('replace', 'fail');
      ends[0]?.resolve('done');
      await clock.tickAsync(1_000);
      expect(await call).to.equal('done');
      expect(writes()).to.deep.equal([
        'claim .1',
        'replace .2 after .1',
        'replace .3 after .1',
        'replace .4 after .1',
        'replace .5 after .4',
        'replace .6 after .4',
      ]);
    });

    it('none of them is followed by a read', async () => {
      await rejection(operation(store.next('claim', 'fail', 'lose'), work)('a'));
      await crash(operation, peer, 'b');
      await clock.tickAsync(7_000);
      const other = store.peer().next('replace', 'fail', 'fail', 'lose', 'fail');
      const call = operation(other, work)('b').catch(() => {});
      await clock.tickAsync(5_000);
      ends[0]?.reject(new Error('no'));
      await clock.tickAsync(5_000);
      await call;
      const third = operation(store.peer().next('replace', 'lose', 'fail'), async () => 'done')('c');
      await clock.tickAsync(5_000);
      await third;
      expect([store.count('find'), other.count('find')]).to.deep.equal([0, 0]);
    });
  });

  describe('late responses', () => {
    it('a claim that returns with under two thirds of its lease left is renewed before the method runs', async () => {
      let leaseLeft = 0;
      const call = operation(store.next('claim', 'swallow', delayed(1_000)), async () => {
        const claim = (await standing(store))?.state;
        leaseLeft = claim?.status === 'in-progress' ? claim.leaseUntil - Date.now() : 0;
      })('a');
      await clock.tickAsync(2_999);
      expect(store.count('replace')).to.equal(0);
      await clock.tickAsync(1);
      await call;
      expect(writes().slice(0, 3)).to.deep.equal(['claim .1', 'claim .1', 'replace .2 after .1']);
      expect(leaseLeft).to.equal(6_000);
    });

    it('a claim that returns with two thirds left runs at once', async () => {
      const call = operation(store.next('claim', delayed(1_999)), async () => 'done')('a');
      await clock.tickAsync(1_999);
      await call;
      expect(writes()).to.deep.equal(['claim .1', 'replace .2 after .1']);
    });

    it('a take-over that returns late is renewed before the method runs', async () => {
      await crash(operation, store, 'a');
      await clock.tickAsync(7_000);
      const call = operation(peer.next('replace', 'swallow', delayed(1_000)), async () => 'second')('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal('second');
      expect(writes(peer)).to.deep.equal([
        'claim .1',
        'replace .2 after .1',
        'replace .3 after .1',
        'replace .4 after .2',
        'replace .5 after .4',
      ]);
    });

    it('another holder in the response to that renewal makes the call its duplicate', async () => {
      const other = operation(peer, async () => 'the other');
      let runs = 0;
      store.next('claim', 'swallow', delayed(1_000)).next('replace', async (apply) => {
        await recordOf(other, 'a').forget({ force: true });
        await other('a');
        return apply();
      });
      const call = operation(store, async () => ++runs)('a');
      await clock.tickAsync(3_000);
      expect(await call).to.equal('the other');
      expect(runs).to.equal(0);
    });

    it('a process that was suspended until its lease had lapsed renews before it runs, too', async () => {
      store.next('claim', async (apply) => {
        const answer = await apply();
        clock.setSystemTime(Date.now() + 20_000);
        return answer;
      });
      let leaseLeft = 0;
      await operation(store, async () => {
        const claim = (await standing(store))?.state;
        leaseLeft = claim?.status === 'in-progress' ? claim.leaseUntil - Date.now() : 0;
      })('a');
      expect(leaseLeft).to.equal(6_000);
    });

    it('a claim that cannot be renewed then does not run', async () => {
      let runs = 0;
      const call = operation(
        store.next('claim', 'swallow', delayed(1_000)).always('replace', 'fail'),
        async () => ++runs,
      )('a');
      const error = rejection(call);
      await clock.tickAsync(10_000);
      expect(await error).to.be.instanceOf(StoreError);
      expect(runs).to.equal(0);
    });
  });

  describe('joins', () => {
    it('end with the lease: then duplicates of the same process go to the store', async () => {
      const call = operation(store.always('replace', 'fail'), work);
      const first = call('a').catch(() => {});
      await clock.tickAsync(1_000);
      const duplicate = call('a');
      await clock.tickAsync(4_999);
      expect(store.count('claim')).to.equal(1);
      await clock.tickAsync(2);
      expect(store.count('claim')).to.equal(2);
      store.heal();
      await clock.tickAsync(1_000);
      ends[1]?.resolve('second');
      expect(await duplicate).to.equal('second');
      ends[0]?.resolve('first');
      expect(await first).to.equal('second');
    });

    it('end at once where a renewal shows that another call took over', async () => {
      const call = operation(store, work);
      const calls = [call('a'), call('a')];
      await clock.tickAsync(1_000);
      const elsewhere = operation(peer, async () => 'second');
      await recordOf(elsewhere, 'a').forget({ force: true });
      expect(await elsewhere('a')).to.equal('second');
      expect(store.count('claim')).to.equal(1);
      await clock.tickAsync(1_000);
      expect(store.count('claim')).to.equal(2);
      expect(await calls[1]).to.equal('second');
      ends[0]?.resolve('first');
      expect(await calls[0]).to.equal('second');
    });

    it('end with the lease while the outcome is being recorded, too', async () => {
      const call = operation(store.always('replace', 'fail'), work);
      const first = call('a');
      const duplicate = call('a');
      await clock.tickAsync(5_500);
      ends[0]?.resolve('first');
      await clock.tickAsync(499);
      expect(store.count('claim')).to.equal(1);
      await clock.tickAsync(2);
      expect(store.count('claim')).to.equal(2);
      store.heal();
      await clock.tickAsync(2_000);
      expect(await Promise.all([first, duplicate])).to.deep.equal(['first', 'first']);
    });

    it('go on where the lease is renewed', async () => {
      const call = operation(store, work, { wait: 60 });
      const calls = [call('a'), call('a')];
      await clock.tickAsync(30_000);
      ends[0]?.resolve('done');
      expect(await Promise.all(calls)).to.deep.equal(['done', 'done']);
      expect(store.count('claim')).to.equal(1);
    });
  });

  describe('completing', () => {
    it('is tried at least once even after the lease has lapsed', async () => {
      const call = operation(store.always('replace', 'fail'), work)('a');
      await clock.tickAsync(60_000);
      store.heal();
      const sent = store.count('replace');
      ends[0]?.resolve('done');
      expect(await call).to.equal('done');
      expect(store.count('replace') - sent).to.equal(1);
      expect((await standing(store))?.state.status).to.equal('completed');
    });
  });

  describe('a call runs its method at most once', () => {
    it('even where it lost its claim and its successor released the key', async () => {
      const error = rejection(operation(store.always('replace', 'fail'), work)('a'));
      await clock.tickAsync(7_000);
      store.heal();
      await rejection(operation(peer, async () => Promise.reject(new Error('no')))('a'));
      ends[0]?.resolve('first');
      await clock.tickAsync(20_000);
      expect(await error).to.be.instanceOf(ClaimLostError);
      expect(ends.length).to.equal(1);
    });

    it('even where its release returns a key that is free again', async () => {
      const own = new Error('own');
      const error = rejection(operation(store.always('replace', 'fail'), work)('a'));
      await clock.tickAsync(7_000);
      store.heal();
      await rejection(operation(peer, async () => Promise.reject(new Error('no')))('a'));
      ends[0]?.reject(own);
      await clock.tickAsync(20_000);
      expect(((await error) as ClaimLostError).cause).to.equal(own);
      expect(ends.length).to.equal(1);
    });
  });

  it('a claim that is delayed beyond the release of its own call revives nothing', async () => {
    const fails = operation(store.next('claim', 'hold'), async () => Promise.reject(new Error('no')))('a');
    const error = rejection(fails);
    await clock.tickAsync(2_000);
    await error;
    const released = await standing(store);
    expect(released?.state.status).to.equal('released');
    await store.held[0]?.release();
    expect(await standing(store)).to.deep.equal(released);
    expect(await operation(peer, async () => currentExecution().attempt, { wait: 0 })('a')).to.equal(2);
  });
});
