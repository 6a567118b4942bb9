export type {
  GlideClient,
  IORedisClient,
  NodeRedisClient,
  RedisClient,
  RedisFunction,
} from './redis-client.js';
export type { RedisStoreOptions } from './redis-options.js';
export { RedisStore } from './redis-store.js';
export type { IORedisSubscriber, RedisSubscriber } from './redis-subscription.js';
