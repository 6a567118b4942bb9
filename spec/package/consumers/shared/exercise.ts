// What every consumer must see, whatever compiles, bundles or runs it: one title and one check per promise.
import assert from 'node:assert/strict';
import {
  ConfigurationError,
  configureIdempotency,
  FingerprintError,
  IdempotencyError,
  Idempotent,
  InMemoryStore,
  KeyError,
  makeIdempotent,
  recordOf,
} from 'retrysafe';
import { Orders } from './orders.js';

export const checks: readonly (readonly [title: string, check: () => Promise<void>])[] = [
  [
    'a second call with the same key gets the first outcome, its Date included',
    async () => {
      const orders = new Orders();
      const first = await orders.place({ id: 'twice', amount: 5 });
      const second = await orders.place({ id: 'twice', amount: 5 });
      assert.equal(orders.runs, 1);
      assert.deepEqual(second, first);
      assert.ok(second.placedAt instanceof Date);
      assert.notEqual(second, first);
    },
  ],
  [
    'ten concurrent calls run the method once',
    async () => {
      const orders = new Orders();
      const copies = Array.from({ length: 10 }, () => orders.place({ id: 'ten', amount: 5 }));
      const outcomes = await Promise.all(copies);
      assert.equal(orders.runs, 1);
      assert.equal(new Set(outcomes).size, 10);
      for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
    },
  ],
  [
    'errors are known by class and by code',
    async () => {
      const orders = new Orders();
      await assert.rejects(orders.place({ amount: 5 }), (error) => {
        assert.ok(error instanceof KeyError && error instanceof IdempotencyError && error instanceof Error);
        assert.ok(!(error instanceof FingerprintError));
        assert.equal(error.code, 'ERR_IDEMPOTENCY_KEY');
        return true;
      });
      await orders.place({ id: 'other-amount', amount: 5 });
      await assert.rejects(orders.place({ id: 'other-amount', amount: 6 }), (error) => {
        assert.ok(error instanceof FingerprintError);
        assert.equal(error.name, 'FingerprintError');
        assert.equal(error.code, 'ERR_IDEMPOTENCY_FINGERPRINT');
        assert.equal(error.statusCode, 422);
        return true;
      });
      assert.equal(orders.runs, 1);
    },
  ],
  [
    'a wrong option is an error when the class is defined',
    async () => {
      assert.throws(
        () => {
          class Wrong {
            @Idempotent({ ttl: 0 })
            async call(): Promise<void> {}
          }
          return Wrong;
        },
        (error) => error instanceof ConfigurationError && error.message.includes('ttl'),
      );
    },
  ],
  [
    'the running call derives stable keys for others',
    async () => {
      const [hold, sameHold, fee] = (await new Orders().place({ id: 'derived', amount: 5 })).paymentKeys;
      assert.equal(hold, sameHold);
      assert.notEqual(hold, fee);
      assert.ok(hold && hold.length <= 36);
    },
  ],
  [
    'a record can be looked at and forgotten',
    async () => {
      const orders = new Orders();
      const request = { id: 'forgotten', amount: 5 };
      await orders.place(request);
      assert.ok(await recordOf(orders, 'place', request).inspect());
      await recordOf(orders, 'place', request).forget();
      await orders.place(request);
      assert.equal(orders.runs, 2);
    },
  ],
  [
    'a function is made idempotent like a method',
    async () => {
      let runs = 0;
      const double = makeIdempotent(
        async (value: number) => {
          runs += 1;
          return value * 2;
        },
        { name: 'double' },
      );
      assert.deepEqual([await double(4), await double(4), runs], [8, 8, 1]);
    },
  ],
  [
    'a store of one’s own starts empty and is used from then on',
    async () => {
      const orders = new Orders();
      await orders.place({ id: 'stored', amount: 5 });
      configureIdempotency({ store: new InMemoryStore() });
      await orders.place({ id: 'stored', amount: 5 });
      await orders.place({ id: 'stored', amount: 5 });
      assert.equal(orders.runs, 2);
      configureIdempotency({});
    },
  ],
];

/** Runs every check, one line each. */
export async function exercise(): Promise<void> {
  for (const [title, check] of checks) {
    await check();
    console.log(`ok ${title}`);
  }
}
