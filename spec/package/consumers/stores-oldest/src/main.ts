import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import type Database from 'better-sqlite3';
import Redis, { Cluster } from 'ioredis';
import { Client, Pool } from 'pg';
import { createClient, createCluster } from 'redis';
import { Idempotent, type PersistenceStore } from 'retrysafe';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { SqliteStore } from 'retrysafe/sqlite';

/** Each of these compiles: the types of older clients fit. */
export function storesOf(database: Database.Database): readonly PersistenceStore[] {
  const ioredis = new Redis({ lazyConnect: true });
  const cluster = new Cluster([{ host: '127.0.0.1' }], { lazyConnect: true });
  const nodeRedis = createClient();
  return [
    new RedisStore({ client: ioredis, subscriber: ioredis.duplicate({ lazyConnect: true }) }),
    new RedisStore({ client: cluster, waitReplicas: 1 }),
    new RedisStore({ client: nodeRedis, subscriber: nodeRedis.duplicate() }),
    new RedisStore({ client: createCluster({ rootNodes: [{}] }) }),
    new RedisStore({ client: (command: string[]) => Promise.resolve(command) }),
    new PostgresStore({ client: new Pool(), listener: new Client() }),
    new PostgresStore({ client: new Client() }),
    new SqliteStore({ database }),
  ];
}

async function exercise(what: string, store: PersistenceStore): Promise<void> {
  class Orders {
    runs = 0;

    @Idempotent({ name: `place, ${what}`, key: 'id', store })
    async place(order: { readonly id: string }): Promise<{ id: string; at: Date }> {
      this.runs += 1;
      return { id: order.id, at: new Date() };
    }
  }
  const orders = new Orders();
  const first = await orders.place({ id: 'a' });
  assert.deepEqual(await orders.place({ id: 'a' }), first);
  assert.equal(orders.runs, 1);
  console.log(`ok ${what}`);
}

async function onRedis(): Promise<void> {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
  const isThere = await Promise.race([
    once(server, 'error').then(() => false),
    once(server.stdout, 'data').then(() => true),
  ]);
  if (!isThere) {
    console.log('PENDING: no redis-server can run here');
    if (process.env.CI) process.exitCode = 1;
    return;
  }
  try {
    const ioredis = new Redis({ port });
    await exercise('ioredis 5.0', new RedisStore({ client: ioredis }));
    ioredis.disconnect();
    const nodeRedis = createClient({ socket: { host: '127.0.0.1', port } });
    await nodeRedis.connect();
    await exercise('redis 4.6', new RedisStore({ client: nodeRedis }));
    await nodeRedis.disconnect();
  } finally {
    server.kill();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function main(): Promise<void> {
  const db = new PGlite();
  await db.exec(schema());
  await exercise('PGlite', new PostgresStore({ client: db }));
  await db.close();
  await onRedis();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
