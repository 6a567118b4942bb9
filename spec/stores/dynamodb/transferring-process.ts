// One more process of the application that does transfers. Its parent kills it.
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { currentExecution, type IdempotentOptions, makeIdempotent } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { Application } from './transfers.js';

/** What the parent sends to begin with. */
export interface Assignment {
  readonly connection: DynamoDBClientConfig;
  readonly tables: { readonly records: string; readonly accounts: string };
  readonly account: string;
  readonly options: Pick<IdempotentOptions, 'lease' | 'clockTolerance' | 'wait'> & { readonly name: string };
}

process.once('message', async ({ connection, tables, account, options }: Assignment) => {
  const client = new DynamoDBClient(connection);
  const store = new DynamoDBStore({ client, tableName: tables.records });
  const application = new Application(client, store, tables.accounts);
  const transfer = makeIdempotent(
    async (to: string) => {
      const receipt = { by: 'the process that was killed' };
      await application.commit(to, await currentExecution().completion(receipt));
      return receipt;
    },
    { ...options, store },
  );
  await transfer(account);
  // A process that comes here was not killed.
  process.disconnect();
});
