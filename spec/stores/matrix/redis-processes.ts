import { GlideClient } from '@valkey/valkey-glide';
import { type RedisClient, RedisStore } from 'retrysafe/redis';
import { type RedisFixture, useRedis } from '../../support/redis.js';
import type { Processes } from './processes.js';

export const byIORedis = () => onRedis((redis) => redis.ioredis());
export const byNodeRedis = () => onRedis((redis) => redis.nodeRedis());

export function byGlide(): Processes {
  const clients: GlideClient[] = [];
  after(() => {
    for (const client of clients) client.close();
  });
  return onRedis(async ({ host, port }) => {
    const client = await GlideClient.createClient({ addresses: [{ host, port }] });
    clients.push(client);
    return client;
  });
}

function onRedis(connect: (redis: RedisFixture) => Promise<RedisClient>): Processes {
  const redis = useRedis();
  let prefix: string;

  before(() => {
    prefix = redis.prefix();
  });

  return { start: async () => ({ store: new RedisStore({ client: await connect(redis), prefix }) }) };
}
