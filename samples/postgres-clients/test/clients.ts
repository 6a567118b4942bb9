// Each client library, connected as its own documentation says.
import type { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOnPglite } from 'drizzle-orm/pglite';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';
import {
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPostgresJs,
  fromPrisma,
  fromSequelize,
  fromTypeORM,
  type PostgresClient,
  type PostgresStore,
} from 'retrysafe/postgres';
import { Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import * as ofDrizzle from '../drizzle.js';
import { PrismaClient } from '../generated/client.js';
import * as ofKnex from '../knex.js';
import * as ofKysely from '../kysely.js';
import { PgTransfers } from '../pg.js';
import { PgliteTransfers } from '../pglite.js';
import * as ofPostgresJs from '../postgres-js.js';
import * as ofPrisma from '../prisma.js';
import { SequelizeTransfers } from '../sequelize.js';
import type { Receipt, Transfer } from '../transfer.js';
import * as ofTypeorm from '../typeorm.js';

export interface Transfers {
  readonly store: PostgresStore;
  transfer(transfer: Transfer): Promise<Receipt>;
}

export interface Connected {
  /** The service with a store of its own, as in another process. */
  transfers(): Transfers;
  /** The client as the store gets it. */
  readonly client: PostgresClient;
  /** As its library gives it, where a store does not take it so, and what makes it fit. */
  readonly bare?: { readonly clients: readonly unknown[]; readonly wrapper: string };
  close(): Promise<unknown>;
}

/** By the package's name, those that speak to a server. */
export const onServer: Record<string, (url: string) => Promise<Connected>> = {
  async pg(url) {
    const pool = new pg.Pool({ connectionString: url });
    return { transfers: () => new PgTransfers(pool), client: pool, close: () => pool.end() };
  },
  async '@prisma/client'(url) {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
    const close = () => prisma.$disconnect();
    return {
      transfers: () => new ofPrisma.PrismaTransfers(prisma),
      client: fromPrisma(prisma),
      bare: { clients: [prisma], wrapper: 'fromPrisma' },
      close,
    };
  },
  async 'drizzle-orm'(url) {
    const pool = new pg.Pool({ connectionString: url });
    const database = drizzle({ client: pool });
    const client = fromDrizzle(database);
    return {
      transfers: () => new ofDrizzle.DrizzleTransfers(database),
      client,
      bare: { clients: [database], wrapper: 'fromDrizzle' },
      close: () => pool.end(),
    };
  },
  async kysely(url) {
    const pool = new pg.Pool({ connectionString: url });
    const database = new Kysely<ofKysely.Tables>({ dialect: new PostgresDialect({ pool }) });
    const close = () => database.destroy();
    return {
      transfers: () => new ofKysely.KyselyTransfers(database),
      client: fromKysely(database),
      bare: { clients: [database], wrapper: 'fromKysely' },
      close,
    };
  },
  async typeorm(url) {
    const source = new DataSource({ type: 'postgres', url, entities: [ofTypeorm.transfers] });
    await source.initialize();
    const client = fromTypeORM(source);
    return {
      transfers: () => new ofTypeorm.TypeormTransfers(source),
      client,
      bare: {
        clients: [source, source.manager, source.createQueryRunner(), source.getRepository('transfers')],
        wrapper: 'fromTypeORM',
      },
      close: () => source.destroy(),
    };
  },
  async knex(url) {
    const database = knex({ client: 'pg', connection: url });
    const close = () => database.destroy();
    return {
      transfers: () => new ofKnex.KnexTransfers(database),
      client: fromKnex(database),
      bare: { clients: [database], wrapper: 'fromKnex' },
      close,
    };
  },
  async sequelize(url) {
    const database = new Sequelize(url, { logging: false });
    const client = fromSequelize(database);
    return {
      transfers: () => new SequelizeTransfers(database),
      client,
      bare: { clients: [database], wrapper: 'fromSequelize' },
      close: () => database.close(),
    };
  },
  async postgres(url) {
    const sql = postgres(url);
    const close = () => sql.end();
    return {
      transfers: () => new ofPostgresJs.PostgresJsTransfers(sql),
      client: fromPostgresJs(sql),
      bare: { clients: [sql], wrapper: 'fromPostgresJs' },
      close,
    };
  },
};

/** By the package's name, those that PGlite runs, in this process. */
export const onPglite: Record<string, (pglite: PGlite) => Promise<Connected>> = {
  async '@electric-sql/pglite'(pglite) {
    return { transfers: () => new PgliteTransfers(pglite), client: pglite, close: async () => {} };
  },
  async 'drizzle-orm'(pglite) {
    // The databases of Drizzle's drivers differ in the types of their results alone.
    const database = drizzleOnPglite({ client: pglite }) as unknown as NodePgDatabase;
    const client = fromDrizzle(database);
    return { transfers: () => new ofDrizzle.DrizzleTransfers(database), client, close: async () => {} };
  },
};
