import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  CreateTableCommand,
  DynamoDBClient,
  type TransactWriteItem,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { type Completion, Idempotent, recordOf } from 'retrysafe';
import { DynamoDBStore, tableDefinition } from 'retrysafe/dynamodb';

const tableName = 'idempotency';

export function item(store: DynamoDBStore, completion: Completion): TransactWriteItem {
  return store.transactItem(completion);
}

async function startEngine(): Promise<{ port: number; engine: ChildProcess } | undefined> {
  let binary: string;
  try {
    binary = require.resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const engine = spawn(binary, ['--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(engine.stderr as NodeJS.ReadableStream, 'data');
  return { port, engine };
}

async function exerciseStore(port: number): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
  });
  const { createTable, updateTimeToLive } = tableDefinition({ tableName });
  await client.send(new CreateTableCommand(createTable));
  await client.send(new UpdateTimeToLiveCommand(updateTimeToLive));
  const store = new DynamoDBStore({ client, tableName });

  let runs = 0;
  class Holds {
    @Idempotent({ key: 'id', store })
    async place({ id, size }: { id: string; size: number }) {
      runs += 1;
      return { id, placedAt: new Date(0), text: 'x'.repeat(size) };
    }
  }
  const holds = new Holds();
  for (const request of [
    { id: 'small', size: 10 },
    { id: 'compressed', size: 100_000 },
  ]) {
    const first = await holds.place(request);
    assert.deepEqual(await holds.place(request), first);
    assert.equal((await recordOf(holds, 'place', request).inspect())?.status, 'completed');
  }
  assert.equal(runs, 2);
  client.destroy();
}

async function main(): Promise<void> {
  const started = await startEngine();
  if (!started) return console.log('PENDING: no DynamoDB engine can run here');
  try {
    await exerciseStore(started.port);
  } finally {
    started.engine.kill();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
