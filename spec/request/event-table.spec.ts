import 'retrysafe/jmespath';
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ConfigurationError, KeyError } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { carriers, type LambdaEvent as Event, lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

/** The file with such an event, and what may differ in another delivery of it. */
type Row = readonly [file: string, redeliver: (event: Event) => void];

const newRequest = ({ requestContext, headers }: Event) => {
  Object.assign(requestContext ?? {}, { requestId: 'another', timeEpoch: '2' });
  Object.assign(headers ?? {}, { 'x-amzn-trace-id': 'Root=2' });
};
const receivedAgain = (record: Event) => {
  record.receiptHandle = 'another';
  record.attributes.ApproximateReceiveCount = '2';
};
const redelivered = (message: Event) => {
  message.redelivered = true;
};
const sentAgain = (event: Event) => {
  Object.assign(event, { id: 'another', 'replay-name': 'again' });
};

const rows: Readonly<Record<string, Row>> = {
  'API Gateway, REST': ['api-gateway-rest', newRequest],
  'API Gateway, HTTP': ['api-gateway-http', newRequest],
  'API Gateway, WebSocket': ['websocket', newRequest],
  'API Gateway, a form': ['form', newRequest],
  'Application Load Balancer': ['alb', newRequest],
  'Lambda function URL': ['function-url', newRequest],
  'VPC Lattice, version 1': ['vpc-lattice-v1', newRequest],
  'VPC Lattice, version 2': ['vpc-lattice-v2', newRequest],
  SQS: ['sqs', ({ Records: [record] }) => receivedAgain(record)],
  'SQS, from SNS': ['sqs-from-sns', ({ Records: [record] }) => receivedAgain(record)],
  SNS: [
    'sns',
    ({ Records: [{ Sns }] }) => {
      Object.assign(Sns, { Timestamp: 'later', Signature: 'another' });
    },
  ],
  Kinesis: [
    'kinesis',
    ({ Records: [record] }) => {
      record.kinesis.approximateArrivalTimestamp += 1;
    },
  ],
  'Amazon MSK': [
    'msk',
    (event) => {
      event.bootstrapServers = 'b-2';
    },
  ],
  'Kafka, self-managed': [
    'kafka-self-managed',
    (event) => {
      event.bootstrapServers = 'b-2';
    },
  ],
  'Amazon MQ, ActiveMQ': ['active-mq', ({ messages: [message] }) => redelivered(message)],
  'Amazon MQ, RabbitMQ': [
    'rabbit-mq',
    ({
      rmqMessagesByQueue: {
        'holds::/': [message],
      },
    }) => redelivered(message),
  ],
  Firehose: [
    'firehose',
    (event) => {
      event.invocationId = 'another';
    },
  ],
  'CloudWatch Logs': ['cloudwatch-logs', () => {}],
  'DynamoDB streams': ['dynamodb-stream', () => {}],
  DocumentDB: ['documentdb', () => {}],
  EventBridge: ['eventbridge', sentAgain],
  'EventBridge, a schedule': ['scheduled', sentAgain],
  'EventBridge Pipes, SQS': ['pipes-sqs', ([record]) => receivedAgain(record)],
  'EventBridge Pipes, Kinesis': ['pipes-kinesis', () => {}],
  'EventBridge Pipes, Kafka': ['pipes-kafka', () => {}],
  'EventBridge Pipes, ActiveMQ': ['pipes-active-mq', ([record]) => redelivered(record)],
  'EventBridge Pipes, RabbitMQ': ['pipes-rabbit-mq', ([record]) => redelivered(record)],
  'EventBridge Pipes, DynamoDB streams': ['pipes-dynamodb-stream', () => {}],
  'AppSync, a resolver': ['appsync', ({ request }) => newRequest(request)],
  'AppSync Events': ['appsync-events', ({ request }) => newRequest(request)],
  S3: [
    's3',
    ({ Records: [record] }) => {
      record.responseElements['x-amz-request-id'] = 'another';
    },
  ],
  'S3 Batch Operations': [
    's3-batch',
    (event) => {
      event.invocationId = 'another';
    },
  ],
  SES: [
    'ses',
    ({ Records: [record] }) => {
      record.ses.receipt.processingTimeMillis += 1;
    },
  ],
  CodeCommit: ['codecommit', () => {}],
  Cognito: ['cognito', () => {}],
  CodePipeline: [
    'codepipeline',
    (event) => {
      event['CodePipeline.job'].data.artifactCredentials.sessionToken = 'another';
    },
  ],
  'Step Functions': ['step-functions', () => {}],
};

const page = readFileSync(new URL('../../../docs/reference/aws-events.md', import.meta.url), 'utf8');
const documented = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| `([^|]+)` \| (refused|possible) \|$/gm)].map(
  ([, name = '', decoded = '', key = '', whole = '']) => ({ name, decoded, key, whole }),
);
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };

describe('the table of events in docs/reference/aws-events.md', () => {
  it('has each event once, and each event has a file of its own', () => {
    expect(documented.map(({ name }) => name)).to.have.members(Object.keys(rows));
    const files = readdirSync(new URL('../../../spec/request/events/', import.meta.url)).map((name) =>
      name.replace('.json', ''),
    );
    expect(Object.values(rows).map(([file]) => file)).to.have.members(
      files.filter((file) => file !== 'sqs-batch'),
    );
  });

  for (const { name, decoded, key, whole } of documented) {
    const [file, redeliver] = rows[name] as Row;
    const again = () => {
      const event = lambdaEvent(file);
      redeliver(event);
      return event;
    };

    it(`says what is decoded: ${name}`, () => {
      const places: Readonly<Record<string, string>> = { 'cloudwatch-logs': 'awslogs.data', form: 'body' };
      const path = places[file] ?? carriers[file]?.path;
      // Of every record, in every topic or queue.
      const place = path
        ?.replaceAll('[0]', '[]')
        .replace(/\."[^"]+"/, '.*')
        .replace(' | []', '');
      expect(decoded.split(',')[0]).to.equal(place === undefined ? 'nothing' : `\`${place}\``);
    });

    it(`proposes a key that is the same for another delivery: ${name}`, async () => {
      const reader = keyReader({ key });
      expect(await reader(again())).to.equal(await reader(lambdaEvent(file)));
    });

    it(`says whether the whole event may be a key: ${name}`, async () => {
      for (const option of [
        {},
        { key: '@' },
        { key: (event: Event) => event },
        { key: () => 1, scope: '@' },
      ]) {
        const reader = keyReader(option);
        if (whole === 'possible') await reader(lambdaEvent(file), context);
        else {
          expect(await rejection(reader(lambdaEvent(file), context))).to.be.instanceOf(ConfigurationError);
          expect(await rejection(reader(lambdaEvent(file)))).to.be.instanceOf(KeyError);
        }
      }
    });

    // The detail of a schedule is empty, and a queue's message is not read for an error.
    if (whole === 'possible' || ['scheduled', 'sqs-from-sns'].includes(file)) continue;
    it(`has an error that proposes such a key: ${name}`, async () => {
      const { message } = (await rejection(keyReader()(lambdaEvent(file), context))) as Error;
      const proposed = /such as \{ key: '([^']+)' \}/.exec(message)?.[1] ?? '';
      const reader = keyReader({ key: proposed });
      expect(await reader(again())).to.equal(await reader(lambdaEvent(file)));
    });
  }
});
