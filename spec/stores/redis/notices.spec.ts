import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { currentExecution, type IdempotentOptions } from 'retrysafe';
import { type IORedisSubscriber, type RedisClient, RedisStore, type RedisSubscriber } from 'retrysafe/redis';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { atOnce, useLatestLooks } from '../../support/latest-looks.js';
import { pending } from '../../support/pending.js';
import { catchWarnings } from '../../support/process-warnings.js';
import { type Address, type RedisClients, useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

type Subscriber = RedisSubscriber | IORedisSubscriber;

interface Process {
  readonly store: RedisStore;
}

const kinds: Readonly<
  Record<
    string,
    {
      readonly client: (clients: RedisClients, address: Address) => Promise<RedisClient>;
      readonly subscriber: (clients: RedisClients, address: Address) => Promise<Subscriber>;
    }
  >
> = {
  ioredis: {
    client: (clients, address) => clients.ioredis(address),
    subscriber: (clients, address) => clients.ioredis(address),
  },
  'ioredis with a keyPrefix': {
    client: (clients, address) => clients.ioredis(address, { keyPrefix: 'theirs:' }),
    subscriber: (clients, address) => clients.ioredis(address, { keyPrefix: 'theirs:' }),
  },
  'redis (node-redis)': {
    client: (clients, address) => clients.nodeRedis(address),
    subscriber: (clients, address) => clients.nodeRedis(address, { socket: { reconnectStrategy: () => 20 } }),
  },
};

const subscribing = /\r\nsubscribe\r\n/i;

describe('notices by Redis', function () {
  this.timeout(20_000);
  useLatestLooks();
  const clients = useRedisClients();
  let server: RedisServer;
  /** Before what the waiting process sends, and before what it subscribes with. */
  let proxy: TcpProxy;
  let subscriberProxy: TcpProxy;

  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
    proxy = new TcpProxy(server);
    subscriberProxy = new TcpProxy(server);
    await proxy.start();
    await subscriberProxy.start();
  });
  after(async () => {
    await proxy?.stop();
    await subscriberProxy?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    proxy.reset();
    subscriberProxy.reset();
  });

  const channels = async () => (await server.call('PUBSUB', 'CHANNELS')) as string[];
  const listened = () => until('there is a listener', async () => (await channels()).length > 0);
  const allUnsubscribed = () => until('there is no listener', async () => (await channels()).length === 0);
  const looks = () => proxy.count(/\r\nhmget\r\n/i);

  for (const [kind, { client, subscriber }] of Object.entries(kinds)) {
    describe(`to ${kind}`, () => {
      let here: Process;
      let there: Process;

      before(async () => {
        const newProcess = async (to: Address, subscribingTo: Address): Promise<Process> => ({
          store: new RedisStore({
            client: await client(clients, to),
            subscriber: await subscriber(clients, subscribingTo),
          }),
        });
        here = await newProcess(server, server);
        there = await newProcess(proxy.endpoint, subscriberProxy.endpoint);
      });
      afterEach(allUnsubscribed);

      /** A call that runs here until it is told how to end, and one there that waits for it. */
      async function waiting(options: IdempotentOptions = {}, store = there.store) {
        const operation = deployable(options);
        const end = defer<unknown>();
        const started = defer();
        const running = operation(here.store, async () => {
          started.resolve();
          return end.promise;
        })('a');
        running.catch(() => {});
        await started.promise;
        let runs = 0;
        const startWaiter = () =>
          operation(store, async () => {
            runs += 1;
            return `attempt ${currentExecution().attempt}`;
          })('a');
        return { end, running, startWaiter, runs: () => runs };
      }

      /** When the waiter has looked for the last time before it only waits for a notice. */
      async function quiet(): Promise<number> {
        await listened();
        for (let before = -1; before < looks(); await pause(100)) before = looks();
        return looks();
      }

      it('answer a duplicate in another process at once when the run completes', async () => {
        const { end, running, startWaiter, runs } = await waiting();
        const waiter = startWaiter();
        const before = await quiet();
        const completed = performance.now();
        end.resolve('done');
        expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
        expect(performance.now() - completed).to.be.below(atOnce);
        expect(looks() - before, 'looks after the first').to.equal(1);
        expect(runs()).to.equal(0);
      });

      it('answer it at once when the run ends with an error that is remembered', async () => {
        const { end, running, startWaiter, runs } = await waiting({ remember: [RangeError] });
        const waiter = startWaiter();
        const before = await quiet();
        end.reject(new RangeError('no money'));
        await rejection(running);
        expect(await rejection(waiter)).to.be.instanceOf(RangeError);
        expect(looks() - before).to.equal(1);
        expect(runs()).to.equal(0);
      });

      it('let it take over at once when the run is released', async () => {
        const { end, running, startWaiter, runs } = await waiting();
        const waiter = startWaiter();
        await quiet();
        const released = performance.now();
        end.reject(new Error('no money'));
        await rejection(running);
        expect(await waiter).to.equal('attempt 2');
        expect(performance.now() - released).to.be.below(atOnce);
        expect(runs()).to.equal(1);
      });

      it('miss nothing while the subscription is slow to stand', async () => {
        const { end, running, startWaiter } = await waiting();
        subscriberProxy.next(subscribing, 'hold');
        const waiter = startWaiter();
        await subscriberProxy.arrived(subscribing);
        await until('it looks again and again in the meantime', () => looks() >= 2);
        end.resolve('done');
        await running;
        await subscriberProxy.deliver();
        expect(await waiter).to.equal('done');
      });

      it('leave nothing behind where the subscription stands only after the wait', async () => {
        const { end, running, startWaiter } = await waiting();
        subscriberProxy.next(subscribing, 'hold');
        const waiter = startWaiter();
        await subscriberProxy.arrived(subscribing);
        end.resolve('done');
        expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
        await subscriberProxy.deliver();
        await allUnsubscribed();
      });

      it('come to one wait right after the other', async () => {
        for (let round = 0; round < 10; round += 1) {
          const { end, running, startWaiter } = await waiting();
          const waiter = startWaiter();
          const before = await quiet();
          end.resolve(round);
          expect(await Promise.all([running, waiter])).to.deep.equal([round, round]);
          expect(looks() - before).to.be.below(3);
          proxy.seen.length = 0;
        }
      });

      it('come again after the connection was lost and restored', async () => {
        const { end, running, startWaiter } = await waiting();
        const waiter = startWaiter();
        const lost = await quiet();
        const subscriptions = subscriberProxy.count(subscribing);
        subscriberProxy.breakConnections();
        await subscriberProxy.applied(subscribing, subscriptions + 1);
        // Long before the safety net makes it look.
        await until('it has looked, since it may have missed something', () => looks() > lost, atOnce);
        const before = await quiet();
        const completed = performance.now();
        end.resolve('done');
        expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
        expect(performance.now() - completed).to.be.below(atOnce);
        expect(looks() - before).to.equal(1);
      });

      it('are done without where the connection is closed in the middle', async () => {
        const closing = await subscriber(clients, server);
        const store = new RedisStore({ client: await client(clients, proxy.endpoint), subscriber: closing });
        const { end, running, startWaiter } = await waiting({}, store);
        const waiter = startWaiter();
        await quiet();
        if ('destroy' in closing) (closing.destroy as () => void)();
        else (closing as IORedisSubscriber & { disconnect(): void }).disconnect();
        end.resolve('done');
        expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
      });

      it('stop when the wait is over', async () => {
        const { end, running, startWaiter } = await waiting({ wait: '300ms' });
        const refused = await rejection(startWaiter());
        expect(refused).to.have.property('name', 'InProgressError');
        await allUnsubscribed();
        end.resolve('done');
        await running;
      });
    });
  }

  describe('that do not come', () => {
    const duplicate = async (subscriber: RedisSubscriber) => {
      const operation = deployable();
      const end = defer<unknown>();
      const started = defer();
      const here = new RedisStore({ client: await clients.ioredis(server) });
      const there = new RedisStore({ client: await clients.ioredis(proxy.endpoint), subscriber });
      const running = operation(here, async () => {
        started.resolve();
        return end.promise;
      })('a');
      await started.promise;
      const waiter = operation(there, async () => 'ran twice')('a');
      await until('it looks again and again', () => looks() >= 3);
      end.resolve('done');
      expect(await Promise.all([running, waiter])).to.deep.equal(['done', 'done']);
    };
    let warnings: ReturnType<typeof catchWarnings>;
    beforeEach(() => {
      warnings = catchWarnings();
    });
    afterEach(() => warnings.restore());

    it('since the subscriber rejects: the duplicate asks again and again, and one warning says so', async () => {
      const unsubscribed: string[] = [];
      await duplicate({
        subscribe: () => Promise.reject(new Error('no subscriptions')),
        unsubscribe: async (channel) => unsubscribed.push(channel),
      });
      expect(warnings.texts('RETRYSAFE_NOTICES')).to.have.length(1);
      expect(warnings.texts('RETRYSAFE_NOTICES')[0]).to.match(/the store gives no notices/);
      expect(unsubscribed).to.have.length(1);
    });

    it('since the subscriber throws at everything: the same, and nothing else fails', async () => {
      await duplicate({
        subscribe: () => {
          throw new Error('subscribes nothing');
        },
        unsubscribe: () => {
          throw new Error('unsubscribes nothing');
        },
      });
      expect(warnings.texts('RETRYSAFE_NOTICES')).to.have.length(1);
    });

    it('since the subscriber may not subscribe', async () => {
      await server.call('ACL', 'SETUSER', 'mute', 'reset', 'on', 'nopass', '+@all', '-subscribe', '~*', '&*');
      const subscriber = await clients.ioredis(server, { username: 'mute', password: 'any' });
      await duplicate(subscriber as never);
      expect(warnings.texts('RETRYSAFE_NOTICES')).to.have.length(1);
    });
  });

  it('are sent only by a store that has a subscriber itself', async () => {
    const client = await clients.ioredis(proxy.endpoint);
    const listener = await clients.ioredis(server);
    const told: string[] = [];
    await listener.psubscribe('*');
    listener.on('pmessage', (_pattern, channel: string, message: string) =>
      told.push(`${channel} ${message}`),
    );
    const subscriber = await clients.ioredis(server);
    const published: string[] = [];
    for (const store of [
      new RedisStore({ client, prefix: 'silent:' }),
      new RedisStore({ client, prefix: 'telling:', subscriber }),
    ]) {
      await deployable()(store, async () => published.push(currentExecution().key))('a');
    }
    await server.call('PUBLISH', 'end', 'of it');
    await until('all is told', () => told.includes('end of it'));
    expect(told).to.deep.equal([`telling:${published[1]} ${published[1]}`, 'end of it']);
  });
});
