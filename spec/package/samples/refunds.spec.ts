import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { expect } from 'chai';
import sinon from 'sinon';
import { useDynamoDB } from '../../support/dynamodb.js';
import { invocation } from '../../support/invocation.js';
import {
  type Application,
  ApplicationParts,
  type Bank,
  bodyOf,
  createTables,
  httpEvent,
  type Tables,
} from './application.js';
import { mode } from './compiled.js';
import { SentRequests } from './sent-requests.js';

describe(`the sample's refunds, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  let parts: ApplicationParts;
  let tables: Tables;
  let bank: Bank;
  let client: DynamoDBClient;
  let requests: SentRequests;
  let application: Application;
  let transactionId: string;

  before(async function () {
    this.timeout(60_000);
    parts = await ApplicationParts.load();
    tables = await createTables(dynamoDB);
    bank = await parts.startBank();
  });
  after(() => bank.stop());
  afterEach(() => sinon.restore());

  let lastId = 0;
  beforeEach(async () => {
    client = dynamoDB.client();
    requests = new SentRequests(client);
    application = parts.start({ bankUrl: bank.url, tables, client });
    lastId += 1;
    transactionId = `T-${lastId}`;
    await setBalance(10_000);
  });

  async function setBalance(cents: number): Promise<void> {
    const Item = { id: { S: `balance#${transactionId}` }, refundableCents: { N: String(cents) } };
    await dynamoDB.client().send(new PutItemCommand({ TableName: tables.refunds, Item }));
  }

  async function item(id: string) {
    const query = { TableName: tables.refunds, Key: { id: { S: id } }, ConsistentRead: true };
    return (await dynamoDB.client().send(new GetItemCommand(query))).Item;
  }

  async function balance(): Promise<number> {
    return Number((await item(`balance#${transactionId}`))?.refundableCents?.N);
  }

  function refund(refundId: string, cents: number): Promise<APIGatewayProxyResult> {
    const event = httpEvent('/pre-fund/refunds', { refundId, transactionId, cents });
    return application.api.handle(event, invocation(28_000) as Context);
  }

  it('pays back once, however often it is asked for', async () => {
    const first = await refund(`R-${transactionId}`, 4_000);
    const second = await refund(`R-${transactionId}`, 4_000);
    expect([first.statusCode, second.statusCode]).to.deep.equal([201, 201]);
    expect(second.body).to.equal(first.body);
    expect(second.headers).to.include({ 'Idempotency-Replayed': 'true' });
    expect(await balance()).to.equal(6_000);
    expect(await item(`refund#R-${transactionId}`)).to.deep.include({ cents: { N: '4000' } });
  });

  it('pays back once where copies of the request arrive together, in several processes', async () => {
    const applications = Array.from({ length: 4 }, () =>
      parts.start({ bankUrl: bank.url, tables, client: dynamoDB.client() }),
    );
    const event = httpEvent('/pre-fund/refunds', {
      refundId: `R-${transactionId}`,
      transactionId,
      cents: 4_000,
    });
    const answers = await Promise.all(
      applications.map(({ api }) => api.handle(event, invocation(28_000) as Context)),
    );
    expect(answers.map(({ statusCode }) => statusCode)).to.deep.equal([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body)).size).to.equal(1);
    expect(await balance()).to.equal(6_000);
  });

  it('never pays back more than was paid, and leaves nothing of the attempt', async () => {
    expect((await refund(`R-${transactionId}`, 9_000)).statusCode).to.equal(201);
    const second = await refund(`R-${transactionId}-2`, 2_000);
    expect(second.statusCode).to.equal(409);
    expect(bodyOf(second)).to.include({ type: 'urn:problem-type:not-refundable' });
    expect(await balance()).to.equal(1_000);
    expect(await item(`refund#R-${transactionId}-2`)).to.equal(undefined);
  });

  it('pays back nothing of a transaction that was never settled', async () => {
    transactionId = 'T-unheard-of';
    expect((await refund('R-1', 1)).statusCode).to.equal(409);
    expect(await item('balance#T-unheard-of')).to.equal(undefined);
  });

  it('is not an outcome where it was refused: it can be asked for again when there is more to pay back', async () => {
    await refund(`R-${transactionId}`, 20_000);
    await setBalance(20_000);
    expect((await refund(`R-${transactionId}`, 20_000)).statusCode).to.equal(201);
    expect(await balance()).to.equal(0);
  });

  it('pays back once where the answer of the transaction is lost and the client asks again', async () => {
    requests.loseAnswers('TransactWriteItems', 1);
    expect((await refund(`R-${transactionId}`, 4_000)).statusCode).to.equal(201);
    expect(requests.counts.get('TransactWriteItems')).to.equal(2);
    expect(await balance()).to.equal(6_000);
  });

  it('pays back once where every answer of the transaction is lost: what is on record is the answer', async () => {
    requests.loseAnswers('TransactWriteItems', Number.POSITIVE_INFINITY);
    const first = await refund(`R-${transactionId}`, 4_000);
    requests.loseAnswers('TransactWriteItems', 0);
    const second = await refund(`R-${transactionId}`, 4_000);
    expect([first.statusCode, second.statusCode]).to.deep.equal([201, 201]);
    expect(second.body).to.equal(first.body);
    expect(second.headers).to.include({ 'Idempotency-Replayed': 'true' });
    expect(await balance()).to.equal(6_000);
  });

  it('answers 503 where the refunds are out of reach, and makes the refund at the next try', async () => {
    const logged = sinon.stub(console, 'error');
    requests.refuse('TransactWriteItems');
    const answer = await refund(`R-${transactionId}`, 4_000);
    expect(answer.statusCode).to.equal(503);
    expect(answer.headers).to.include({ 'retry-after': '1' });
    expect(logged.callCount).to.equal(1);
    expect((await refund(`R-${transactionId}`, 4_000)).statusCode).to.equal(201);
    expect(await balance()).to.equal(6_000);
  });

  it('answers 503 where another refund of the transaction is being made, and makes the refund at the next try', async () => {
    sinon.stub(console, 'error');
    const conflict = { Code: 'TransactionConflict' };
    requests.refuse(
      'TransactWriteItems',
      new TransactionCanceledException({
        message: 'Transaction cancelled',
        $metadata: {},
        CancellationReasons: [conflict, { Code: 'None' }, { Code: 'None' }],
      }),
    );
    const answer = await refund(`R-${transactionId}`, 4_000);
    expect(answer.statusCode).to.equal(503);
    expect(bodyOf(answer)).to.include({ type: 'urn:problem-type:balance-busy' });
    expect((await refund(`R-${transactionId}`, 4_000)).statusCode).to.equal(201);
    expect(await balance()).to.equal(6_000);
  });

  it('is made once even where its record of the call is gone', async () => {
    const refundId = `R-${transactionId}`;
    await refund(refundId, 4_000);
    const others = await createTables(dynamoDB);
    application = parts.start({
      bankUrl: bank.url,
      tables: { ...tables, idempotency: others.idempotency },
      client,
    });
    const answer = await refund(refundId, 4_000);
    expect(answer.statusCode).to.equal(409);
    expect(bodyOf(answer).detail).to.equal('This refund was made before.');
    expect(await balance()).to.equal(6_000);
  });
});
