import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { RedisStore } from 'retrysafe/redis';
import sinon from 'sinon';
import { useRedis } from '../../support/redis.js';
import { recordOf } from './records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GRACE = 15 * MINUTE;

describe('expiry in Redis', () => {
  const redis = useRedis();
  let client: Redis;
  let store: RedisStore;
  let prefix: string;

  before(async () => {
    client = await redis.ioredis();
    prefix = redis.prefix();
    store = new RedisStore({ client, prefix });
  });
  afterEach(() => sinon.restore());

  const serverNow = async () => {
    const [seconds, micros] = await client.time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  };

  /** How long the server keeps what is under the key from now on. */
  const keptFor = async (key: string) => (await client.pexpiretime(prefix + key)) - (await serverNow());

  /** The application's clock is so much ahead of the server's. */
  const fakeClock = (ahead: number) => sinon.useFakeTimers({ now: Date.now() + ahead, toFake: ['Date'] });

  it('is judged by the `now` of a claim, and never by a clock', async () => {
    const holder = recordOf('judged', { expiresAt: 1_000 });
    const other = recordOf('judged', { token: 'other.1', expiresAt: 5_000 });
    expect(await store.claim(holder, 0)).to.deep.equal(holder);
    expect(await store.claim(other, 999)).to.deep.equal(holder);
    expect(await store.claim(other, 1_000)).to.deep.equal(other);
    const farOff = recordOf('judged', { token: 'third.1', expiresAt: Date.now() + 1_000 * HOUR });
    expect(await store.claim(farOff, 5_000)).to.deep.equal(farOff);
    expect(await store.claim(other, farOff.expiresAt - 1)).to.deep.equal(farOff);
    expect(await store.claim(other, farOff.expiresAt)).to.deep.equal(other);
  });

  for (const [whose, ahead] of [
    ["that is the server's", 0],
    ["an hour ahead of the server's", HOUR],
    ["an hour behind the server's", -HOUR],
  ] as const) {
    describe(`by an application's clock ${whose}`, () => {
      it('leaves a record there for 15 minutes longer than it holds', async () => {
        fakeClock(ahead);
        const record = recordOf(`kept ${ahead}`, { expiresAt: Date.now() + 10 * MINUTE });
        await store.claim(record, Date.now());
        expect(await keptFor(record.key)).to.be.within(
          10 * MINUTE + GRACE - 5_000,
          10 * MINUTE + GRACE + 100,
        );
      });

      it('leaves a record there for 15 minutes that has expired already', async () => {
        fakeClock(ahead);
        const record = recordOf(`late ${ahead}`, { expiresAt: Date.now() - 2 * HOUR });
        await store.claim(record, Date.now() - 3 * HOUR);
        expect(await keptFor(record.key)).to.be.within(GRACE - 5_000, GRACE + 100);
        expect(await store.find(record.key)).to.deep.equal(record);
      });

      it('moves with a replace, in both directions', async () => {
        fakeClock(ahead);
        const record = recordOf(`moved ${ahead}`, { expiresAt: Date.now() + MINUTE });
        await store.claim(record, Date.now());
        const longer = { ...record, token: 'own.2', expiresAt: Date.now() + 24 * HOUR };
        await store.replace(longer, 'own.1');
        expect(await keptFor(record.key)).to.be.within(24 * HOUR + GRACE - 5_000, 24 * HOUR + GRACE + 100);
        const shorter = { ...record, token: 'own.3', expiresAt: Date.now() + MINUTE };
        await store.replace(shorter, 'own.2');
        expect(await keptFor(record.key)).to.be.within(MINUTE + GRACE - 5_000, MINUTE + GRACE + 100);
      });
    });
  }

  it('does not move with a claim or a replace that changes nothing', async () => {
    const record = recordOf('unmoved', { expiresAt: Date.now() + MINUTE });
    await store.claim(record, Date.now());
    const until = await client.pexpiretime(`${prefix}unmoved`);
    const other = recordOf('unmoved', { token: 'other.1', expiresAt: Date.now() + HOUR });
    await store.claim(other, Date.now());
    await store.replace(other, 'none.1');
    expect(await client.pexpiretime(`${prefix}unmoved`)).to.equal(until);
  });

  it('is none at all for no key: nothing is left behind on a free one', async () => {
    expect(await store.replace(recordOf('free'), 'none.1')).to.equal(undefined);
    expect(await client.exists(`${prefix}free`)).to.equal(0);
  });
});
