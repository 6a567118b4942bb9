import { type Check, checkStoreOptions } from '../shared/checked-options.js';
import { can, connectionOf, type RedisClient } from './redis-client.js';
import type { IORedisSubscriber, RedisSubscriber } from './redis-subscription.js';

/** Where and how a `RedisStore` keeps records. */
export interface RedisStoreOptions {
  /**
   * The application's own connected client: of `ioredis`, `redis` (node-redis) or Valkey GLIDE, single or cluster, or a
   * function that sends a command. The store neither configures nor closes it.
   */
  readonly client: RedisClient;
  /** What the names of all keys begin with. Default: `retrysafe:`. */
  readonly prefix?: string;
  /**
   * How many replicas must have a write before it counts, within a second; a write that fewer acknowledge fails with a
   * `StoreError`. Default: 0. It keeps the connection waiting, so give the store a client of its own.
   */
  readonly waitReplicas?: number;
  /**
   * A second connection, that does nothing but subscribe: a call that waits for one of another process is then told at
   * once. All processes that use the prefix need the option, since it also makes them publish. Default: none.
   */
  readonly subscriber?: RedisSubscriber | IORedisSubscriber;
}

const checks: Record<keyof RedisStoreOptions, Check> = {
  client: (value) =>
    connectionOf(value)
      ? undefined
      : 'a client of ioredis, redis (node-redis) or Valkey GLIDE, or a function (command: string[]) => Promise',
  prefix: (value) => (typeof value === 'string' ? undefined : 'a string'),
  waitReplicas: (value, { client }) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) return 'a number of replicas, 0 or more';
    return value === 0 || connectionOf(client)?.sendBoth
      ? undefined
      : '0 with a pool or sentinel, which may send two commands on two connections; hand over a single or cluster client';
  },
  subscriber: (value, { client }) => {
    if (!can(value, 'subscribe') || !can(value, 'unsubscribe') || can(value, 'customCommand')) {
      return 'a connection of ioredis or redis (node-redis), or an object { subscribe(channel, listener), unsubscribe(channel, listener) }';
    }
    return (value as unknown) === client
      ? 'a second connection, such as client.duplicate(): one that subscribes can do nothing else'
      : undefined;
  },
};

/**
 * Refuses wrong options.
 *
 * @throws {ConfigurationError} naming the option, its value and what would be right.
 */
export function checkRedisOptions(options: unknown): void {
  checkStoreOptions('RedisStore', checks, ['client'], options);
}
