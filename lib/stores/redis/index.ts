export type { GlideClient, IORedisClient, NodeRedisClient, RedisClient, RedisFunction } from './client.js';
export type { RedisStoreOptions } from './options.js';
export { RedisStore } from './store.js';
export type { IORedisSubscriber, RedisSubscriber } from './subscription.js';
