import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { type EmbeddedDynamoDB, startDynalite, startDynoxide } from 'embedded-dynamodb';
import { type DynamoDBTableOptions, tableDefinition } from 'retrysafe/dynamodb';

const external = process.env.DYNAMODB_ENDPOINT;

/** An engine for specs, started when the first of them needs it. */
export interface DynamoDBFixture {
  /** `dynoxide`, `dynalite`, or `external` where `DYNAMODB_ENDPOINT` names another. */
  readonly engine: EmbeddedDynamoDB['name'] | 'external';
  readonly endpoint: string;
  /** What a client of the engine is made with, in this process or another. */
  readonly connection: DynamoDBClientConfig;
  /** A client of its own, destroyed after the specs. */
  client(config?: DynamoDBClientConfig): DynamoDBClient;
  /** Creates an empty table from its definition and resolves to its name. */
  createTable(options?: Partial<DynamoDBTableOptions>): Promise<string>;
}

/**
 * Gives the specs of a `describe` a DynamoDB engine: dynoxide, or whatever `DYNAMODB_ENDPOINT` points to, with
 * credentials and region from the environment then. Where none can run, the specs are pending.
 */
export function useDynamoDB(engine: EmbeddedDynamoDB['name'] = 'dynoxide'): DynamoDBFixture {
  const clients: DynamoDBClient[] = [];
  const tables: string[] = [];
  let running: EmbeddedDynamoDB | undefined;
  const isExternal = external !== undefined && engine === 'dynoxide';
  const fixture: DynamoDBFixture = {
    engine: isExternal ? 'external' : engine,
    get endpoint() {
      return isExternal ? (external as string) : connectionOf(running).endpoint;
    },
    get connection() {
      return isExternal ? { endpoint: external as string } : connectionOf(running);
    },
    client(config = {}) {
      const client = new DynamoDBClient({ ...fixture.connection, ...config });
      clients.push(client);
      return client;
    },
    async createTable(options = {}) {
      const definition = tableDefinition({ tableName: `retrysafe-spec-${randomUUID()}`, ...options });
      const tableName = definition.createTable.TableName as string;
      const client = fixture.client();
      await client.send(new CreateTableCommand(definition.createTable));
      tables.push(tableName);
      await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: tableName });
      // dynalite has no TTL.
      if (engine !== 'dynalite') await client.send(new UpdateTimeToLiveCommand(definition.updateTimeToLive));
      return tableName;
    },
  };

  before(async function () {
    this.timeout(30_000);
    if (isExternal) return;
    running = await started(engine);
    if (running) return;
    console.error(`PENDING: ${this.test?.parent?.title}: ${engine} cannot run on this machine`);
    this.skip();
  });
  after(async function () {
    this.timeout(30_000);
    if (isExternal) {
      const client = fixture.client();
      for (const TableName of tables) await client.send(new DeleteTableCommand({ TableName }));
    }
    for (const client of clients) client.destroy();
  });
  return fixture;
}

// One of each kind for the whole process: a table of its own keeps each spec apart.
const engines = new Map<EmbeddedDynamoDB['name'], Promise<EmbeddedDynamoDB | undefined>>();

function started(name: EmbeddedDynamoDB['name']): Promise<EmbeddedDynamoDB | undefined> {
  const known = engines.get(name) ?? (name === 'dynoxide' ? startDynoxide() : startDynalite());
  engines.set(name, known);
  return known;
}

function connectionOf(engine: EmbeddedDynamoDB | undefined): EmbeddedDynamoDB['connection'] {
  if (engine) return engine.connection;
  throw new Error('the engine is there inside of a spec or hook, not before');
}

// In a file that no spec file is: the hook is for all of them.
after(async () => {
  for (const engine of engines.values()) await (await engine)?.stop();
});
