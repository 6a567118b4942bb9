export type { RemoveExpiredOptions } from '../shared/sql-tables.js';
export { type DrizzleDatabase, fromDrizzle } from './clients/from-drizzle.js';
export { fromKnex, type KnexClient } from './clients/from-knex.js';
export { fromKysely, type KyselyClient } from './clients/from-kysely.js';
export { fromPostgresJs, type PostgresJsSql } from './clients/from-postgres-js.js';
export { fromPrisma, type PrismaClientLike } from './clients/from-prisma.js';
export { fromSequelize, type SequelizeClient, type SequelizeTransaction } from './clients/from-sequelize.js';
export {
  fromTypeORM,
  type TypeORMDataSource,
  type TypeORMEntityManager,
  type TypeORMQueryRunner,
} from './clients/from-typeorm.js';
export type { PostgresClient, WrappedClient } from './postgres-client.js';
export type { ChannelListener, PgListener, PostgresListener } from './postgres-listener.js';
export type { PostgresStoreOptions } from './postgres-options.js';
export { type SchemaOptions, schema } from './postgres-schema.js';
export { PostgresStore } from './postgres-store.js';
