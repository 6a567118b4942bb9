import { expect } from 'chai';
import { recordOf, StoreError } from 'retrysafe';
import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { until } from '../../support/until.js';
import { documentedRights } from './documented-rights.js';
import { recordOf as newRecord } from './records.js';

const user = { username: 'app', password: 'secret' } as const;

/** What the error of a missing right says. */
const least = [
  '~retrysafe:*',
  '&retrysafe:*',
  '+evalsha',
  '+eval',
  '+hmget',
  '+hlen',
  '+hset',
  '+pexpire',
  '+publish',
];

describe('a user of Redis', () => {
  const clients = useRedisClients();
  const silent = { subscribe: async () => {}, unsubscribe: async () => {} };
  let server: RedisServer;
  let runs: number;

  before(async function () {
    this.timeout(30_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
  });
  after(() => server?.stop());
  beforeEach(() => {
    runs = 0;
  });

  const work = async () => {
    runs += 1;
    return `run ${runs}`;
  };

  /** Gives the user these rights and no others, and makes the server forget its scripts. */
  async function allow(rights: readonly string[]): Promise<void> {
    await server.call('ACL', 'SETUSER', user.username, 'reset', 'on', `>${user.password}`, ...rights);
    await server.call('SCRIPT', 'FLUSH');
  }

  const ioredis = () => clients.ioredis(server, { ...user, enableReadyCheck: false });

  it('that may do what the error says, and nothing else, can do everything', async () => {
    await allow(least);
    const call = deployable()(new RedisStore({ client: await ioredis(), subscriber: silent }), work);
    expect(await call('a')).to.equal('run 1');
    expect(await call('a')).to.equal('run 1');
    expect(await recordOf(call, 'a').inspect()).to.include({ status: 'completed' });
  });

  for (const missing of least.filter((right) => right !== '+publish' && !right.startsWith('&'))) {
    it(`without ${missing} gets an error that says what to allow`, async () => {
      await allow(least.filter((right) => right !== missing));
      const store = new RedisStore({ client: await ioredis() });
      const [free, held] = [newRecord(`free without ${missing}`), newRecord(`held without ${missing}`)];
      await new RedisStore({ client: await clients.ioredis(server) }).claim(held, Date.now());
      await server.call('SCRIPT', 'FLUSH');
      const ends = await Promise.allSettled([
        store.claim(free, Date.now()),
        store.find(held.key),
        store.replace({ ...held, token: 'own.2' }, 'own.1'),
      ]);
      const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      expect(errors).to.not.have.length(0);
      for (const error of errors) {
        expect(error).to.be.instanceOf(StoreError);
        expect(error.message).to.match(
          /allow its user EVALSHA, EVAL, HMGET and .* that begin with "retrysafe:"$/,
        );
      }
    });
  }

  for (const missing of ['+publish', '&retrysafe:*']) {
    it(`without ${missing} still keeps records, and sends no notices`, async () => {
      await allow(least.filter((right) => right !== missing));
      const store = new RedisStore({ client: await ioredis(), subscriber: silent });
      const record = newRecord(`told without ${missing}`);
      const next = { ...record, token: 'own.2' };
      await store.claim(record, Date.now());
      expect(await store.replace(next, record.token)).to.deep.equal(next);
      expect(await store.find(record.key)).to.deep.equal(next);
    });
  }

  const kinds: Record<string, () => Promise<RedisClient>> = {
    ioredis: () => clients.ioredis(server, user),
    'redis (node-redis)': () => clients.nodeRedis(server, user),
    'Valkey GLIDE': () => clients.glide([server], { credentials: user }),
  };
  for (const [kind, client] of Object.entries(kinds)) {
    it(`with the rights that the document shows can do everything by ${kind}`, async () => {
      await allow(documentedRights());
      const reasons = await unhandledDuring(async () => {
        const connected = await client();
        const [here, there] = await Promise.all(
          [clients.ioredis(server, user), clients.nodeRedis(server, user)].map(
            async (subscriber) => new RedisStore({ client: connected, subscriber: await subscriber }),
          ),
        );
        const operation = deployable();
        const end = defer<string>();
        const started = defer();
        const running = operation(here as RedisStore, async () => {
          started.resolve();
          return end.promise;
        })('a');
        await started.promise;
        const waiter = operation(there as RedisStore, work)('a');
        await until('it listens', async () => String(await server.call('PUBSUB', 'CHANNELS')) !== '');
        end.resolve('done');
        expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
        const waiting = new RedisStore({ client: connected, waitReplicas: 1 });
        const error = await waiting.claim(newRecord(`waiting by ${kind}`), Date.now()).catch(String);
        expect(error).to.match(/0 of 1 replicas/);
      });
      expect(reasons).to.deep.equal([]);
    });
  }
});
