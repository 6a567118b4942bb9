import 'retrysafe/jmespath';
import { expect } from 'chai';
import { InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { carriers, type LambdaEvent, lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };

/** What a sender may write to imitate a service of AWS. */
const imitations: Readonly<Record<string, object>> = {
  'a source that does not exist': { Records: [{ eventSource: 'aws:x' }] },
  'a source without its fields': { Records: [{ eventSource: 'aws:s3' }, { eventSource: 'aws:dynamodb' }] },
  'a queue without a message': { Records: [{ eventSource: 'aws:sqs' }] },
  'one record among others': { Records: [{ eventSource: 'aws:sqs', body: 'x' }, { id: 1 }] },
  'a source of another letter case': { Records: [{ EventSource: 'aws:sqs', body: 'x' }] },
  'a broker without messages': { eventSource: 'aws:amq', messages: 'none' },
  'a broker of a business': { eventSource: 'SelfManagedKafka', records: 7 },
  'messages of a business': { messages: [{ messageID: 'm-1', messageType: 'text', data: 'aGk=' }] },
  'a topic of a business': { topic: 'weather', partition: '0', value: 'aGk=' },
  'a body of a business': { body: '{"id":1}', isBase64Encoded: false },
  'a path of a business': { httpMethod: 'GET', path: '/', requestContext: 'none', body: '{"id":1}' },
  'a detail of a business': { source: 'web', detail: { id: 1 } },
  'arguments of a business': { arguments: { id: 1 }, info: 'none' },
};

const whole: Readonly<Record<string, () => LambdaEvent>> = Object.fromEntries(
  [...Object.keys(carriers), 's3', 'dynamodb-stream', 'ses', 'eventbridge', 'appsync', 'cloudwatch-logs'].map(
    (file) => [file, () => lambdaEvent(file)],
  ),
);

async function runs(key: string | undefined, ...args: readonly unknown[]): Promise<number> {
  let count = 0;
  const accept = makeIdempotent(
    async (..._args: readonly unknown[]) => {
      count += 1;
    },
    { name: 'Payments.accept', store: new InMemoryStore(), ...(key !== undefined && { key }) },
  );
  await accept(...args);
  await accept(...structuredClone(args.slice(0, 1)), ...args.slice(1));
  return count;
}

describe('a request that is only similar to an event', () => {
  for (const [what, imitation] of Object.entries(imitations)) {
    it(`is a request like any other: ${what}`, async () => {
      expect(await runs(undefined, imitation)).to.equal(1);
      expect(await runs('body', { body: imitation })).to.equal(1);
      expect(await runs('@', imitation, context)).to.equal(1);
      expect(
        await runs('body', lambdaEvent('api-gateway-rest', JSON.stringify(imitation)), context),
      ).to.equal(1);
    });

    it(`has nothing in it decoded: ${what}`, async () => {
      expect(await keyReader({ key: '[@]' })(imitation)).to.equal(
        await keyReader({ key: (one: object) => [one] })(imitation),
      );
    });
  }
});

describe('a request that has the exact shape of an event', () => {
  for (const [source, make] of Object.entries(whole)) {
    const carried = (file: string) => lambdaEvent(file, JSON.stringify(make()));

    it(`is its sender's data, where a body or a message contains it: ${source}`, async () => {
      expect(await runs('body', carried('api-gateway-rest'), context)).to.equal(1);
      expect(await runs('body', carried('function-url'), context)).to.equal(1);
      expect(await runs('Records[0].body', carried('sqs'), context)).to.equal(1);
      expect(await runs('Records[*].body', carried('sqs'), context)).to.equal(1);
      expect(await runs('{held: Records[0].Sns.Message}', carried('sns'), context)).to.equal(1);
      expect(await runs('messages[].data', carried('active-mq'), context)).to.equal(1);
      for (const fingerprint of ['powertools_json(body)', (event: LambdaEvent) => JSON.parse(event.body)])
        await keyReader({ key: () => 1, fingerprint })(carried('alb'), context);
    });

    it(`is its publisher's data, where an event contains it unchanged: ${source}`, async () => {
      const bridged = { ...lambdaEvent('eventbridge'), detail: { held: make() } };
      expect(await runs('detail.held', bridged, context)).to.equal(1);
      const resolved = { ...lambdaEvent('appsync'), arguments: { input: make(), list: [make()] } };
      expect(await runs('arguments.input', resolved, context)).to.equal(1);
      expect(await runs('arguments.list', resolved, context)).to.equal(1);
    });

    it(`is refused as a fault of the request, where it is the argument: ${source}`, async () => {
      for (const args of [[make()], [make(), 'another argument'], [{ body: make() }, context]]) {
        const key = args.length === 2 && args[1] === context ? 'body' : undefined;
        const error = await rejection(runs(key, ...args));
        expect(error).to.be.instanceOf(KeyError).and.to.have.property('statusCode', 400);
        expect((error as Error).message).to.include('is a whole Lambda event');
      }
    });
  }
});

describe('an SQS message', () => {
  it('with a `Message` of its own is no notification of SNS', async () => {
    const own = [
      { Message: '{"id":1}' },
      { Type: 'Notification', Message: '{"id":1}' },
      { TopicArn: 'arn:aws:sns:us-east-2:123456789012:holds', Message: '{"id":1}' },
      { Type: 'UnsubscribeConfirmation', TopicArn: 'arn', Message: '{"id":1}' },
    ];
    for (const body of own) {
      const event = lambdaEvent('sqs', JSON.stringify(body));
      expect(await keyReader({ key: 'Records[0].body.Message' })(event)).to.equal(
        await keyReader({ key: () => '{"id":1}' })(),
      );
      const error = await rejection(keyReader({ key: 'Records[0].body.Message.id' })(event));
      expect(error).to.be.instanceOf(KeyError);
    }
  });
});

describe('an ordinary list as the argument', () => {
  it('is no list of EventBridge Pipes, unless each of its members is a record', async () => {
    const [record] = lambdaEvent('pipes-sqs');
    const text = await keyReader({ key: () => record.body })();
    expect(await keyReader({ key: '[0].body' })([record, { body: 'another' }])).to.equal(text);
    expect(await keyReader({ key: '[1].body' })([{ id: 1 }, record])).to.equal(text);
    expect(await runs('[0].body.id', [{ body: { id: 1 } }])).to.equal(1);
    expect(await runs(undefined, [1, 2, 3])).to.equal(1);
    expect(await runs(undefined, [])).to.equal(1);
  });

  it('is not read past its elements where it has holes', async () => {
    const [record] = lambdaEvent('pipes-sqs');
    const holes = Object.assign(new Array(4_294_967_295), { 0: record });
    expect(await keyReader({ key: '[0].messageId' })(holes)).to.equal(
      await keyReader({ key: () => record.messageId })(),
    );
  });
});
