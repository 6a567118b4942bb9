import 'retrysafe/listing';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import {
  ConfigurationError,
  type IdempotencyRecord,
  type RecordPage,
  type RecordQuery,
  type RecordState,
  StoreError,
} from 'retrysafe';
import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { pending } from '../../support/pending.js';
import { useRedis } from '../../support/redis.js';
import {
  clientsOfCluster,
  clientsOfServer,
  unusualClientsOfServer,
  useRedisClients,
} from '../../support/redis-clients.js';
import { startCluster } from '../../support/redis-group.js';
import { RedisServer } from '../../support/redis-server.js';
import { rejection } from '../../support/rejection.js';
import { documentedRights } from './documented-rights.js';

const unknown: RecordState = { format: 1, status: 'unknown', attempt: 1, fencingToken: 1 };
const completed = (json: unknown): RecordState => ({
  ...unknown,
  status: 'completed',
  completedAt: 1,
  outcome: { kind: 'value', json },
});

const recordOf = (key: string, state: RecordState = unknown): IdempotencyRecord => ({
  key,
  token: 'a.1',
  expiresAt: Date.now() + 60_000,
  state,
});

async function walk(store: RedisStore, query: RecordQuery): Promise<RecordPage[]> {
  const pages: RecordPage[] = [];
  let next = query;
  for (;;) {
    const page = await store.records(next);
    pages.push(page);
    if (page.cursor === undefined) return pages;
    next = { ...query, cursor: page.cursor };
  }
}

const keysOf = (pages: readonly RecordPage[]) => [
  ...new Set(pages.flatMap(({ records }) => records.map(({ key }) => key))),
];

async function keep(store: RedisStore, count: number, state = unknown): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, index) => `op#${state.status}-${index}`);
  await Promise.all(keys.map((key) => store.claim(recordOf(key, state), 0)));
  return keys;
}

describe('records of a server of Redis, listed', () => {
  const redis = useRedis();
  const clients = useRedisClients();
  let client: Redis;

  before(async () => {
    client = await redis.ioredis();
  });

  for (const [kind, connect] of Object.entries({ ...clientsOfServer, ...unusualClientsOfServer })) {
    it(`are all found by ${kind}, a page at a time`, async () => {
      const store = new RedisStore({ client: await connect(clients, redis), prefix: redis.prefix() });
      const keys = await keep(store, 150);
      for (const limit of [7, 1_000]) {
        const pages = await walk(store, { limit });
        expect(keysOf(pages)).to.have.members(keys);
        for (const { records } of pages) expect(records.length).to.be.at.most(limit);
      }
      expect((await store.planRecords({})).records).to.be.at.least(150);
    });
  }

  it('have no key of another program, whatever is kept there, nor of a prefix that begins alike', async () => {
    const prefix = redis.prefix();
    const store = new RedisStore({ client, prefix });
    await client.set(`${prefix}a`, 'text');
    await client.rpush(`${prefix}b`, 'list');
    await client.hset(`${prefix}c`, { token: 'a.1', expiresAt: 9e12, state: '{}', more: 1 });
    await client.hset(`${prefix}d`, { token: 'theirs', expiresAt: 9e12, state: '{}' });
    await client.hset(`${prefix}e`, { token: 'a.1', expiresAt: 'soon', state: '{}' });
    await new RedisStore({ client, prefix: `${prefix.slice(0, -1)}s:` }).claim(recordOf('f'), 0);
    expect(keysOf(await walk(store, {}))).to.deep.equal([]);
    await store.claim(recordOf('own'), 0);
    expect(keysOf(await walk(store, {}))).to.deep.equal(['own']);
  });

  it('may have a prefix that is a pattern, and the name of an operation that is one', async () => {
    const prefix = `${redis.prefix()}*[a-z]?\\`;
    const store = new RedisStore({ client, prefix });
    await store.claim(recordOf('pay*#1'), 0);
    await store.claim(recordOf('payment#1'), 0);
    await new RedisStore({ client, prefix: prefix.replace('*[a-z]?\\', 'xxay') }).claim(
      recordOf('pay*#2'),
      0,
    );
    expect(keysOf(await walk(store, { operation: 'pay*' }))).to.deep.equal(['pay*#1']);
    expect(keysOf(await walk(store, {}))).to.have.members(['pay*#1', 'payment#1']);
  });

  it('are few among many keys of other programs, and no page scans more than 10,000 keys', async () => {
    const server = await RedisServer.start();
    try {
      const own = await clients.ioredis(server);
      await own.eval("for n = 1, 50000 do redis.call('SET', 'theirs:' .. n, n) end", 0);
      const store = new RedisStore({ client: own });
      await keep(store, 5);
      const pages = await walk(store, { limit: 2 });
      expect(keysOf(pages)).to.have.length(5);
      expect(pages.length).to.be.within(5, 12);
      const { records, cost, by } = await store.planRecords({ status: 'unknown' });
      expect([by, records]).to.deep.equal(['scan', 50_005]);
      expect(cost).to.include('50005 keys');
    } finally {
      await server.stop();
    }
  });

  it('come without their outcomes, which are not sent: not as text and not as bytes', async () => {
    let received = 0;
    const counting: RedisClient = async ([command = '', ...args]) => {
      const reply = await client.callBuffer(command, ...args);
      received += JSON.stringify(reply).length;
      return reply;
    };
    const prefix = redis.prefix();
    const writing = new RedisStore({ client, prefix });
    await writing.claim(recordOf('large', completed('é'.repeat(500_000))), 0);
    const bytes = { kind: 'value', head: {}, base64: Buffer.alloc(500_000, 255).toString('base64') } as const;
    await writing.claim(recordOf('bytes', { ...completed(1), outcome: bytes } as RecordState), 0);
    const [page] = await walk(new RedisStore({ client: counting, prefix }), {});
    expect(page?.records.map(({ state }) => state)).to.deep.equal(
      Array(2).fill({ ...completed(1), outcome: { kind: 'value' } }),
    );
    expect(received).to.be.below(5_000);
  });

  it('of a status are read on the server: no others are sent', async () => {
    let replies = 0;
    const counting: RedisClient = async ([command = '', ...args]) => {
      const reply = await client.call(command, ...args);
      if (command.startsWith('EVAL')) replies += (reply as unknown[]).length;
      return reply;
    };
    const prefix = redis.prefix();
    const store = new RedisStore({ client: counting, prefix });
    await keep(new RedisStore({ client, prefix }), 300, completed(1));
    const keys = await keep(new RedisStore({ client, prefix }), 2);
    expect(keysOf(await walk(store, { status: 'unknown' }))).to.have.members(keys);
    // Four elements each.
    expect(replies).to.be.at.most(16);
  });

  it('are not asked for where no key can match, nor while a MULTI is open', async () => {
    let sent = 0;
    const store = new RedisStore({
      client: async () => {
        sent += 1;
        return 'QUEUED';
      },
    });
    expect(await store.records({ operation: 'pay', prefix: 'refund#' })).to.deep.equal({
      records: [],
      examined: 0,
    });
    expect(sent).to.equal(0);
    expect(await rejection(store.records({})))
      .to.be.instanceOf(ConfigurationError)
      .and.match(/MULTI is open/);
  });
});

describe('records of a cluster of Redis, listed', () => {
  const clients = useRedisClients();
  let cluster: Awaited<ReturnType<typeof startCluster>>;

  before(async function () {
    this.timeout(60_000);
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  for (const [kind, connect] of Object.entries(clientsOfCluster)) {
    it(`are found on each of its primaries by ${kind}`, async () => {
      const store = new RedisStore({
        client: await connect(clients, cluster.masters),
        prefix: `${kind}:`,
      });
      const keys = await keep(store, 200);
      for (const limit of [9, 1_000]) {
        const pages = await walk(store, { limit });
        expect(keysOf(pages)).to.have.members(keys);
        for (const { records } of pages) expect(records.length).to.be.at.most(limit);
      }
      const sizes = await Promise.all(cluster.masters.map((master) => master.call('DBSIZE')));
      const total = sizes.reduce<number>((sum, size) => sum + Number(size), 0);
      expect((await store.planRecords({})).records).to.equal(total);
    });
  }

  it('are all found by an ioredis cluster that puts a prefix before keys', async () => {
    const client = await clients.ioredisCluster(cluster.masters, { keyPrefix: 'theirs:' });
    const store = new RedisStore({ client, prefix: 'prefixed:' });
    const keys = await keep(store, 50);
    expect(keysOf(await walk(store, { limit: 20 }))).to.have.members(keys);
  });

  it('are listed from the first again where the primaries are others since', async () => {
    const store = new RedisStore({ client: await clients.ioredisCluster(cluster.masters), prefix: 'moved:' });
    const keys = await keep(store, 60);
    const { cursor = '' } = await store.records({ limit: 50 });
    const [own, prefix, position] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const other = Buffer.from(JSON.stringify([own, prefix, { ...position, servers: 'others' }])).toString(
      'base64url',
    );
    expect(keysOf([await store.records({ cursor: other, limit: 1_000 })])).to.have.members(keys);
  });

  for (const [kind, connect] of Object.entries(clientsOfServer)) {
    it(`need a client of the cluster: by ${kind} the error says so`, async () => {
      const store = new RedisStore({ client: await connect(clients, cluster.masters[0] as RedisServer) });
      for (const ask of [() => store.records({}), () => store.planRecords({})]) {
        const error = await rejection(ask());
        expect(error).to.be.instanceOf(StoreError).and.include({ advice: 'fix-code' });
        expect((error as Error).message).to.match(/to list records, pass a cluster client of ioredis/);
      }
    });
  }
});

describe('a user of Redis who lists records', () => {
  const clients = useRedisClients();
  const user = { username: 'operator', password: 'secret' };
  const least = ['~retrysafe:*', '+scan', '+info', '+dbsize', '+evalsha', '+eval', '+hmget', '+hlen'];
  let server: RedisServer;

  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    server = await RedisServer.start();
    await keep(new RedisStore({ client: await clients.ioredis(server) }), 3);
  });
  after(() => server?.stop());

  async function storeOf(rights: readonly string[]): Promise<RedisStore> {
    await server.call('ACL', 'SETUSER', user.username, 'reset', 'on', `>${user.password}`, ...rights);
    await server.call('SCRIPT', 'FLUSH');
    return new RedisStore({ client: await clients.ioredis(server, { ...user, enableReadyCheck: false }) });
  }

  for (const [what, rights] of [
    ['what the error says', () => least],
    ['what the document shows', documentedRights],
  ] as const) {
    it(`can do so with the rights to ${what}`, async () => {
      const store = await storeOf(rights());
      expect(keysOf(await walk(store, {}))).to.have.length(3);
      expect((await store.planRecords({})).records).to.equal(3);
    });
  }

  for (const missing of least.filter((right) => right !== '~retrysafe:*')) {
    it(`gets an error without ${missing} that says what to allow, and never a list without records`, async () => {
      const store = await storeOf(least.filter((right) => right !== missing));
      const error = await rejection(walk(store, {}).then(() => store.planRecords({})));
      expect(error).to.be.instanceOf(StoreError);
      expect((error as Error).message).to.match(
        /allow its user SCAN, INFO, DBSIZE, EVALSHA, EVAL and what scripts call \(HMGET, HLEN\), on the keys .* "retrysafe:"$/,
      );
    });
  }
});
