import 'retrysafe/listing';
import type { Redis } from 'ioredis';
import type { PersistenceStore } from 'retrysafe';
import { type IORedisSubscriber, type RedisClient, RedisStore, type RedisSubscriber } from 'retrysafe/redis';
import { storeContract } from 'retrysafe/testing';
import { pending } from '../../support/pending.js';
import { type RedisFixture, useRedis } from '../../support/redis.js';
import {
  clientsOfCluster,
  clientsOfServer,
  unusualClientsOfServer,
  useRedisClients,
} from '../../support/redis-clients.js';
import { startCluster } from '../../support/redis-group.js';
import { type SentinelGroup, startSentinel } from '../../support/redis-sentinel.js';
import { RedisServer } from '../../support/redis-server.js';

type Subscriber = RedisSubscriber | IORedisSubscriber;

describe('RedisStore on a server', () => {
  const redis = useRedis();
  const clients = useRedisClients();

  for (const [kind, client] of Object.entries({ ...clientsOfServer, ...unusualClientsOfServer })) {
    describe(`by ${kind}`, () => {
      let store: RedisStore;

      before(async () => {
        store = new RedisStore({ client: await client(clients, redis), prefix: redis.prefix() });
      });

      storeContract(() => store, { supports: { records: true } });
    });
  }
});

/** Second connections that subscribe, and the number by which the server knows each of them. */
const subscribers: Readonly<
  Record<string, (redis: RedisFixture) => Promise<readonly [Subscriber, id: unknown]>>
> = {
  ioredis: async (redis) => {
    const subscriber = await redis.ioredis();
    return [subscriber, await subscriber.client('ID')];
  },
  'redis (node-redis)': async (redis) => {
    const subscriber = await redis.nodeRedis({ socket: { reconnectStrategy: () => 20 } });
    return [subscriber, await subscriber.sendCommand(['CLIENT', 'ID'])];
  },
};

describe('RedisStore with a connection that subscribes', () => {
  const redis = useRedis();

  for (const [kind, subscribing] of Object.entries(subscribers)) {
    describe(`of ${kind}`, () => {
      const ids = new Map<PersistenceStore, unknown>();
      let client: Redis;

      before(async () => {
        client = await redis.ioredis();
      });

      storeContract(
        async () => {
          const [subscriber, id] = await subscribing(redis);
          const store = new RedisStore({ client, subscriber, prefix: redis.prefix() });
          ids.set(store, id);
          return store;
        },
        {
          supports: { changed: true, records: true },
          loseConnection: (store) => client.call('CLIENT', 'KILL', 'ID', String(ids.get(store))),
        },
      );
    });
  }
});

describe('RedisStore on a cluster', () => {
  const clients = useRedisClients();
  let cluster: Awaited<ReturnType<typeof startCluster>> | undefined;

  before(async function () {
    this.timeout(60_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  for (const [kind, client] of Object.entries(clientsOfCluster)) {
    describe(`by ${kind}`, () => {
      let connected: RedisClient;

      before(async () => {
        connected = await client(clients, cluster?.masters ?? []);
      });

      storeContract(() => new RedisStore({ client: connected }), { supports: { records: true } });
    });
  }
});

describe('RedisStore on what sentinels watch', () => {
  const clients = useRedisClients();
  let group: SentinelGroup | undefined;
  let store: RedisStore;

  before(async function () {
    this.timeout(60_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    group = await startSentinel();
    store = new RedisStore({ client: await clients.nodeRedisSentinel([group.sentinel]) });
  });
  after(() => group?.stop());

  storeContract(() => store, { supports: { records: true } });
});
