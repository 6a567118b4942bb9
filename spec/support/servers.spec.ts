import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { Cluster, type Redis } from 'ioredis';
import { Client } from 'pg';
import sinon from 'sinon';
import { pending } from './pending.js';
import { usePostgres } from './postgres.js';
import { PostgresServer } from './postgres-server.js';
import { useRedis } from './redis.js';
import { startCluster, startReplication } from './redis-group.js';
import { RedisServer } from './redis-server.js';
import { rejection } from './rejection.js';
import { isRunning } from './running.js';
import { until } from './until.js';

describe('the servers of the specs', function () {
  this.timeout(60_000);
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });

  describe('Redis', () => {
    const redis = useRedis();

    it('is shared by all specs, with separate keys', async () => {
      const [one, other] = [redis.prefix(), redis.prefix()];
      const ioredis = await redis.ioredis();
      const nodeRedis = await redis.nodeRedis();
      await Promise.all([ioredis.set(`${one}key`, 'one'), nodeRedis.set(`${other}key`, 'other')]);
      expect([await nodeRedis.get(`${one}key`), await ioredis.get(`${other}key`)]).to.eql(['one', 'other']);
    });

    it('has what it appended after a kill', async () => {
      const server = await started(RedisServer.start({ appendonly: true }));
      await server.call('SET', 'key', 'kept');
      await killed(server);
      await rejection(server.call('GET', 'key'));
      await server.restart();
      expect(await server.call('GET', 'key')).to.equal('kept');
    });

    it('has nothing after a kill where it appends nothing', async () => {
      const server = await started(RedisServer.start());
      await server.call('SET', 'key', 'lost');
      await killed(server);
      await server.restart();
      expect(await server.call('GET', 'key')).to.equal(null);
    });

    it('has a replica that outlives its primary', async () => {
      const { primary, replica, stop } = await startReplication();
      stops.push(stop);
      await primary.call('SET', 'key', 'copied');
      await until('the replica has it', async () => (await replica.call('GET', 'key')) === 'copied');
      await killed(primary);
      await replica.call('REPLICAOF', 'NO', 'ONE');
      expect(await replica.call('SET', 'key', 'written', 'GET')).to.equal('copied');
    });

    it('is a cluster of three masters that have a share of the keys each', async () => {
      const { masters, stop } = await startCluster();
      stops.push(stop);
      const cluster = new Cluster(masters.map(({ host, port }) => ({ host, port })));
      try {
        const keys = Array.from({ length: 60 }, (_, index) => `key${index}`);
        await Promise.all(keys.map((key) => cluster.set(key, key)));
        expect(await Promise.all(keys.map((key) => cluster.get(key)))).to.eql(keys);
        const sizes = await Promise.all(cluster.nodes('master').map((node: Redis) => node.dbsize()));
        expect(sizes).to.have.lengthOf(3);
        expect(sizes.every((size) => size > 0)).to.equal(true);
      } finally {
        cluster.disconnect();
      }
    });
  });

  describe('PostgreSQL', () => {
    const postgres = usePostgres();

    it('runs statements wherever the specs run, in separate tables', async () => {
      const [one, other] = [postgres.tableName(), postgres.tableName()];
      await postgres.query(`CREATE TABLE ${one} (name text); CREATE TABLE ${other} (name text)`);
      await postgres.query(`INSERT INTO ${one} VALUES ($1)`, ['kept']);
      expect((await postgres.query(`SELECT name FROM ${one}`)).rows).to.eql([{ name: 'kept' }]);
      expect((await postgres.query(`SELECT name FROM ${other}`)).rows).to.eql([]);
    });

    it('serves a hundred connections at a time', async function () {
      postgres.needsServer(this);
      const pool = postgres.pool({ max: 100 });
      const clients = await Promise.all(Array.from({ length: 100 }, () => pool.connect()));
      const pids = await Promise.all(clients.map((client) => client.query('SELECT pg_backend_pid() AS pid')));
      for (const client of clients) client.release();
      expect(new Set(pids.map(({ rows: [{ pid }] }) => pid)).size).to.equal(100);
    });

    for (const durable of [false, true]) {
      it(`has after a kill what was committed, and nothing else${durable ? ' (durable)' : ''}`, async function () {
        postgres.needsServer(this);
        const server = await started(PostgresServer.start({ durable }));
        const client = await connected(server);
        await client.query('CREATE TABLE t (name text)');
        await client.query("INSERT INTO t VALUES ('committed')");
        await client.query('BEGIN');
        await client.query("INSERT INTO t VALUES ('open')");
        const { rows: children } = await client.query('SELECT pid FROM pg_stat_activity');
        expect(children.every(({ pid }) => isRunning(pid))).to.equal(true);
        await killed(server);
        // They hold nothing by now. The system may still list them for a moment.
        await until('they are gone', () => !children.some(({ pid }) => isRunning(pid)), 1_000);
        await rejection(connected(server));

        await server.restart();
        const { rows } = await (await connected(server)).query(
          "SELECT name, current_setting('fsync') AS fsync FROM t",
        );
        expect(rows).to.eql([{ name: 'committed', fsync: durable ? 'on' : 'off' }]);
      });
    }
  });

  it('end, and leave nothing behind, when the process that started them is killed', async function () {
    if (!RedisServer.isInstalled || PostgresServer.obstacle) pending(this, 'this needs both servers');
    const program = `
      import { RedisServer } from '${new URL('./redis-server.js', import.meta.url)}';
      import { PostgresServer } from '${new URL('./postgres-server.js', import.meta.url)}';
      const servers = [await RedisServer.start(), await PostgresServer.start()];
      console.log(JSON.stringify(servers.map(({ pid, folder }) => ({ pid, folder }))));`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = await once(owner.stdout, 'data');
    const servers = JSON.parse(String(told)) as { pid: number; folder: string }[];
    const left = () => servers.filter(({ pid, folder }) => isRunning(pid) || existsSync(folder));
    expect(left()).to.have.lengthOf(2);
    owner.kill('SIGKILL');
    await until('both are gone', () => left().length === 0);
  });

  it('are reported as pending where they are missing, and in CI as a failure', function () {
    const sandbox = sinon.createSandbox();
    const skip = sandbox.stub();
    const context = { test: this.test, skip } as unknown as Mocha.Context;
    const said = sandbox.stub(console, 'error');
    try {
      sandbox.stub(process, 'env').value({ ...process.env, CI: 'true' });
      expect(() => pending(context, 'no server')).to.throw('the servers of the specs: no server');
      expect(skip.called).to.equal(false);
      sandbox.stub(process.env, 'CI').value('');
      pending(context, 'no server');
      expect(skip.calledOnce).to.equal(true);
      expect(said.args).to.eql([['PENDING: the servers of the specs: no server']]);
    } finally {
      sandbox.restore();
    }
  });

  /** A server that ends with its spec and then leaves nothing. */
  async function started<T extends RedisServer | PostgresServer>(starting: Promise<T>): Promise<T> {
    const server = await starting;
    stops.push(async () => {
      await server.stop();
      expect(isRunning(server.pid)).to.equal(false);
      expect(existsSync(server.folder)).to.equal(false);
    });
    return server;
  }

  async function connected({ connection }: PostgresServer): Promise<Client> {
    const client = new Client(connection);
    client.on('error', () => {});
    await client.connect();
    stops.unshift(() => client.end());
    return client;
  }
});

async function killed(server: RedisServer | PostgresServer): Promise<void> {
  const { pid, port } = server;
  expect(isRunning(pid)).to.equal(true);
  await server.kill();
  expect(isRunning(pid)).to.equal(false);
  expect(server.port).to.equal(port);
}
