import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { OwnServer, startIn } from './own-server.js';
import { freePort, loopback, type ServerCommand, ServerFolder } from './server-process.js';

export interface RedisServerOptions {
  /** Whether each write is on the disk before it is answered. */
  readonly appendonly?: boolean;
  readonly replicaOf?: { readonly host: string; readonly port: number };
  readonly cluster?: boolean;
  /** Further settings, as in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

const binary = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** A Redis server that one spec controls. */
export class RedisServer extends OwnServer {
  /** Whether this machine has one. */
  static readonly isInstalled = binary !== undefined;

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = new ServerFolder('redis');
    return new RedisServer(
      await startIn(folder, async (port) => commandWith(folder, await settingsOf(port, options))),
    );
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** What it answers to one command, over a connection of its own. */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    const client = new Redis(this.port, this.host, { retryStrategy: () => null, lazyConnect: true });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  async info(section: string): Promise<string> {
    return String(await this.call('INFO', section));
  }
}

async function settingsOf(
  port: number,
  { appendonly = false, replicaOf, cluster = false, settings = {} }: RedisServerOptions,
): Promise<string[]> {
  const all: Record<string, string> = {
    bind: loopback,
    port: String(port),
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    'enable-debug-command': 'yes',
    // A primary waits so long for further replicas before it sends its data to the first.
    'repl-diskless-sync-delay': '0',
    ...(replicaOf && { replicaof: `${replicaOf.host} ${replicaOf.port}` }),
    // Its bus would be 10,000 ports above, where there may be none.
    ...(cluster && { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) }),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
}

function commandWith(folder: ServerFolder, settings: readonly string[]): ServerCommand {
  if (binary === undefined) throw new Error('there is no redis-server on this machine');
  return { command: [binary, ...settings], folder, ready: /Ready to accept connections/ };
}
