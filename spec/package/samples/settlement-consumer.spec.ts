import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context, SQSEvent } from 'aws-lambda';
import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fixture } from '../../support/fixture.js';
import { invocation } from '../../support/invocation.js';
import { createTables, httpEvent, useSample } from './application.js';
import { mode } from './compiled.js';

const event = fixture<SQSEvent>('request/events/sqs-batch.json');
const [first, brokenJson, withoutId, last] = event.Records.map(({ messageId }) => messageId);
const poison = event.Records.slice(1, 3).map(({ body }) => body);

function context(): Context {
  return invocation(30_000) as Context;
}

describe(`the sample's consumer of settlements, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  const sample = useSample(dynamoDB);

  async function failuresOf(batch: SQSEvent): Promise<string[]> {
    const { batchItemFailures } = await sample.application.consumer.handle(batch, context());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  async function balance(transactionId: string): Promise<number> {
    const query = { TableName: sample.tables.refunds, Key: { id: { S: `balance#${transactionId}` } } };
    const { Item } = await dynamoDB.client().send(new GetItemCommand({ ...query, ConsistentRead: true }));
    return Number(Item?.refundableCents?.N);
  }

  function settled(): string[] {
    return sample.bank.bank.settlements.map(({ transactionId }) => transactionId);
  }

  it('settles the good messages of a batch and parks the bad ones alone', async () => {
    expect(await failuresOf(event)).to.deep.equal([]);
    expect(settled()).to.have.members(['tx-1', 'tx-3']);
    expect(sample.application.queues.parked).to.deep.equal(poison);
    expect(sample.application.reports).to.have.deep.members([
      [brokenJson, 'InvalidRequest'],
      [withoutId, 'KeyError'],
    ]);
  });

  it('settles nothing twice when the queue delivers the batch once more, to another process', async () => {
    await failuresOf(event);
    sample.restart();
    expect(await failuresOf(event)).to.deep.equal([]);
    expect(settled()).to.have.length(2);
  });

  it('settles a message once that is in the batch twice', async () => {
    const copy = { ...event.Records[0], messageId: 'a copy of the sender’s' } as SQSEvent['Records'][number];
    expect(await failuresOf({ Records: [...event.Records, copy] })).to.deep.equal([]);
    expect(settled()).to.have.length(2);
  });

  it('fails the message alone that the bank is away for, and settles it at the next delivery', async () => {
    sample.bank.bank.outages = 1;
    const failures = await failuresOf(event);
    expect(failures).to.have.length(1);
    const [away] = failures;
    expect([first, last]).to.include(away);
    expect(settled()).to.have.length(1);
    const again = { Records: event.Records.filter(({ messageId }) => messageId === away) };
    expect(await failuresOf(again)).to.deep.equal([]);
    expect(settled()).to.have.members(['tx-1', 'tx-3']);
  });

  it('allows to pay back what was settled, once, even where its record of the call is gone', async () => {
    await failuresOf(event);
    expect(await balance('tx-1')).to.equal(2_500);
    const refund = httpEvent('/pre-fund/refunds', { refundId: 'R-1', transactionId: 'tx-1', cents: 2_000 });
    expect((await sample.application.api.handle(refund, context())).statusCode).to.equal(201);
    const tables = { ...(await createTables(dynamoDB)), refunds: sample.tables.refunds };
    sample.restart({ tables });
    await failuresOf(event);
    expect(await balance('tx-1')).to.equal(500);
  });

  it('settles nothing whose id is no text: it would share its balance with another', async () => {
    const [record] = event.Records;
    const bodies = ['["tx-1"]', '{"a":1}', '9007199254740993', `"${'T'.repeat(2_049)}"`].map(
      (id) => `{"transactionId":${id},"cents":1}`,
    );
    const Records = bodies.map((body, index) => ({ ...record, messageId: `m-${index}`, body }));
    expect(await failuresOf({ Records } as SQSEvent)).to.deep.equal([]);
    expect(sample.application.queues.parked).to.have.members(bodies);
    expect(settled()).to.be.empty;
  });

  it('pays once where the balance cannot be written at first, and allows to pay back at the next delivery', async () => {
    const message = { Records: event.Records.filter(({ messageId }) => messageId === first) };
    const missing = { ...sample.tables, refunds: 'retrysafe-spec-missing' };
    sample.restart({ tables: missing });
    expect(await failuresOf(message)).to.deep.equal([first]);
    sample.restart();
    expect(await failuresOf(message)).to.deep.equal([]);
    expect(settled()).to.deep.equal(['tx-1']);
    expect(await balance('tx-1')).to.equal(2_500);
  });

  it('settles no other amount for the same transaction', async () => {
    await failuresOf(event);
    const [message] = event.Records;
    const other = { ...message, messageId: 'another amount', body: '{"transactionId":"tx-1","cents":1}' };
    expect(await failuresOf({ Records: [other] } as SQSEvent)).to.deep.equal([]);
    expect(sample.application.queues.parked.at(-1)).to.equal(other.body);
    expect(sample.application.reports.at(-1)).to.deep.equal(['another amount', 'FingerprintError']);
    expect(settled()).to.have.length(2);
  });

  it('keeps an outcome for longer than a message can come back from the dead-letter queue', async () => {
    await failuresOf(event);
    const service = sample.application.service as {
      settle(order: object, context: Context): Promise<unknown>;
    };
    const record = await recordOf(
      service,
      'settle',
      { transactionId: 'tx-1', cents: 2_500 },
      context(),
    ).inspect();
    // A message has 4 days in its queue, 14 in the other one and, moved back, 4 more days in its queue.
    const days = ((record?.expiresAt ?? 0) - (record?.completedAt ?? 0)) / 86_400_000;
    expect(days).to.be.greaterThan(4 + 14 + 4);
  });
});
