import { expect } from 'chai';
import { deployable, restOfTurn, standing } from './support/deployment.js';
import { rejection } from './support/rejection.js';
import { ScriptedStore } from './support/scripted-store.js';
import { fakeTime } from './support/time.js';

const DAY = 86_400_000;

describe('the expiry of a record that is not completed (21)', () => {
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
    it(`is, by ${name}, a day or the ttl after its lease, set anew at every renewal`, async () => {
      void operation(store, never, { ttl })('a');
      const from = Date.now();
      await restOfTurn();
      expect((await standing(store))?.expiresAt).to.equal(from + 6_000 + kept);
      await clock.tickAsync(2_000);
      expect((await standing(store))?.expiresAt).to.equal(from + 8_000 + kept);
    });
  }

  it('so a short ttl frees no key that is running', async () => {
    void operation(store, never, { ttl: 1 })('a');
    await clock.tickAsync(30_000);
    const error = await rejection(operation(peer, never, { ttl: 1, wait: 0 })('a'));
    expect(error).to.include({ code: 'ERR_IDEMPOTENCY_IN_PROGRESS' });
  });

  it('is a day from its end where it was released, or is unknown', async () => {
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
      expect((await standing(one))?.expiresAt).to.equal(Date.now() + DAY);
    }
  });
});
