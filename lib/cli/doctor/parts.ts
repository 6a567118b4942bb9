import type { DynamoDBStoreOptions } from '../../stores/dynamodb/dynamodb-options.js';
import type { PostgresStoreOptions } from '../../stores/postgres/postgres-options.js';
import type { Connection } from '../../stores/redis/redis-client.js';
import type { RedisStoreOptions } from '../../stores/redis/redis-options.js';
import { storeParts } from '../../stores/shared/store-parts.js';
import type { SqliteStoreOptions } from '../../stores/sqlite/sqlite-options.js';

/** What a store is made of. */
export type StoreParts = PostgresParts | SqliteParts | RedisParts | DynamoDBParts;

type Named<Kind extends string, Options, Names extends keyof Options> = Required<Pick<Options, Names>> & {
  readonly kind: Kind;
};

export type PostgresParts = Named<'postgres', PostgresStoreOptions, 'client' | 'table'>;
export type SqliteParts = Named<'sqlite', SqliteStoreOptions, 'database' | 'table'>;
export type RedisParts = Named<'redis', RedisStoreOptions, 'prefix'> & { readonly connection: Connection };
export type DynamoDBParts = DynamoDBStoreOptions & { readonly kind: 'dynamodb' };

/** Returns the parts of a store of this library, and nothing for any other. */
export function partsOf(store: unknown): StoreParts | undefined {
  return (Object(store) as { readonly [storeParts]?: StoreParts })[storeParts];
}
