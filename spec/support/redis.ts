import { randomUUID } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { createClient, type RedisClientOptions } from 'redis';
import { pending } from './pending.js';
import { RedisServer } from './redis-server.js';

const external = process.env.REDIS_URL;

export type NodeRedis = ReturnType<typeof createClient>;
export type IoredisOptions = Omit<RedisOptions, 'replyMapping'>;

/** A Redis for specs, started when the first of them needs it. All of them share it: a prefix keeps each apart. */
export interface RedisFixture {
  /** Whether `REDIS_URL` names it. */
  readonly isExternal: boolean;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** A connected client of the package `ioredis`, closed after the specs. */
  ioredis(options?: IoredisOptions): Promise<Redis>;
  /** A connected client of the package `redis`, closed after the specs. */
  nodeRedis(options?: RedisClientOptions): Promise<NodeRedis>;
  /** What no other keys begin with. */
  prefix(): string;
}

/** Gives the specs of a `describe` a Redis: one for the whole process, or whatever `REDIS_URL` points to. */
export function useRedis(): RedisFixture {
  const closing: (() => unknown)[] = [];
  const prefixes: string[] = [];
  let running: RedisServer | undefined;

  const fixture: RedisFixture = {
    isExternal: external !== undefined,
    get url() {
      if (external !== undefined) return external;
      if (running) return running.url;
      throw new Error('Redis is there inside of a spec or hook, not before');
    },
    get host() {
      return addressOf(fixture.url).host;
    },
    get port() {
      return addressOf(fixture.url).port;
    },
    async ioredis(options = {}) {
      const client = new Redis({
        ...addressOf(fixture.url),
        ...options,
        lazyConnect: true,
      } as IoredisOptions);
      closing.push(() => client.disconnect());
      // Each command tells of it.
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    async nodeRedis(options = {}) {
      const { host, port, tls, username, password, db } = addressOf(fixture.url);
      const client = createClient({
        ...(username && { username }),
        ...(password && { password }),
        ...(db && { database: db }),
        ...options,
        socket: { host, port, ...(tls && { tls: true }), ...options.socket } as never,
      }) as NodeRedis;
      closing.push(() => client.isOpen && client.destroy());
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    prefix() {
      const prefix = `retrysafe-spec-${randomUUID()}:`;
      prefixes.push(prefix);
      return prefix;
    },
  };

  before(async function () {
    this.timeout(30_000);
    if (external !== undefined) return;
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server on this machine');
    running = await started();
  });
  after(async () => {
    if (fixture.isExternal) await removeKeys(await fixture.ioredis(), prefixes);
    for (const close of closing) close();
  });
  return fixture;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: Record<string, never>;
}

function addressOf(url: string): Address {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { db: Number(pathname.slice(1)) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

async function removeKeys(client: Redis, prefixes: readonly string[]): Promise<void> {
  for (const prefix of prefixes) {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 })) {
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
    }
  }
}

let server: Promise<RedisServer> | undefined;

function started(): Promise<RedisServer> {
  server ??= RedisServer.start();
  return server;
}

// In a file that no spec file is: the hook is for all of them.
after(async () => {
  await (await server?.catch(() => undefined))?.stop();
});
