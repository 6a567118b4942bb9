import { Decoder, GlideClient, GlideClusterClient, Logger } from '@valkey/valkey-glide';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import {
  createClient,
  createClientPool,
  createCluster,
  createSentinel,
  RESP_TYPES,
  type RedisClientOptions,
} from 'redis';
import type { RedisClient } from 'retrysafe/redis';

// It would print every error of a server.
Logger.setLoggerConfig('off');

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Clients of every kind for a describe's specs, connected, and closed after them. */
export interface RedisClients {
  ioredis(address: Address, options?: RedisOptions): Promise<Redis>;
  iovalkey(address: Address): Promise<Valkey>;
  nodeRedis(
    address: Address,
    options?: Omit<RedisClientOptions, 'RESP'> & { readonly RESP?: 2 | 3 },
  ): Promise<ReturnType<typeof createClient>>;
  nodeRedisPool(address: Address): Promise<ReturnType<typeof createClientPool>>;
  /** By way of sentinels, for the primary that they call `primary`. */
  nodeRedisSentinel(sentinels: readonly Address[]): Promise<ReturnType<typeof createSentinel>>;
  glide(addresses: readonly Address[], options?: Partial<GlideOptions>): Promise<GlideClient>;
  ioredisCluster(nodes: readonly Address[], options?: ClusterOptions): Promise<Cluster>;
  nodeRedisCluster(nodes: readonly Address[], options?: object): Promise<ReturnType<typeof createCluster>>;
  glideCluster(nodes: readonly Address[], options?: Partial<GlideOptions>): Promise<GlideClusterClient>;
}

type GlideOptions = Pick<
  Parameters<typeof GlideClient.createClient>[0],
  'requestTimeout' | 'defaultDecoder' | 'readFrom' | 'credentials'
>;

/** Its constructor wants to know whether the shape of replies is an option. */
type OnlyOptions = RedisOptions & { readonly replyMapping?: never };

export function useRedisClients(): RedisClients {
  const closing: (() => unknown)[] = [];

  /** Keeps what closes a client. Without a listener an error of its connection would end the process; each command tells of it. */
  function kept<Client extends { on?: unknown }>(client: Client, close: () => unknown): Client {
    closing.push(close);
    if (typeof client.on === 'function') client.on('error', () => {});
    return client;
  }

  after(async () => {
    for (const close of closing) await close();
  });

  return {
    async ioredis(address, options = {}) {
      const client = new Redis({ ...address, ...options, lazyConnect: true } as OnlyOptions);
      kept(client, () => client.disconnect());
      await client.connect();
      return client;
    },
    async iovalkey(address) {
      const client = new Valkey({ ...address, lazyConnect: true });
      kept(client, () => client.disconnect());
      await client.connect();
      return client;
    },
    async nodeRedis(address, options = {}) {
      const client = createClient({
        ...(options as object),
        socket: { ...address, ...options.socket } as never,
      });
      kept(client, () => client.isOpen && client.destroy());
      await client.connect();
      return client as never;
    },
    async nodeRedisPool(address) {
      const pool = createClientPool({ socket: { ...address } }, { minimum: 2, maximum: 8 });
      kept(pool, () => pool.destroy());
      await pool.connect();
      return pool as never;
    },
    async nodeRedisSentinel(sentinels) {
      const client = createSentinel({ name: 'primary', sentinelRootNodes: [...sentinels] });
      kept(client, () => client.destroy());
      await client.connect();
      return client as never;
    },
    async glide(addresses, options = {}) {
      const client = await GlideClient.createClient({
        addresses: [...addresses],
        requestTimeout: 5_000,
        ...options,
      });
      return kept(client as GlideClient & { on?: undefined }, () => client.close());
    },
    async ioredisCluster(nodes, options = {}) {
      const client = new Cluster([...nodes], { ...options, lazyConnect: true } as never);
      kept(client, () => client.disconnect());
      await client.connect();
      return client;
    },
    async nodeRedisCluster(nodes, options = {}) {
      const client = createCluster({
        ...options,
        rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })),
      });
      kept(client, () => client.destroy());
      await client.connect();
      return client as never;
    },
    async glideCluster(nodes, options = {}) {
      const client = await GlideClusterClient.createClient({
        addresses: [...nodes],
        requestTimeout: 5_000,
        ...options,
      });
      return kept(client as GlideClusterClient & { on?: undefined }, () => client.close());
    },
  };
}

type Made = (clients: RedisClients, address: Address) => Promise<RedisClient>;

/** Every kind of client of one server that the store takes. */
export const clientsOfServer: Readonly<Record<string, Made>> = {
  ioredis: (clients, address) => clients.ioredis(address),
  iovalkey: (clients, address) => clients.iovalkey(address),
  'redis (node-redis)': (clients, address) => clients.nodeRedis(address),
  'Valkey GLIDE': (clients, address) => clients.glide([address]),
  'a function': async (clients, address) => {
    const client = await clients.ioredis(address);
    return ([command, ...args]) => client.call(command as string, ...args);
  },
};

/** The same with options that change the form of replies, or the names of keys. */
export const unusualClientsOfServer: Readonly<Record<string, Made>> = {
  'ioredis that speaks RESP3': (clients, address) =>
    clients.ioredis(address, { protocol: 3 } as RedisOptions),
  'ioredis that makes pipelines of what it sends': (clients, address) =>
    clients.ioredis(address, { enableAutoPipelining: true }),
  'ioredis with a keyPrefix': (clients, address) => clients.ioredis(address, { keyPrefix: 'theirs:' }),
  'redis (node-redis) that speaks RESP2': (clients, address) => clients.nodeRedis(address, { RESP: 2 }),
  'redis (node-redis) whose replies are buffers': async (clients, address) => {
    const client = await clients.nodeRedis(address);
    return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) as RedisClient;
  },
  'a pool of redis (node-redis)': (clients, address) => clients.nodeRedisPool(address),
  'Valkey GLIDE that decodes nothing': (clients, address) =>
    clients.glide([address], { defaultDecoder: Decoder.Bytes }),
  'a function whose replies are buffers': async (clients, address) => {
    const client = await clients.ioredis(address);
    return ([command, ...args]) => client.callBuffer(command as string, ...args);
  },
};

type MadeOfNodes = (clients: RedisClients, nodes: readonly Address[]) => Promise<RedisClient>;

/** Every kind of client of a cluster that the store takes. */
export const clientsOfCluster: Readonly<Record<string, MadeOfNodes>> = {
  ioredis: (clients, nodes) => clients.ioredisCluster(nodes),
  'redis (node-redis)': (clients, nodes) => clients.nodeRedisCluster(nodes),
  'Valkey GLIDE': (clients, nodes) => clients.glideCluster(nodes),
};
