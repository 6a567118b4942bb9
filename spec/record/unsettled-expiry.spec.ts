import { expect } from 'chai';
import { type IdempotentOptions, recordOf } from 'retrysafe';
import { crash, deployable, restOfTurn, standing } from '../support/deployment.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the expiry of a record that is not completed', () => {
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

  for (const [name, ttl, kept] of [
    ['a short ttl', 1, DAY],
    ['a computed ttl', () => 1, DAY],
    ['a ttl of 7 days', '7d', 7 * DAY],
  ] as const) {
    it(`is, by ${name}, the hour in which a day or the ttl after its lease ends, set anew at every renewal`, async () => {
      const nextHour = Date.now() + HOUR;
      await clock.tickAsync(HOUR - 10_000);
      void operation(store, never, { ttl })('a');
      await restOfTurn();
      expect((await standing(store))?.expiresAt).to.equal(nextHour + kept);
      // The lease ends with the hour, and then two seconds later.
      await clock.tickAsync(4_000);
      expect((await standing(store))?.expiresAt).to.equal(nextHour + kept);
      await clock.tickAsync(2_000);
      expect((await standing(store))?.expiresAt).to.equal(nextHour + HOUR + kept);
    });
  }

  it('so a short ttl does not free a key that is running', async () => {
    void operation(store, never, { ttl: 1, renewFor: '3h' })('a');
    await clock.tickAsync(2 * HOUR);
    const error = await rejection(operation(peer, never, { ttl: 1, wait: 0 })('a'));
    expect(error).to.include({ code: 'ERR_IDEMPOTENCY_IN_PROGRESS' });
  });

  it('is a day from its end, rounded up to the hour, where it was released, or is unknown', async () => {
    const nextHour = Date.now() + HOUR;
    await clock.tickAsync(1);
    for (const [id, decision] of [
      ['a', 'release'],
      ['b', 'unknown'],
    ] as const) {
      const one = store.peer();
      const fails = operation(one, async () => Promise.reject(new Error('no')), {
        ttl: 1,
        onError: () => decision,
      });
      await rejection(fails(id));
      expect((await standing(one))?.expiresAt).to.equal(nextHour + DAY);
    }
  });
});

describe('how long a record says that an attempt’s end is unknown', () => {
  const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
  });

  /** An operation of which no run has a known end. */
  function operation(options: IdempotentOptions) {
    const operationOf = deployable({
      lease: 6,
      clockTolerance: 1,
      wait: 0,
      onError: () => 'unknown',
      ...options,
    });
    const fail = async (): Promise<never> => {
      runs += 1;
      throw new Error('no answer');
    };
    return {
      fail: operationOf(store, fail),
      elsewhere: operationOf(store.peer(), fail),
      crash: () => crash(operationOf, store, 'a'),
    };
  }

  const YEARS = 30 * 365 * DAY;
  const guards: Record<string, NonNullable<IdempotentOptions['onAbandoned']>> = {
    '`refuse`': 'refuse',
    'a function that refuses': () => 'refuse',
    'a function that fails': () => Promise.reject(new Error('the bank is closed')),
  };

  for (const [what, onAbandoned] of Object.entries(guards)) {
    it(`is for ever by ${what}, where the method left the outcome unknown: it never runs again`, async () => {
      const { fail, elsewhere } = operation({ onAbandoned, ttl: '2d' });
      await rejection(fail('a'));
      for (const length of [DAY, 2 * DAY, YEARS]) {
        await clock.tickAsync(length);
        await rejection(elsewhere('a'));
      }
      expect(runs).to.equal(1);
      expect((await standing(store))?.expiresAt).to.equal(LATEST);
    });

    it(`is for ever by ${what}, where the process died: it never runs again`, async () => {
      const { elsewhere, crash: die } = operation({ onAbandoned });
      await die();
      for (const length of [DAY, YEARS]) {
        await clock.tickAsync(length);
        await rejection(elsewhere('a'));
      }
      expect(runs).to.equal(0);
    });
  }

  it('is until the key is forgotten, after which the next call runs', async () => {
    const call = deployable({ onAbandoned: 'refuse', onError: () => 'unknown' })(store, async () => {
      runs += 1;
      if (runs === 1) throw new Error('no answer');
      return 'done';
    });
    await rejection(call('a'));
    await clock.tickAsync(YEARS);
    expect(await recordOf(call, 'a').forget()).to.equal(true);
    expect(await call('a')).to.equal('done');
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + DAY);
  });

  it('is until the recovery function knows, however late', async () => {
    const { crash: die, elsewhere } = operation({ onAbandoned: () => ({ value: 'found' }) });
    await die();
    await clock.tickAsync(YEARS);
    expect(await elsewhere('a')).to.equal('found');
    expect(runs).to.equal(0);
  });

  it('is as long as `unresolvedTtl` says, from the end or the lapse of the lease, and then the key is free', async () => {
    const { fail, elsewhere } = operation({ onAbandoned: 'refuse', unresolvedTtl: '2h' });
    await rejection(fail('a'));
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + 7_200_000);
    await clock.tickAsync(7_199_999);
    expect(await rejection(elsewhere('a'))).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN');
    expect(runs).to.equal(1);
    await clock.tickAsync(1);
    await rejection(elsewhere('a'));
    expect(runs).to.equal(2);
  });

  it('is up to an hour more than `unresolvedTtl` says: it ends with the hour', async () => {
    const { fail, elsewhere } = operation({ onAbandoned: 'refuse', unresolvedTtl: '1m' });
    await clock.tickAsync(HOUR - 60_000);
    await rejection(fail('a'));
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + 60_000);
    await clock.tickAsync(60_000);
    await rejection(elsewhere('a'));
    expect(runs).to.equal(2);
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + HOUR);
  });

  it('never ends before the clock tolerance has passed, whatever `unresolvedTtl`', async () => {
    const { crash: die } = operation({ onAbandoned: 'refuse', unresolvedTtl: '1m', clockTolerance: '2h' });
    const from = Date.now();
    await die();
    expect((await standing(store))?.expiresAt).to.equal(from + 3 * HOUR);
  });

  it('is what `unresolvedTtl` says also with `run`', async () => {
    const { fail } = operation({ unresolvedTtl: 'until-resolved' });
    await rejection(fail('a'));
    expect((await standing(store))?.expiresAt).to.equal(LATEST);
  });

  it('does not affect a key that was released', async () => {
    const { fail } = operation({ onAbandoned: 'refuse', onError: () => 'release' });
    await rejection(fail('a'));
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + DAY);
  });

  it('does not affect a result, which is kept for its ttl', async () => {
    const call = deployable({ onAbandoned: 'refuse', ttl: 300 })(store, async () => 'done');
    await call('a');
    expect((await standing(store))?.expiresAt).to.equal(Date.now() + 300_000);
  });
});
