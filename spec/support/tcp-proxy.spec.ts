import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Client } from 'pg';
import { defer } from './defer.js';
import { usePostgres } from './postgres.js';
import { useRedis } from './redis.js';
import { rejection } from './rejection.js';
import { useTcpProxy } from './tcp-proxy.js';
import { isUnsettled } from './unsettled.js';

describe('TcpProxy before Redis', () => {
  const redis = useRedis();
  const proxy = useTcpProxy(redis);
  let direct: Redis;
  let client: Redis;
  let key: string;
  let other: string;

  const connect = () =>
    redis.ioredis({ ...proxy.endpoint, retryStrategy: () => null, maxRetriesPerRequest: 0 });

  before(async () => {
    direct = await redis.ioredis();
  });
  beforeEach(async () => {
    key = redis.prefix();
    other = redis.prefix();
    client = await connect();
    proxy.reset();
  });
  afterEach(() => client.disconnect());

  it('passes requests and responses of any size', async () => {
    const value = 'é'.repeat(1_000_000);
    await client.set(key, value);
    expect(await client.get(key)).to.equal(value);
    expect(proxy.seen).to.have.lengthOf(2);
    expect(proxy.seen.every(({ isAnswered, fate }) => isAnswered && fate === 'pass')).to.equal(true);
  });

  it('passes the newer protocol, and messages to subscribers, which are no responses', async () => {
    const subscriber = await redis.nodeRedis({
      RESP: 3,
      socket: { ...proxy.endpoint, reconnectStrategy: false },
    });
    const heard = defer<string>();
    await subscriber.subscribe([key, other], heard.resolve);
    const old = await connect();
    const oldHeard = defer<string>();
    old.on('message', (_, message) => oldHeard.resolve(message));
    await old.subscribe(key, other);
    await direct.publish(other, 'news');
    expect([await heard.promise, await oldHeard.promise]).to.eql(['news', 'news']);
    await subscriber.unsubscribe([key, other]);
    expect(await subscriber.ping()).to.equal('PONG');
    expect(proxy.seen.every(({ isAnswered }) => isAnswered)).to.equal(true);
  });

  it('tells messages from the confirmations of a subscriber’s requests', async () => {
    const heard = defer<string>();
    const subscriber = await redis.nodeRedis({
      RESP: 3,
      socket: { ...proxy.endpoint, reconnectStrategy: false },
    });
    await subscriber.subscribe(key, heard.resolve);
    const asked = subscriber.blPop(other, 0);
    await proxy.arrived('BLPOP');
    await direct.publish(key, 'news');
    expect(await heard.promise).to.equal('news');
    expect(proxy.of('BLPOP')).to.containSubset([{ isAnswered: false }]);
    await direct.rpush(other, 'answer');
    expect(await asked).to.include({ element: 'answer' });

    proxy.next('ping', 'lose');
    const lost = client.subscribe(key, other).then((count) => Promise.all([count, rejection(ping)]));
    const ping = client.ping();
    expect((await lost)[0]).to.equal(2);
  });

  it('lose: it is applied, and the connection breaks before the response', async () => {
    proxy.next('incr', 'lose');
    await rejection(client.incr(key));
    expect(proxy.of('incr')).to.containSubset([{ fate: 'lose', isAnswered: true }]);
    expect(await direct.get(key)).to.equal('1');
  });

  it('lose: what was sent before it gets its response, what was sent after it shares its fate', async () => {
    proxy.next(key, 'pass', 'lose');
    const outcomes = await Promise.allSettled([
      client.set(other, 'before'),
      client.incr(key),
      client.incr(key),
      client.append(other, ' and after'),
    ]);
    expect(outcomes.map(({ status }) => status)).to.eql(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    await proxy.applied('append');
    expect(await direct.mget(key, other)).to.eql(['2', 'before and after']);
  });

  it('late: the connection breaks at once, and it arrives when it is delivered', async () => {
    proxy.next('incr', 'late');
    await rejection(client.incr(key));
    expect(proxy.held).to.have.lengthOf(1);
    await direct.set(key, 41);
    await proxy.deliver();
    expect(await direct.get(key)).to.equal('42');
    expect(proxy.held).to.eql([]);
  });

  it('late: what was sent after it arrives after it', async () => {
    proxy.next('rpush', 'late');
    const outcomes = await Promise.allSettled([client.rpush(key, 'first'), client.rpush(key, 'second')]);
    expect(outcomes.map(({ status }) => status)).to.eql(['rejected', 'rejected']);
    expect(await direct.exists(key)).to.equal(0);
    await proxy.deliver();
    await proxy.applied('rpush', 2);
    expect(await direct.lrange(key, 0, -1)).to.eql(['first', 'second']);
  });

  it('hold: it waits for its delivery, and so do later requests, but no other connection', async () => {
    proxy.next('incr', 'hold');
    const held = client.incr(key);
    const after = client.get(key);
    await proxy.arrived('get');
    expect(await (await connect()).set(other, 'passes')).to.equal('OK');
    expect(await isUnsettled(Promise.race([held, after]))).to.equal(true);
    expect(await direct.get(key)).to.equal(null);
    await proxy.deliver();
    expect([await held, await after]).to.eql([1, '1']);
    expect(await client.incr(key), 'passes again').to.equal(2);
  });

  it('hold: it arrives also when its client has given up', async () => {
    proxy.next('incr', 'hold');
    const held = client.incr(key);
    await proxy.arrived('incr');
    client.disconnect();
    await rejection(held);
    expect(await direct.get(key)).to.equal(null);
    await proxy.deliver();
    expect(await direct.get(key)).to.equal('1');
  });

  it('hang: it never arrives, and nothing after it', async () => {
    proxy.next('incr', 'hang');
    const calls = Promise.race([client.incr(key), client.set(other, 'after')]);
    await proxy.arrived('set');
    // A request that had passed would have arrived before this.
    await (await connect()).ping();
    expect(await direct.mget(key, other)).to.eql([null, null]);
    expect(await isUnsettled(calls)).to.equal(true);
    expect(client.status).to.equal('ready');
    proxy.reset();
    await rejection(calls);
  });

  it('swallow: it is applied and gets no response, and so do later requests', async () => {
    proxy.next('incr', 'swallow');
    const calls = Promise.race([client.incr(key), client.set(other, 'after')]);
    await Promise.all([proxy.applied('incr'), proxy.applied('set')]);
    expect(await direct.mget(key, other)).to.eql(['1', 'after']);
    await (await connect()).ping();
    expect(await isUnsettled(calls)).to.equal(true);
    expect(client.status).to.equal('ready');
    proxy.reset();
    await rejection(calls);
  });

  it('has one fate for each request of `next`, and of `always` for all, until it heals', async () => {
    proxy.next(/incr/, 'pass', 'lose').always(/decr/, 'lose');
    expect(await client.incr(key)).to.equal(1);
    await rejection(client.incr(key));
    for (let tries = 0; tries < 2; tries += 1) {
      const again = await connect();
      expect(await again.incr(key)).to.equal(3 - tries);
      await rejection(again.decr(key));
      await rejection((await connect()).decr(key));
    }
    proxy.heal();
    expect(await (await connect()).decr(key)).to.equal(-1);
    expect(proxy.count(/[di][en]cr/)).to.equal(9);
  });

  it('breaks all connections, and takes new ones', async () => {
    proxy.next('get', 'hold');
    const call = client.get(key);
    await proxy.arrived('get');
    proxy.breakConnections();
    await rejection(call);
    await rejection(proxy.deliver());
    expect(await (await connect()).get(key)).to.equal(null);
  });
});

describe('TcpProxy before PostgreSQL', () => {
  const postgres = usePostgres();
  const proxy = useTcpProxy({
    get host() {
      return postgres.connection.host as string;
    },
    get port() {
      return postgres.connection.port as number;
    },
  });
  let client: Client;
  let table: string;

  before(function () {
    postgres.needsServer(this);
  });
  beforeEach(async () => {
    table = postgres.tableName();
    await postgres.query(`CREATE TABLE ${table} (name text)`);
    client = await postgres.client(proxy.endpoint);
    proxy.reset();
  });

  const insert = (name: string) => client.query(`INSERT INTO ${table} VALUES ($1) RETURNING name`, [name]);
  const names = async () => (await postgres.query(`SELECT name FROM ${table}`)).rows.map(({ name }) => name);

  it('passes queries of both kinds, faults, and notices that belong to no query', async () => {
    const heard = defer<string | undefined>();
    client.on('notification', ({ payload }) => heard.resolve(payload));
    await client.query(`LISTEN ${table}`);
    expect((await insert('é'.repeat(300_000))).rows[0].name).to.have.lengthOf(300_000);
    expect(await rejection(client.query('SELECT 1/0'))).to.include({ code: '22012' });
    await postgres.query(`NOTIFY ${table}, 'news'`);
    expect(await heard.promise).to.equal('news');
    expect(proxy.seen.map(({ isAnswered }) => isAnswered)).to.eql([true, true, true]);
  });

  it('lose: a commit is done, and its client does not learn of it', async () => {
    proxy.next('COMMIT', 'lose');
    await client.query('BEGIN');
    await insert('one');
    await rejection(client.query('COMMIT'));
    expect(await names()).to.eql(['one']);
  });

  it('late: a commit arrives after its client has given up', async () => {
    proxy.next('COMMIT', 'late');
    await client.query('BEGIN');
    await insert('one');
    await rejection(client.query('COMMIT'));
    expect(await names()).to.eql([]);
    await proxy.deliver();
    expect(await names()).to.eql(['one']);
  });

  it('hold, hang and swallow: a statement with values waits, is never applied, or gets no response', async () => {
    proxy.next('INSERT', 'hold', 'swallow').next('DELETE', 'hang');
    const held = insert('held');
    await proxy.arrived('INSERT');
    expect(await names()).to.eql([]);
    await proxy.deliver();
    expect((await held).rows).to.eql([{ name: 'held' }]);

    const swallowed = insert('swallowed');
    await proxy.applied('INSERT', 2);
    expect(await names()).to.eql(['held', 'swallowed']);
    expect(await isUnsettled(swallowed)).to.equal(true);

    client = await postgres.client(proxy.endpoint);
    const hanging = client.query(`DELETE FROM ${table}`);
    await proxy.arrived('DELETE');
    expect(await names()).to.eql(['held', 'swallowed']);
    expect(await isUnsettled(hanging)).to.equal(true);
    proxy.reset();
    await Promise.all([rejection(swallowed), rejection(hanging)]);
  });
});
