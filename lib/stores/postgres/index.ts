export type { RemoveExpiredOptions } from '../sql-tables.js';
export type { PostgresClient, WrappedClient } from './client.js';
export { type DrizzleDatabase, fromDrizzle } from './from-drizzle.js';
export { fromKnex, type KnexClient } from './from-knex.js';
export { fromKysely, type KyselyClient } from './from-kysely.js';
export { fromPostgresJs, type PostgresJsSql } from './from-postgres-js.js';
export { fromPrisma, type PrismaClientLike } from './from-prisma.js';
export { fromSequelize, type SequelizeClient, type SequelizeTransaction } from './from-sequelize.js';
export {
  fromTypeORM,
  type TypeORMDataSource,
  type TypeORMEntityManager,
  type TypeORMQueryRunner,
} from './from-typeorm.js';
export type { ChannelListener, PgListener, PostgresListener } from './listener.js';
export type { PostgresStoreOptions } from './options.js';
export { schema } from './schema.js';
export { PostgresStore } from './store.js';
