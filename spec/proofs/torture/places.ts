import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tableDefinition } from 'retrysafe/dynamodb';
import { schema as postgresSchema } from 'retrysafe/postgres';
import { schema as sqliteSchema } from 'retrysafe/sqlite';
import { DynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { connectionTo, DynoxideServer } from '../../support/dynoxide-server.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { RedisServer } from '../../support/redis-server.js';
import { ServerFolder } from '../../support/server-process.js';
import { obstacleTo, openAsItIs, openDatabase, sqliteDrivers } from '../../support/sqlite-drivers.js';
import type { StoreDescription } from '../../support/store-description.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { effectsTable } from './business.js';
import type { StoreName } from './ledger.js';
import { DynamoDBNetwork, type Network, TcpNetwork } from './network.js';

/** Where the records of one store are, and what can be done to it. */
export interface Place {
  /** What it is, and what survives its end. */
  readonly about: string;
  /** How it is reached by way of the network, and directly. */
  readonly far: StoreDescription;
  readonly near: StoreDescription;
  readonly server?: { kill(): Promise<void>; restart(): Promise<void> };
  readonly network?: Network;
  /** Prevents writes until the returned function is called. Returns nothing where a process is writing just now. */
  lock?(): (() => void) | undefined;
  stop(): Promise<void>;
}

interface Kind {
  /** Why it cannot be had on this machine, if so. */
  obstacle(): string | undefined;
  start(): Promise<Place>;
}

export const kinds: Readonly<Record<StoreName, Kind>> = {
  dynamodb: {
    obstacle: () => (DynoxideServer.isInstalled ? undefined : 'dynoxide cannot run on this machine'),
    async start() {
      const server = await DynoxideServer.start();
      const client = () => new DynamoDBClient(server.connection);
      const [direct, tableName] = [client(), 'idempotency'];
      for (const name of [tableName, effectsTable]) {
        await direct.send(new CreateTableCommand(tableDefinition({ tableName: name }).createTable));
      }
      direct.destroy();
      const proxy = new DynamoDBProxy({ endpoint: server.endpoint, client });
      await proxy.start();
      const network = new DynamoDBNetwork(proxy);
      return {
        about: 'dynoxide, its tables in a file',
        far: { kind: 'dynamodb', connection: connectionTo(proxy.endpoint), tableName },
        near: { kind: 'dynamodb', connection: server.connection, tableName },
        server,
        network,
        stop: () => stopAll(network, server),
      };
    },
  },
  redis: {
    obstacle: () => (RedisServer.isInstalled ? undefined : 'there is no redis-server on this machine'),
    async start() {
      const server = await RedisServer.start({ appendonly: true });
      const network = await tcpNetwork(server);
      const describe = (url: string): StoreDescription => ({
        kind: 'redis',
        url,
        prefix: 'torture:',
        notices: true,
        retries: 1,
      });
      const { host, port } = network.proxy.endpoint;
      return {
        about: 'Redis, `appendfsync always`',
        far: describe(`redis://${host}:${port}`),
        near: describe(server.url),
        server,
        network,
        stop: () => stopAll(network, server),
      };
    },
  },
  postgres: {
    obstacle: () => PostgresServer.obstacle,
    async start() {
      const server = await PostgresServer.start({ durable: true });
      await server.query(`${postgresSchema()}; CREATE TABLE ${effectsTable} (effect text)`);
      const network = await tcpNetwork(server);
      const describe = (url: string): StoreDescription => ({ kind: 'postgres', url, table: 'idempotency' });
      const { host, port } = network.proxy.endpoint;
      return {
        about: 'PostgreSQL, `fsync = on`',
        far: describe(server.url.replace(`${server.host}:${server.port}`, `${host}:${port}`)),
        near: describe(server.url),
        server,
        network,
        stop: () => stopAll(network, server),
      };
    },
  },
  sqlite: {
    obstacle: () => (sqliteDriver() ? undefined : sqliteDrivers.map(obstacleTo).join('; ')),
    async start() {
      const driver = sqliteDriver() as (typeof sqliteDrivers)[number];
      const folder = new ServerFolder('sqlite');
      const file = join(folder.path, 'torture.db');
      const database = openDatabase(driver, file);
      database.exec(`${sqliteSchema()}; CREATE TABLE ${effectsTable} (effect TEXT)`);
      database.close();
      const description = { kind: 'sqlite', driver, file } as const;
      return {
        about: `SQLite by ${driver}, a file in WAL mode`,
        far: description,
        near: description,
        lock: () => lockFile(() => openAsItIs(driver, file, { timeout: 0 })),
        stop: async () => folder.remove(),
      };
    },
  },
};

function sqliteDriver() {
  return sqliteDrivers.find((driver) => obstacleTo(driver) === undefined);
}

async function tcpNetwork(server: { readonly host: string; readonly port: number }): Promise<TcpNetwork> {
  const proxy = new TcpProxy(server);
  await proxy.start();
  return new TcpNetwork(proxy);
}

async function stopAll(...parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.stop();
}

function lockFile(open: () => ReturnType<typeof openAsItIs>): (() => void) | undefined {
  const database = open();
  try {
    // It does not wait for a writer: this process is the network of the other stores.
    database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
  } catch {
    database.close();
    return undefined;
  }
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}
