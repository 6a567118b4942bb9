import { expect } from 'chai';
import { StoreError } from 'retrysafe';
import { type IORedisSubscriber, type RedisClient, RedisStore, type RedisSubscriber } from 'retrysafe/redis';
import { pending } from '../../support/pending.js';
import { clientsOfCluster, clientsOfServer, useRedisClients } from '../../support/redis-clients.js';
import { moveSlot, startCluster, startClusterReplica } from '../../support/redis-group.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { until } from '../../support/until.js';
import { documentedRights } from './documented-rights.js';
import { recordOf } from './records.js';

describe('RedisStore on a cluster with a replica', function () {
  this.timeout(20_000);
  const clients = useRedisClients();
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  let primary: RedisServer;
  let replica: RedisServer;
  let count = 0;

  before(async function () {
    this.timeout(60_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    cluster = await startCluster();
    [primary] = cluster.masters as [RedisServer];
    replica = await startClusterReplica(cluster, primary);
  });
  after(async () => {
    await replica?.stop();
    await cluster?.stop();
  });
  afterEach(() => process.kill(replica.pid, 'SIGCONT'));

  /** A record whose key the first of the masters has, which is the one with a replica; or another. */
  async function recordAt(place: 'primary' | 'elsewhere') {
    for (;;) {
      count += 1;
      const key = `key ${count}`;
      const slot = Number(await primary.call('CLUSTER', 'KEYSLOT', `retrysafe:${key}`));
      if (slot < 5_462 === (place === 'primary')) return { ...recordOf(key), slot };
    }
  }

  for (const [kind, client] of Object.entries(clientsOfCluster)) {
    describe(`by ${kind}`, () => {
      let connected: RedisClient;
      let store: RedisStore;

      before(async () => {
        connected = await client(clients, cluster.masters);
        store = new RedisStore({ client: connected, waitReplicas: 1 });
      });

      it('answers when the replica of the node that has the key has the record', async () => {
        // Again and again, since a client may send what has no key to any of the nodes.
        for (let times = 0; times < 10; times += 1) {
          const { slot: _, ...record } = await recordAt('primary');
          expect(await store.claim(record, Date.now())).to.deep.equal(record);
          const next = { ...record, token: 'own.2' };
          expect(await store.replace(next, record.token)).to.deep.equal(next);
        }
      });

      it('refuses a write to a node without a replica', async () => {
        const { slot: _, ...record } = await recordAt('elsewhere');
        // Where the script is new to a node, it would wait twice.
        await new RedisStore({ client: connected }).claim({ ...record, token: 'before.1', expiresAt: 1 }, 0);
        const error = await rejection(store.claim(record, Date.now()));
        expect(error).to.be.instanceOf(StoreError);
        expect((error as Error).message).to.match(/0 of 1 replicas/);
      });
    });
  }

  for (const [kind, client] of Object.entries(clientsOfServer)) {
    it(`by ${kind} that is for a single server says what client it needs`, async () => {
      const store = new RedisStore({ client: await client(clients, primary) });
      const { slot: _, ...record } = await recordAt('elsewhere');
      for (const error of [
        await rejection(store.claim(record, Date.now())),
        await rejection(store.find(record.key)),
      ]) {
        expect(error).to.be.instanceOf(StoreError);
        expect((error as Error).message).to.equal(
          'RedisStore: the server belongs to a cluster; pass a cluster client',
        );
      }
    });
  }

  const user = { username: 'app', password: 'secret' };
  const ofUser: Record<string, () => Promise<RedisClient>> = {
    ioredis: () => clients.ioredisCluster(cluster.masters, { redisOptions: user }),
    'redis (node-redis)': () => clients.nodeRedisCluster(cluster.masters, { defaults: user }),
    'Valkey GLIDE': () => clients.glideCluster(cluster.masters, { credentials: user }),
  };
  for (const [kind, client] of Object.entries(ofUser)) {
    it(`needs no more rights by ${kind} than the document shows`, async () => {
      for (const node of [...cluster.masters, replica]) {
        await node.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...documentedRights());
      }
      const store = new RedisStore({ client: await client(), waitReplicas: 1 });
      const { slot: _, ...record } = await recordAt('primary');
      expect(await store.claim(record, Date.now())).to.deep.equal(record);
      expect(await store.find(record.key)).to.deep.equal(record);
    });
  }

  const readersOfReplicas: Record<string, () => Promise<RedisClient>> = {
    ioredis: () => clients.ioredisCluster(cluster.masters, { scaleReads: 'slave' }),
    'redis (node-redis)': () => clients.nodeRedisCluster(cluster.masters, { useReplicas: true }),
    'Valkey GLIDE': () => clients.glideCluster(cluster.masters, { readFrom: 'preferReplica' }),
  };
  for (const [kind, client] of Object.entries(readersOfReplicas)) {
    it(`makes a consistent find at the primary by ${kind}, though it reads from replicas`, async () => {
      const store = new RedisStore({ client: await client() });
      const { slot: _, ...record } = await recordAt('primary');
      process.kill(replica.pid, 'SIGSTOP');
      await store.claim(record, Date.now());
      expect(await store.find(record.key, { consistent: true })).to.deep.equal(record);
    });
  }

  for (const [kind, client] of Object.entries(clientsOfCluster)) {
    it(`finds by ${kind} a key that has moved to another node, also where it waits for replicas`, async () => {
      const { slot, ...record } = await recordAt('elsewhere');
      const store = new RedisStore({ client: await client(clients, cluster.masters), waitReplicas: 1 });
      await store.find(record.key);
      await moveSlot(cluster, replica, slot, primary);
      const claim = () => store.claim(record, Date.now());
      if (kind !== 'Valkey GLIDE') {
        expect(await claim()).to.deep.equal(record);
        return;
      }
      // Until it has asked where the slot is, which it does by itself, it asks the former node for acknowledgements.
      await until('the client knows the new node', () =>
        claim().then(
          (holder) => holder.token === record.token,
          (error) => expect(error).to.be.instanceOf(StoreError) && false,
        ),
      );
      expect(await claim()).to.deep.equal(record);
    });
  }

  const subscribers: Record<string, () => Promise<RedisSubscriber | IORedisSubscriber>> = {
    'ioredis, of another node': () => clients.ioredis(cluster.masters.at(-1) as RedisServer),
    'ioredis, of the cluster': () => clients.ioredisCluster(cluster.masters) as Promise<IORedisSubscriber>,
    'redis (node-redis), of the cluster': () => clients.nodeRedisCluster(cluster.masters),
  };
  for (const [kind, subscriber] of Object.entries(subscribers)) {
    it(`gives notices to a connection of ${kind}`, async () => {
      const store = new RedisStore({
        client: await clients.ioredisCluster(cluster.masters),
        subscriber: await subscriber(),
      });
      const { slot: _, ...record } = await recordAt('primary');
      await store.claim(record, Date.now());
      const listening = new AbortController();
      const notice = () => store.changed?.(record.key, listening.signal);
      await notice();
      const replaced = notice();
      await store.replace({ ...record, token: 'own.2' }, record.token);
      await replaced;
      listening.abort();
    });
  }
});
