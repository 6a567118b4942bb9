import type { RedisClient } from 'retrysafe/redis';
import { RedisStore } from 'retrysafe/redis';
import { storeContract } from 'retrysafe/testing';
import { pending } from '../../support/pending.js';
import { useRedis } from '../../support/redis.js';
import {
  clientsOfCluster,
  clientsOfServer,
  unusualClientsOfServer,
  useRedisClients,
} from '../../support/redis-clients.js';
import { startCluster } from '../../support/redis-group.js';
import { type SentinelGroup, startSentinel } from '../../support/redis-sentinel.js';
import { RedisServer } from '../../support/redis-server.js';

describe('RedisStore on a server', () => {
  const redis = useRedis();
  const clients = useRedisClients();

  for (const [kind, client] of Object.entries({ ...clientsOfServer, ...unusualClientsOfServer })) {
    describe(`by ${kind}`, () => {
      let store: RedisStore;

      before(async () => {
        store = new RedisStore({ client: await client(clients, redis), prefix: redis.prefix() });
      });

      storeContract(() => store);
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

      storeContract(() => new RedisStore({ client: connected }));
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

  storeContract(() => store);
});
