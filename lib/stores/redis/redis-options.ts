import { type Check, checkedOptions } from '../../options/checked-options.js';
import { hasMethod } from '../shared/client-shape.js';
import { connectionOf, type RedisClient } from './redis-client.js';
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
   * How many replicas must acknowledge a write within one second. A write that fewer acknowledge fails with a
   * `StoreError`. It makes the connection wait, so give the store a client of its own. Default: 0.
   */
  readonly waitReplicas?: number;
  /**
   * A second connection that only subscribes. A call that waits for a call of another process is then told at once. It
   * also makes the store publish, so all processes that use the prefix need the option. Default: none.
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
      : '0 with a pool or sentinel, which may send two commands on two connections; pass a single or cluster client';
  },
  subscriber: (value, { client }) => {
    if (
      !hasMethod(value, 'subscribe') ||
      !hasMethod(value, 'unsubscribe') ||
      hasMethod(value, 'customCommand')
    ) {
      return 'a connection of ioredis or redis (node-redis), or an object { subscribe(channel, listener), unsubscribe(channel, listener) }';
    }
    return (value as unknown) === client
      ? 'a second connection, such as client.duplicate(): a connection that subscribes can do nothing else'
      : undefined;
  },
};

/** @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected. */
export function checkRedisOptions(options: unknown): void {
  checkedOptions('RedisStore', options, { checks, required: ['client'] });
}
