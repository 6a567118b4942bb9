import { expect } from 'chai';
import { ConfigurationError, StoreError } from 'retrysafe';
import { type RedisClient, type RedisFunction, RedisStore } from 'retrysafe/redis';
import { deployable } from '../../support/deployment.js';
import { pending } from '../../support/pending.js';
import { type Address, clientsOfServer, useRedisClients } from '../../support/redis-clients.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { loopback } from '../../support/server-process.js';
import { until } from '../../support/until.js';
import { recordOf } from './records.js';

describe("Redis' own faults", function () {
  this.timeout(20_000);
  const clients = useRedisClients();
  const servers: RedisServer[] = [];
  let server: RedisServer;
  let runs: number;

  async function start(options = {}): Promise<RedisServer> {
    const started = await RedisServer.start(options);
    servers.push(started);
    return started;
  }

  before(async function () {
    this.timeout(30_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await start();
  });
  after(() => Promise.all(servers.map((one) => one.stop())));
  beforeEach(() => {
    runs = 0;
  });

  const work = async () => {
    runs += 1;
    return `run ${runs}`;
  };

  /** Calls an operation over the store; it is refused, its method does not run, and the cause says what to do. */
  async function expectRefused(store: RedisStore, kind: unknown, message: RegExp): Promise<void> {
    const call = deployable()(store, work);
    const error = (await rejection(call('a'))) as StoreError;
    expect(error).to.be.instanceOf(StoreError).and.include({ step: 'claim' });
    expect(error.cause).to.be.instanceOf(kind);
    expect((error.cause as Error).message).to.match(message);
    expect((error.cause as Error).cause, "the server's own words").to.be.instanceOf(Error);
    expect(error.message).to.match(
      message.source.startsWith('^') ? new RegExp(message.source.slice(1)) : message,
    );
    expect(runs).to.equal(0);
  }

  for (const [kind, make] of Object.entries(clientsOfServer)) {
    describe(`by ${kind}`, () => {
      const connect = (address: Address = server): Promise<RedisClient> => make(clients, address);

      it('a replica that takes no writes', async () => {
        const store = new RedisStore({ client: await connect() });
        await server.call('REPLICAOF', loopback, 1);
        try {
          await expectRefused(
            store,
            StoreError,
            /^RedisStore: the server is a replica, which takes no writes/,
          );
        } finally {
          await server.call('REPLICAOF', 'NO', 'ONE');
        }
      });

      it('a server that has no memory left: nothing of what is there is lost, and it goes on when there is some', async () => {
        const store = new RedisStore({ client: await connect(), prefix: `memory by ${kind}:` });
        const kept = recordOf('kept');
        await store.claim(kept, Date.now());
        await server.call('CONFIG', 'SET', 'maxmemory', 1);
        try {
          await expectRefused(
            store,
            StoreError,
            /^RedisStore: the server has no memory left for records; give it more, and leave its `maxmemory-policy` at `noeviction`/,
          );
          expect(await store.find('kept')).to.deep.equal(kept);
          expect(await store.find('kept', { consistent: true })).to.deep.equal(kept);
        } finally {
          await server.call('CONFIG', 'SET', 'maxmemory', 0);
        }
        expect(await deployable()(store, work)('a')).to.equal('run 1');
      });

      it("another program's keys under the prefix: an error names the key, and nothing of theirs changes", async () => {
        const prefix = `theirs by ${kind}:`;
        const store = new RedisStore({ client: await connect(), prefix });
        const commands: Record<string, readonly (string | number)[]> = {
          text: ['SET', 'their text'],
          list: ['RPUSH', 'their item'],
          hash: ['HSET', 'name', 'their name'],
          likeness: ['HSET', 'token', 'theirs', 'state', '{}'],
          // These have expired, each in its own way of saying so.
          session: ['HSET', 'token', 'eyJh.eyJz.c2ln', 'expiresAt', 1, 'user', '7'],
          'session with a state': ['HSET', 'token', 'theirs', 'expiresAt', 1, 'state', 'xyz'],
          'record with more in it': ['HSET', 'token', 'own.1', 'expiresAt', 1, 'state', '{}', 'user', '7'],
          'token without a state': ['HSET', 'token', 'own.1', 'expiresAt', 1, 'user', '7'],
        };
        const unseen = ['hash', 'record with more in it'];
        const dump = (key: string) => server.call('DUMP', prefix + key);
        for (const [key, [command = '', ...args]] of Object.entries(commands)) {
          await server.call(String(command), prefix + key, ...args);
          const before = await dump(key);
          for (const step of [
            () => store.claim(recordOf(key), Date.now()),
            () => store.replace(recordOf(key), 'own.1'),
            () => store.find(key, { consistent: true }),
            // A plain read sees the three fields alone.
            ...(unseen.includes(key) ? [] : [() => store.find(key)]),
          ]) {
            const error = (await rejection(step())) as Error;
            expect(error, key).to.be.instanceOf(ConfigurationError);
            expect(error.message)
              .to.match(
                /^RedisStore: what .* is no record of retrysafe; choose a `prefix` that nothing else uses$/,
              )
              .and.contain(prefix + key);
          }
          expect(String(await dump(key))).to.equal(String(before));
          expect(await server.call('PTTL', prefix + key)).to.equal(-1);
        }
      });
    });
  }

  it('a MULTI that is open on the connection: nothing counts as done before its EXEC', async () => {
    const client = await clients.ioredis(server);
    const store = new RedisStore({ client, prefix: 'in MULTI:' });
    await client.call('MULTI');
    for (const step of [
      () => store.claim(recordOf('a'), Date.now()),
      () => store.replace(recordOf('a'), 'own.1'),
      () => store.find('a'),
    ]) {
      const error = (await rejection(step())) as Error;
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error.message).to.match(/a MULTI is open.*a connection that nothing else uses$/);
    }
    await client.call('DISCARD');
    await store.claim(recordOf('a'), Date.now());
  });

  it('a server that cannot be reached: an error with step and cause, and no run, until it is there again', async () => {
    const own = await start();
    const calls = await Promise.all(
      Object.values(clientsOfServer).map(async (make) =>
        deployable({ lease: 1.5, wait: 1 })(new RedisStore({ client: await make(clients, own) }), work),
      ),
    );
    await own.kill();
    for (const error of await Promise.all(calls.map((call) => rejection(call('a'))))) {
      expect(error).to.be.instanceOf(StoreError).and.include({ step: 'claim' });
      expect((error as StoreError).cause).to.be.instanceOf(Error);
    }
    await own.restart();
    const answered = (call: (typeof calls)[number]) => call('a').then(Boolean, () => false);
    await Promise.all(calls.map((call) => until('the client is connected again', () => answered(call))));
    expect(runs).to.equal(calls.length);
  });

  it('too large a record: an error that says so, and nothing is sent', async () => {
    const never: RedisFunction = () => expect.fail('something was sent');
    const store = new RedisStore({ client: never });
    // Two bytes each.
    const state = { value: Array(270).fill('é'.repeat(1_000_000)) } as never;
    const error = (await rejection(store.claim(recordOf('large', { state }), Date.now()))) as StoreError;
    expect(error).to.be.instanceOf(StoreError).and.include({ tooLarge: true });
    expect(error.message).to.equal('RedisStore: the record is larger than the store takes, which is 536 MB');
  });

  it('a client that does not give what the server said: an error that says what is missing', async () => {
    const store = new RedisStore({ client: async () => 'OK' });
    for (const step of [
      () => store.claim(recordOf('a'), Date.now()),
      () => store.replace(recordOf('a'), 'none.1'),
      () => store.find('a'),
      () => store.find('a', { consistent: true }),
    ]) {
      expect((await rejection(step())) as Error).to.have.property(
        'message',
        'the client returned no list of three fields',
      );
    }
  });
});
