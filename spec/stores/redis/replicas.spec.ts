import 'retrysafe/listing';
import { expect } from 'chai';
import { currentExecution, StoreError } from 'retrysafe';
import { type RedisClient, RedisStore, type RedisStoreOptions } from 'retrysafe/redis';
import { storeContract } from 'retrysafe/testing';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { clientsOfServer, useRedisClients } from '../../support/redis-clients.js';
import { startReplication } from '../../support/redis-group.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { until } from '../../support/until.js';
import { recordOf } from './records.js';

const kinds = Object.keys(clientsOfServer);

describe('RedisStore that waits for a replica', function () {
  this.timeout(20_000);
  const clients = useRedisClients();
  let group: Awaited<ReturnType<typeof startReplication>>;

  before(async function () {
    this.timeout(60_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    group = await startReplication();
  });
  after(() => group?.stop());
  afterEach(resume);

  function suspend(): void {
    process.kill(group.replica.pid, 'SIGSTOP');
  }

  async function resume(): Promise<void> {
    process.kill(group.replica.pid, 'SIGCONT');
    await until('the replica acknowledges', async () => {
      await group.primary.call('SET', 'any', 'write');
      const offset = async (server: RedisServer) =>
        (await server.info('replication')).match(/master_repl_offset:(\d+)/)?.[1];
      return (await offset(group.primary)) === (await offset(group.replica));
    });
  }

  const client = (kind: string): Promise<RedisClient> =>
    (clientsOfServer[kind] as (typeof clientsOfServer)[string])(clients, group.primary);

  /** A store over a connection of its own, as a process that was just started has it. */
  async function newStore(kind = 'ioredis', more: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
    return new RedisStore({ client: await client(kind), waitReplicas: 1, ...more });
  }

  const onReplica = (key: string) => group.replica.call('HGET', `retrysafe:${key}`, 'token');

  async function expectUnacknowledged(call: Promise<unknown>, told = '0 of 1'): Promise<void> {
    const error = await rejection(call);
    expect(error).to.be.instanceOf(StoreError);
    expect((error as Error).message).to.match(
      new RegExp(`^RedisStore: ${told} replicas acknowledged a write within 1 s, so it may be lost`),
    );
  }

  for (const kind of kinds) {
    describe(`by ${kind}`, () => {
      it('answers when the replica has the record', async () => {
        const store = await newStore(kind);
        const record = recordOf(`acknowledged by ${kind}`);
        const next = { ...record, token: 'own.2' };
        expect(await store.claim(record, Date.now())).to.deep.equal(record);
        expect(await onReplica(record.key)).to.equal('own.1');
        expect(await store.replace(next, record.token)).to.deep.equal(next);
        expect(await onReplica(record.key)).to.equal('own.2');
      });

      let store: RedisStore;
      before(async () => {
        store = await newStore(kind);
      });
      storeContract(() => store, { supports: { records: true } });
    });
  }

  it('does the same where the client puts a prefix before keys', async () => {
    const prefixed = await clients.ioredis(group.primary, { keyPrefix: 'theirs:' });
    const store = await newStore('ioredis', { client: prefixed });
    const record = recordOf('prefixed');
    await store.claim(record, Date.now());
    expect(await group.replica.call('HGET', 'theirs:retrysafe:prefixed', 'token')).to.equal('own.1');
    expect(await store.find(record.key)).to.deep.equal(record);
  });

  it('says how many have acknowledged a write, where they are fewer', async () => {
    const store = await newStore('ioredis', { waitReplicas: 2 });
    await expectUnacknowledged(store.claim(recordOf('of two'), Date.now()), '1 of 2');
  });

  describe('when the replica has stopped', () => {
    it('refuses a call, whose method does not run, by whichever client', async () => {
      const runs: string[] = [];
      const operation = deployable();
      const calls = await Promise.all(
        kinds.map(async (kind) => operation(await newStore(kind), async () => runs.push(kind))),
      );
      suspend();
      await Promise.all(
        calls.map(async (call, index) => {
          const error = (await rejection(call(`first ${index}`))) as StoreError;
          expect(error).to.be.instanceOf(StoreError).and.include({ step: 'claim' });
          expect((error.cause as Error).message).to.match(/^RedisStore: 0 of 1 replicas acknowledged/);
        }),
      );
      expect(runs).to.deep.equal([]);
    });

    it('refuses a call that would take over, whose method does not run', async () => {
      const operation = deployable();
      const store = await newStore();
      await rejection(operation(store, () => Promise.reject(new Error('no money')))('a'));
      suspend();
      let runs = 0;
      const error = (await rejection(operation(store, async () => ++runs)('a'))) as StoreError;
      expect(error).to.be.instanceOf(StoreError).and.include({ step: 'replace' });
      expect((error.cause as Error).message).to.match(/^RedisStore: 0 of 1 replicas/);
      expect(runs).to.equal(0);
    });

    it('does not take a repeated claim for acknowledged, not on a new connection either', async () => {
      const record = recordOf('repeated');
      const [first, second] = [await newStore(), await newStore()];
      suspend();
      const now = Date.now();
      await expectUnacknowledged(first.claim(record, now));
      await expectUnacknowledged(first.claim(record, now));
      await expectUnacknowledged(second.claim(record, now));
      await resume();
      expect(await second.claim(record, now)).to.deep.equal(record);
      expect(await onReplica(record.key)).to.equal('own.1');
    });

    it('does not delay the answer to those who do not get the key', async () => {
      const holder = recordOf('held');
      await (await newStore()).claim(holder, Date.now());
      // On a connection each: the server answers nothing more on one that waits.
      const [claiming, replacing] = [await newStore(), await newStore('redis (node-redis)')];
      suspend();
      const started = performance.now();
      expect(await claiming.claim(recordOf('held', { token: 'other.1' }), Date.now())).to.deep.equal(holder);
      expect(await replacing.replace(recordOf('held', { token: 'other.2' }), 'none.1')).to.deep.equal(holder);
      // Who waits for the replica does so for a second.
      expect(performance.now() - started).to.be.below(900);
    });

    it('answers a call whose method has returned, and completes it when the replica is back', async () => {
      const store = await newStore();
      let key = '';
      const running = deployable()(store, async () => {
        key = currentExecution().key;
        suspend();
        return 'done';
      })('a');
      await until('it is completed', async () => (await store.find(key))?.state.status === 'completed');
      await resume();
      expect(await running).to.equal('done');
      expect(await onReplica(key)).to.equal((await store.find(key))?.token);
    });
  });

  describe('whose client is connected to the replica', () => {
    it('refuses a call, and says that it is one', async () => {
      const store = new RedisStore({ client: await clients.ioredis(group.replica) });
      let runs = 0;
      const error = (await rejection(deployable()(store, async () => ++runs)('a'))) as StoreError;
      expect(error).to.be.instanceOf(StoreError).and.include({ step: 'claim' });
      expect((error.cause as Error).message).to.equal(
        'RedisStore: the server is a replica, which takes no writes; connect the client to its primary',
      );
      expect(runs).to.equal(0);
    });
  });

  it('says that the server itself takes no writes without replicas, where it is told so', async () => {
    await group.primary.call('CONFIG', 'SET', 'min-replicas-to-write', 2);
    try {
      const error = await rejection((await newStore()).claim(recordOf('too few'), Date.now()));
      expect(error).to.be.instanceOf(StoreError);
      expect((error as Error).message).to.match(
        /too few replicas to take writes \(`min-replicas-to-write`\)$/,
      );
    } finally {
      await group.primary.call('CONFIG', 'SET', 'min-replicas-to-write', 0);
    }
  });
});
