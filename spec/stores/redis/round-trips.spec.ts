import { expect } from 'chai';
import { currentExecution } from 'retrysafe';
import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { randomBytes, recordOfBytes } from '../../support/bytes.js';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { clientsOfServer, useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';
import { recordOf } from './records.js';

describe('round trips to Redis', function () {
  this.timeout(20_000);
  const clients = useRedisClients();
  let server: RedisServer;
  let proxy: TcpProxy;
  let count = 0;

  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
    proxy = new TcpProxy(server);
    await proxy.start();
  });
  after(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  /** The commands of the store that reach the server until `work` is done, and so many of them are there. */
  async function sentDuring(work: () => Promise<unknown>, count = 1): Promise<string[]> {
    proxy.seen.length = 0;
    await work();
    // A command without a waiting caller may still be on its way: the second of two commands, which a client need not send with the first.
    return until('they have all come', () => {
      const sent = sentSoFar();
      return sent.length >= count && sent;
    });
  }

  /** A client has some of its own, and what asked whether it is connected again may come late. */
  function sentSoFar(): string[] {
    return proxy.seen
      .filter(({ text }) => !text.includes(connectedAgain))
      .map(({ text }) => text.split('\r\n')[2]?.toUpperCase() as string)
      .filter((name) => /^(EVAL|HMGET|WAIT|SCRIPT|HGET|EXISTS|MULTI|PUBLISH)/.test(name));
  }

  const connectedAgain = 'is it connected again?';

  function newKey(): string {
    count += 1;
    return `key ${count}`;
  }

  const steps: Record<string, (store: RedisStore) => () => Promise<unknown>> = {
    'a claim': (store) => {
      const record = recordOf(newKey());
      return () => store.claim(record, Date.now());
    },
    'a claim on a held key': (store) => {
      const record = recordOf('held');
      return () => store.claim(record, Date.now());
    },
    'a replace': (store) => {
      const record = recordOf(newKey());
      return () => store.replace(record, 'none.1');
    },
    'a consistent find': (store) => () => store.find('held', { consistent: true }),
  };

  for (const [kind, client] of Object.entries(clientsOfServer)) {
    describe(`by ${kind}`, () => {
      let connected: RedisClient;
      let store: RedisStore;

      before(async () => {
        connected = await client(clients, proxy.endpoint);
        store = new RedisStore({ client: connected });
      });

      for (const [what, prepare] of Object.entries(steps)) {
        it(`${what} is one, and one more only when the server does not know the script`, async () => {
          const step = prepare(store);
          await step();
          expect(await sentDuring(step)).to.deep.equal(['EVALSHA']);
          await server.call('SCRIPT', 'FLUSH');
          expect(await sentDuring(step)).to.deep.equal(['EVALSHA', 'EVAL']);
          expect(await sentDuring(step)).to.deep.equal(['EVALSHA']);
        });
      }

      it('a find is one', async () => {
        expect(await sentDuring(() => store.find('any'))).to.deep.equal(['HMGET']);
      });

      it('a find of bytes is one, and so is a claim that meets them', async () => {
        const record = recordOfBytes(`bytes by ${kind}`, randomBytes(1_000));
        await store.claim(record, Date.now());
        expect(await sentDuring(() => store.find(record.key))).to.deep.equal(['HMGET']);
        const claim = () => store.claim({ ...record, token: 'other.1' }, Date.now());
        expect(await sentDuring(claim)).to.deep.equal(['EVALSHA']);
      });

      it('two first claims at once are the right ones, though the server knows no script', async () => {
        await server.call('SCRIPT', 'FLUSH');
        const [first, second] = [recordOf(newKey()), recordOf(newKey())];
        const claim = (record: typeof first) => store.claim(record, Date.now());
        expect(await Promise.all([claim(first), claim(second)])).to.deep.equal([first, second]);
      });

      it('after a restart of the server there is one more, once', async () => {
        const step = (steps['a claim'] as (typeof steps)[string])(store);
        await step();
        await server.restart();
        await until('it is connected again', () =>
          store.find(connectedAgain).then(
            () => true,
            () => false,
          ),
        );
        expect(await sentDuring(step)).to.deep.equal(['EVALSHA', 'EVAL']);
        expect(await sentDuring(step)).to.deep.equal(['EVALSHA']);
      });

      it('waiting for replicas takes no further one', async () => {
        const waiting = new RedisStore({ client: connected, waitReplicas: 1 });
        await store.claim(recordOf('held'), Date.now());
        const again = () => waiting.claim(recordOf('held', { token: 'other.1' }), Date.now());
        expect(await sentDuring(again, 2)).to.deep.equal(['EVALSHA', 'WAIT']);
        // No replica acknowledges anything here. What is not answered when the next server is restarted would be sent again.
        await store.find('held');
      });
    });
  }

  it('a find of bytes by a function that takes texts is two, where another client wrote them', async () => {
    const record = recordOfBytes('bytes for a function', randomBytes(1_000));
    await new RedisStore({ client: await clients.ioredis(proxy.endpoint) }).claim(record, Date.now());
    const asText = clientsOfServer['a function'] ?? expect.fail('there is no function');
    const store = new RedisStore({ client: await asText(clients, proxy.endpoint) });
    await store.find(record.key);
    expect(await sentDuring(() => store.find(record.key), 2)).to.deep.equal(['HMGET', 'EVALSHA']);
  });

  it('a call that runs takes two, a replay one', async () => {
    const store = new RedisStore({ client: await clients.ioredis(proxy.endpoint) });
    const call = deployable()(store, async () => currentExecution().attempt);
    await call('to load the scripts');
    expect(await sentDuring(() => call('a'))).to.deep.equal(['EVALSHA', 'EVALSHA']);
    expect(await sentDuring(() => call('a'))).to.deep.equal(['EVALSHA']);
  });
});
