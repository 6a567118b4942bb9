import { randomBytes } from 'node:crypto';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { currentExecution, StoreError } from 'retrysafe';
import { rejection } from '../../support/rejection.js';
import { doneOnce } from '../matrix/transfer-scene.js';
import { useTransactions } from './transfer-stages.js';
import type { Application } from './transfers.js';

describe('a completion in a transaction of DynamoDB', () => {
  const { application, dynamoDB, scene, sent, tables } = useTransactions();

  /** Work that commits that value and returns it. */
  const committing = (value: unknown) => async (at: Application) => {
    await at.commit(scene().transfer.account, await currentExecution().completion(value));
    return value;
  };

  it('is all that the method writes but for its claim', async () => {
    expect(await scene().call()).to.deep.equal({ run: 1 });
    expect(sent()).to.deep.equal(['PutItemCommand', 'TransactWriteItemsCommand', 'GetItemCommand']);
  });

  it('is refused where no item can hold it, before the transaction begins', async () => {
    const large = randomBytes(600_000).toString('base64');
    const error = await rejection(scene().call(committing(large)));
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.have.property('tooLarge', true);
    expect(error).to.have.property('message').that.includes(tables().records);
    expect(sent()).to.not.include('TransactWriteItemsCommand');
    expect(await scene().traces()).to.deep.equal({ runs: 1, transfers: 0, status: 'released' });
  });

  it('is kept compressed where it is large, and replayed', async () => {
    const { here, transfer } = scene();
    const receipt = { lines: Array.from({ length: 20_000 }, (_, line) => `line ${line} of the receipt`) };
    expect(await scene().call(committing(receipt))).to.equal(receipt);
    const { Item } = await here.client.send(
      new GetItemCommand({ TableName: tables().records, Key: { id: { S: transfer.key } } }),
    );
    expect(Item?.state).to.have.property('B').with.property('byteLength').below(409_600);
    expect(await scene().callElsewhere()).to.deep.equal(receipt);
    expect(await scene().traces()).to.deep.equal(doneOnce);
  });

  for (const [what, partitionKey] of [
    ['the key itself as its partition', undefined],
    ['one partition for all', 'idempotency'],
    ['a partition of its own choice', (key: string) => `partition ${key.at(-1)}`],
  ] as const) {
    it(`fits a table with a sort key, and ${what}`, async () => {
      const { time, transfer } = scene();
      const attributes = { keyAttribute: 'pk', sortKeyAttribute: 'sk' };
      const tableName = await dynamoDB.createTable(attributes);
      const sorted = { tableName, ...attributes, ...(partitionKey && { partitionKey }) };
      const elsewhere = application(sorted);
      expect(await time.until(transfer.at(application(sorted)))).to.deep.equal({ run: 1 });
      expect(await time.until(transfer.at(elsewhere))).to.deep.equal({ run: 1 });
      expect(await transfer.traces(elsewhere)).to.deep.equal(doneOnce);
    });
  }
});
