// One more instance of the service, in a process of its own, with the same table and the same bank. The parent kills
// it in the middle of its work. Where no engine can run, the parent has the records.
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { IdempotencyEventName } from 'retrysafe';
import { CoreBank } from '../app/core-bank.js';
import { PreFundService } from '../app/pre-fund-service.js';
import { lambdaContext } from './events.js';
import { DyingApi } from './impatient-api.js';
import { InMemoryRefunds } from './in-memory-refunds.js';
import { onEveryEvent } from './library-events.js';
import { inTables } from './records.js';
import { RemoteStore } from './remote-store.js';

/** What the parent sends to begin with. */
export interface Assignment {
  readonly event: APIGatewayProxyEvent;
  readonly bankUrl: string;
  readonly connection: DynamoDBClientConfig | undefined;
}

/** What it tells the parent while it lives. */
export interface Notice {
  readonly event: IdempotencyEventName;
  readonly words: string;
  readonly key: string;
}

process.once('message', async ({ event, bankUrl, connection }: Assignment) => {
  onEveryEvent((name, words, key) => process.send?.({ event: name, words, key } satisfies Notice));
  const { store, refunds } = connection ? inTables(new DynamoDBClient(connection)) : withTheParent();
  // A client's first request takes its time, which would be taken from a lease that is as short as the story.
  await store.find('anything');
  const service = new PreFundService(store, new CoreBank(bankUrl), refunds);
  await new DyingApi(service).handle(event, lambdaContext());
  // A process that reaches this line was not killed, which the parent reports.
  process.disconnect();
});

function withTheParent() {
  const store = new RemoteStore();
  return { store, refunds: new InMemoryRefunds(store) };
}
