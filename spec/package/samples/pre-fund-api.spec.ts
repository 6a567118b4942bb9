import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { expect } from 'chai';
import sinon from 'sinon';
import { defer } from '../../support/defer.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { invocation } from '../../support/invocation.js';
import { catchWarnings } from '../../support/process-warnings.js';
import { bodyOf, httpEvent, useSample } from './application.js';
import { mode } from './compiled.js';

const holds = '/pre-fund/holds';

function context(remaining = 28_000): Context {
  return invocation(remaining) as Context;
}

describe(`the sample's HTTP interface, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  const sample = useSample(dynamoDB);

  afterEach(() => sinon.restore());

  let lastId = 0;
  function newId(): string {
    lastId += 1;
    return `T-${lastId}`;
  }

  function ask(body: object | string | null, remaining?: number): Promise<APIGatewayProxyResult> {
    return sample.application.api.handle(httpEvent(holds, body), context(remaining));
  }

  function expectProblem(answer: APIGatewayProxyResult, status: number, type: string): void {
    expect(answer.statusCode).to.equal(status);
    expect(answer.headers).to.include({ 'content-type': 'application/problem+json' });
    const body = bodyOf(answer);
    expect(Object.keys(body)).to.have.members(['type', 'title', 'status', 'detail']);
    expect(body).to.include({ status, type: `urn:problem-type:${type}` });
    // No value of the request, no place in the code, no name of a table, and nothing that only an operator can change.
    expect(answer.body).not.to.match(/secret|\.[jt]s:\d|retrysafe-spec-|PreFund|`/);
  }

  it('answers 201 with the hold', async () => {
    const transactionId = newId();
    const answer = await ask({ transactionId, accountId: '4711', cents: 2_500 });
    expect(answer.statusCode).to.equal(201);
    expect(answer.headers).to.deep.equal({ 'Content-Type': 'application/json' });
    const { placedAt, ...hold } = bodyOf(answer);
    expect(hold).to.deep.equal({ transactionId, accountId: '4711', cents: 2_500, holdId: 'H-1' });
    expect(new Date(placedAt as string).toISOString()).to.equal(placedAt);
  });

  it('answers a retry with the same bytes, marked as a replay, and asks the bank no second time', async () => {
    const order = { transactionId: newId(), accountId: '4711', cents: 2_500 };
    const first = await ask(order);
    sample.restart();
    const second = await ask(order);
    expect(second.body).to.equal(first.body);
    expect(second.headers).to.deep.equal({ ...first.headers, 'Idempotency-Replayed': 'true' });
    expect(sample.bank.bank.ledger).to.have.length(1);
  });

  it('reads a body that comes in base64', async () => {
    const event = httpEvent(holds, { transactionId: newId(), accountId: '4711', cents: 1 });
    const body = Buffer.from(event.body ?? '').toString('base64');
    const answer = await sample.application.api.handle({ ...event, body, isBase64Encoded: true }, context());
    expect(answer.statusCode).to.equal(201);
  });

  for (const [what, body, type] of [
    ['without an id', { accountId: 'secret', cents: 1 }, 'invalid-request'],
    [
      'with a number as its id',
      '{"transactionId":9007199254740993,"accountId":"s","cents":1}',
      'invalid-request',
    ],
    ['with a list as its id', { transactionId: ['T'], accountId: 'secret', cents: 1 }, 'invalid-request'],
    [
      'with an endless id',
      { transactionId: 'T'.repeat(2_049), accountId: 'secret', cents: 1 },
      'invalid-request',
    ],
    ['with an empty id', { transactionId: '', accountId: 'secret', cents: 1 }, 'invalid-request'],
    ['without an account', { transactionId: 'T', cents: 1 }, 'invalid-request'],
    ['for no amount', { transactionId: 'T', accountId: 'secret', cents: 0 }, 'invalid-request'],
    ['for a part of a cent', { transactionId: 'T', accountId: 'secret', cents: 0.5 }, 'invalid-request'],
    ['for an amount as text', { transactionId: 'T', accountId: 'secret', cents: '1' }, 'invalid-request'],
    ['that is no JSON', '{"accountId":"secret"', 'invalid-request'],
    ['that is no object', '"secret"', 'invalid-request'],
    ['without a body', null, 'invalid-request'],
  ] as const) {
    it(`refuses a request ${what} with 400, and does nothing`, async () => {
      expectProblem(await ask(body), 400, type);
      expect(sample.bank.bank.ledger).to.be.empty;
    });
  }

  it('refuses a request without a key with 400, and one of an unknown caller with 401', async () => {
    const order = { transactionId: newId(), accountId: 'secret', cents: 2_500 };
    const keyless = httpEvent(holds, order);
    delete keyless.multiValueHeaders['Idempotency-Key'];
    expectProblem(await sample.application.api.handle(keyless, context()), 400, 'key-missing');
    const unsigned = httpEvent(holds, order);
    Object.assign(unsigned.requestContext.identity, { accountId: null });
    expectProblem(await sample.application.api.handle(unsigned, context()), 401, 'unscoped');
    expect(sample.bank.bank.ledger).to.be.empty;
  });

  it('gives nobody what another account asked for under the same key', async () => {
    const first = httpEvent(holds, { transactionId: newId(), accountId: '4711', cents: 2_500 }, 'k-1');
    const second = httpEvent(holds, { transactionId: newId(), accountId: '4711', cents: 2_500 }, 'k-1');
    Object.assign(second.requestContext.identity, { accountId: '555555555555' });
    const answers = [first, second].map((event) => sample.application.api.handle(event, context()));
    const [one, other] = await Promise.all(answers);
    expect([one?.statusCode, other?.statusCode]).to.deep.equal([201, 201]);
    expect(other?.body).not.to.equal(one?.body);
  });

  it('answers 402 where the bank says no, and the same to a retry without asking it again', async () => {
    const order = { transactionId: newId(), accountId: '4711', cents: 99_000_000 };
    const first = await ask(order);
    expectProblem(first, 402, 'insufficient-funds');
    sample.bank.bank.outages = 1;
    const { statusCode, body } = await ask(order);
    expect([statusCode, body]).to.deep.equal([402, first.body]);
    expect(sample.bank.bank.outages, 'requests that the bank did not get').to.equal(1);
  });

  it('answers 404 where there is nothing', async () => {
    const answer = await sample.application.api.handle(httpEvent('/elsewhere', {}), context());
    expectProblem(answer, 404, 'not-found');
  });

  it('answers 409 to a duplicate that the first one is too slow for, and says when to try again', async () => {
    const order = { transactionId: newId(), accountId: 'secret', cents: 2_500 };
    const reached = defer();
    const released = defer<{ status: number }>();
    sample.bank.interception = () => {
      reached.resolve();
      return released.promise;
    };
    const first = ask(order);
    await reached.promise;
    const second = await sample.start().api.handle(httpEvent(holds, order), context(600));
    released.resolve({ status: 503 });
    await first;
    expectProblem(second, 409, 'in-progress');
    expect(second.headers).to.include({ 'retry-after': '1' });
  });

  it('answers 422 to another amount under the same id', async () => {
    const order = { transactionId: newId(), accountId: '4711', cents: 2_500 };
    await ask(order);
    expectProblem(await ask({ ...order, cents: 2_501 }), 422, 'key-reused');
    expectProblem(await ask({ ...order, accountId: 'secret' }), 422, 'key-reused');
  });

  it('answers 503 where the bank is away, and runs again at the next try', async () => {
    const order = { transactionId: newId(), accountId: '4711', cents: 2_500 };
    sample.bank.bank.outages = 1;
    const answer = await ask(order);
    expectProblem(answer, 503, 'bank-unavailable');
    expect(answer.headers).to.include({ 'retry-after': '1' });
    expect((await ask(order)).statusCode).to.equal(201);
  });

  it('answers 503 where the bank cannot be reached, and keeps the reason in the log', async () => {
    const logged = sinon.stub(console, 'error');
    const { url } = sample.bank;
    await sample.bank.stop();
    sample.restart({ bankUrl: url });
    const answer = await ask({ transactionId: newId(), accountId: '4711', cents: 2_500 });
    await sample.startBank();
    expectProblem(answer, 503, 'bank-unavailable');
    expect(logged.callCount).to.equal(1);
    expect(logged.firstCall.args[0].cause).to.be.an('error');
  });

  it('answers 503 where the records are out of reach', async () => {
    const client = new DynamoDBClient({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'secret', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
    sample.restart({ client });
    const answer = await ask({ transactionId: newId(), accountId: '4711', cents: 2_500 });
    client.destroy();
    expectProblem(answer, 503, 'store-unavailable');
    expect(answer.headers).to.include({ 'retry-after': '1' });
    expect(sample.bank.bank.ledger).to.be.empty;
  });

  it('answers 503 where a table is missing, and tells its name by a warning', async () => {
    const warnings = catchWarnings();
    const idempotency = 'retrysafe-spec-missing';
    const missing = { ...sample.tables, idempotency };
    sample.restart({ tables: missing });
    expectProblem(
      await ask({ transactionId: newId(), accountId: 'secret', cents: 2_500 }),
      503,
      'store-unavailable',
    );
    warnings.restore();
    expect(warnings.texts('RETRYSAFE_MISCONFIGURED').join()).to.include(idempotency);
  });

  it('returns 500 for an unexpected error, and keeps the reason in the log', async () => {
    const logged = sinon.stub(console, 'error');
    sample.bank.interception = async () => ({ status: 418 });
    const answer = await ask({ transactionId: newId(), accountId: 'secret', cents: 2_500 });
    expectProblem(answer, 500, 'internal-error');
    expect(String(logged.firstCall.args[0])).to.include('status 418');
  });
});
