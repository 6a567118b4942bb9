import 'retrysafe/jmespath';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { carriers, type LambdaEvent as Event, lambdaEvent as event } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };

const keyOfText = (text: string) => keyReader({ key: (one) => one as string })(text);

describe('an event that carries JSON as text', () => {
  for (const [source, { path }] of Object.entries(carriers)) {
    it(`is decoded for a string expression: ${source}`, async () => {
      const key = await keyReader({ key: `${path}.transactionId` })(event(source));
      expect(key).to.equal(await keyOfText('tx-1'));
    });

    it(`reaches the method as the very object it was called with, unchanged: ${source}`, async () => {
      const seen: unknown[] = [];
      const handle = makeIdempotent(
        async (one: Event) => {
          seen.push(one);
        },
        { name: 'Holds.handle', key: `${path}.transactionId`, store: new InMemoryStore() },
      );
      const given = event(source);
      await handle(given);
      expect(seen[0]).to.equal(given);
      expect(given).to.deep.equal(event(source));
    });

    it(`has a key of its own for each integer, those past 2^53 included: ${source}`, async () => {
      const reader = keyReader({ key: `${path}.id` });
      const ids = [
        '9007199254740992',
        '9007199254740993',
        '-9007199254740993',
        '123456789012345678901',
        '123456789012345678902',
      ];
      const keys = await Promise.all(ids.map((id) => reader(event(source, `{"id": ${id}}`))));
      expect(new Set(keys)).to.have.property('size', ids.length);
      expect(await reader(event(source, '{ "other": 1, "id": 9007199254740993 }'))).to.equal(keys[1]);
      expect(await reader(event(source, '{"id": "9007199254740993"}'))).not.to.equal(keys[1]);
    });

    it(`keeps text that is not JSON as text: ${source}`, async () => {
      const reader = keyReader({ key: path });
      expect(await reader(event(source, 'Hold 1'))).to.equal(await keyOfText('Hold 1'));
      expect(await reader(event(source, '{"id": 1'))).to.equal(await keyOfText('{"id": 1'));
      expect(await reader(event(source, '12345678901234567890, not JSON'))).to.equal(
        await keyOfText('12345678901234567890, not JSON'),
      );
    });

    it(`is refused as a whole, since it differs with every delivery: ${source}`, async () => {
      for (const key of [undefined, '@', '[@]', '{whole: @}', (one: Event) => one, (one: Event) => [[one]]]) {
        const reader = keyReader(key === undefined ? {} : { key });
        expect(await rejection(reader(event(source), context))).to.be.instanceOf(ConfigurationError);
        expect(await rejection(reader(event(source)))).to.be.instanceOf(KeyError);
      }
    });
  }

  it('is refused as a list that AppSync resolves at once, of which parts may be keys', async () => {
    const list = [event('appsync'), event('appsync')];
    expect(await rejection(keyReader()(list, context))).to.be.instanceOf(ConfigurationError);
    expect(await keyReader({ key: '[0].arguments.transactionId' })(list)).to.equal(await keyOfText('tx-1'));
  });

  it('is decoded in every record', async () => {
    const two = event('sqs');
    two.Records.push({ ...two.Records[0], body: '{"transactionId":"tx-2"}' });
    const key = await keyReader({ key: 'Records[].body.transactionId' })(two);
    expect(key).to.equal(await keyReader({ key: () => ['tx-1', 'tx-2'] })());
  });

  it('is decoded no further than a key reads', async () => {
    for (const source of ['kinesis', 'firehose', 'active-mq']) {
      const whole = event(source);
      const list = whole.Records ?? whole.records ?? whole.messages;
      const broken = structuredClone(list[0]);
      Object.assign(broken.kinesis ?? broken, { data: 'no base64!' });
      list.push(...Array.from({ length: 9_999 }, () => broken));
      const { path } = carriers[source] as { path: string };
      const key = `[${path}.transactionId, ${path}.amount]`;
      expect(await keyReader({ key })(whole), source).to.equal(
        await keyReader({ key: () => ['tx-1', 100] })(),
      );
      expect(await rejection(keyReader({ key: path.replace('0', '1') })(whole))).to.be.instanceOf(KeyError);
    }
  });

  it('is refused as a key record by record, too', async () => {
    for (const source of ['sqs', 'sns', 'sqs-from-sns']) {
      const [record] = event(source).Records;
      for (const key of [undefined, '@', (one: Event) => one] as const) {
        const reader = keyReader(key === undefined ? {} : { key });
        expect(await rejection(reader(record, context)), source).to.be.instanceOf(ConfigurationError);
      }
      for (const key of ['Records[0]', 'Records', 'Records[*]', '[Records]']) {
        const error = await rejection(keyReader({ key })(event(source), context));
        expect(error, `${key} of ${source}`).to.be.instanceOf(ConfigurationError);
      }
    }
  });

  it('is decoded where the method takes a single record', async () => {
    const expected = await keyOfText('tx-1');
    expect(await keyReader({ key: 'body.transactionId' })(event('sqs').Records[0])).to.equal(expected);
    expect(await keyReader({ key: 'Sns.Message.transactionId' })(event('sns').Records[0])).to.equal(expected);
    expect(await keyReader({ key: 'body.Message.transactionId' })(event('sqs-from-sns').Records[0])).to.equal(
      expected,
    );
  });

  it('has no number that equals a text', async () => {
    const reader = keyReader({ key: 'body.id' });
    const number = await reader(event('alb', '{"id":9007199254740993}'));
    const text = JSON.stringify({ id: '\u0000retrysafe:integer:9007199254740993' });
    expect(await reader(event('alb', text))).not.to.equal(number);
    expect(await reader(event('alb', '{"id":"\\"9007199254740993\\""}'))).not.to.equal(number);
  });

  it('has integers past 2^53 that to_string() can write', async () => {
    const reader = keyReader({ key: "join('-', [body.user, to_string(body.id)])" });
    expect(await reader(event('alb', '{"user":"u","id":9007199254740993}'))).to.equal(
      await keyOfText('u-9007199254740993'),
    );
  });

  it('keeps the digits in its texts and names', async () => {
    const body = { 'order 12345678901234567890': 'card 98765432109876543210' };
    expect(await keyReader({ key: 'body' })(event('alb', JSON.stringify(body)))).to.equal(
      await keyReader({ key: () => body })(),
    );
  });

  it('reaches a key function unchanged', async () => {
    const key = await keyReader({ key: (one: Event) => JSON.parse(one.body).transactionId })(event('alb'));
    expect(key).to.equal(await keyOfText('tx-1'));
  });

  it('is left alone where it is only similar to one', async () => {
    const expected = await keyOfText('{"id":1}');
    expect(await keyReader({ key: 'body' })({ body: '{"id":1}' })).to.equal(expected);
    expect(await keyReader({ key: 'Records[0].body' })({ Records: [{ body: '{"id":1}' }] })).to.equal(
      expected,
    );
  });
});

describe('expressions written for AWS Powertools', () => {
  for (const prefix of ['powertools_', '']) {
    it(`decode text by ${prefix}json`, async () => {
      const reader = keyReader({ key: `${prefix}json(body).transactionId` });
      expect(await reader(event('api-gateway-rest'))).to.equal(await keyOfText('tx-1'));
      expect(await keyReader({ key: `${prefix}json(body).[transactionId, amount]` })(event('alb'))).to.equal(
        await keyReader({ key: () => ['tx-1', 100] })(),
      );
    });

    it(`decode each record by ${prefix}json`, async () => {
      const reader = keyReader({ key: `Records[*].${prefix}json(body).transactionId` });
      expect(await reader(event('sqs'))).to.equal(await keyReader({ key: () => ['tx-1'] })());
    });

    it(`take what a text contains for a value, even where it is empty: ${prefix}json`, async () => {
      const text = '{"id":1,"memo":null,"order":{"name":"","tags":[]}}';
      for (const part of ['', '.order']) {
        const reader = keyReader({ key: `${prefix}json(body)${part}` });
        expect(await reader(event('alb', text))).to.equal(
          await keyReader({ key: `body${part}` })(event('alb', text)),
        );
      }
      for (const key of [
        `[${prefix}json(body).memo]`,
        `{memo: ${prefix}json(body).memo}`,
        `${prefix}json(body).memo`,
      ])
        expect(await rejection(keyReader({ key })(event('alb', text))), key).to.be.instanceOf(KeyError);
    });

    it(`tell integers past 2^53 apart by ${prefix}json`, async () => {
      const reader = keyReader({ key: `${prefix}json(body).id` });
      expect(await reader(event('alb', '{"id":9007199254740993}'))).not.to.equal(
        await reader(event('alb', '{"id":9007199254740992}')),
      );
    });

    it(`decode bytes by ${prefix}base64`, async () => {
      const reader = keyReader({ key: `${prefix}json(${prefix}base64(body)).transactionId` });
      expect(await reader(event('function-url'))).to.equal(await keyOfText('tx-1'));
      expect(await keyReader({ key: `${prefix}base64(data)` })({ data: 'SG9sZCAx' })).to.equal(
        await keyOfText('Hold 1'),
      );
    });

    it(`decode zipped bytes by ${prefix}base64_gzip`, async () => {
      const data = gzipSync('{"transactionId":"tx-1"}').toString('base64');
      const key = `${prefix}json(${prefix}base64_gzip(awslogs.data)).transactionId`;
      expect(await keyReader({ key })({ awslogs: { data } })).to.equal(await keyOfText('tx-1'));
    });

    it(`refuse what ${prefix}json cannot read, without showing it`, async () => {
      const error = await rejection(
        keyReader({ key: `${prefix}json(body).id` })(event('alb', 'secret-4111')),
      );
      expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_KEY');
      expect((error as Error).message).not.to.include('secret-4111');
    });
  }

  it('may use functions in a let-expression', async () => {
    const key =
      "let $body = powertools_json(body) in join('-', [$body.transactionId, to_string($body.amount)])";
    expect(await keyReader({ key })(event('alb'))).to.equal(await keyOfText('tx-1-100'));
    const decoded = "let $id = body.transactionId in {id: $id, key: header('idempotency-key')}";
    expect(await keyReader({ key: decoded })(event('alb'))).to.equal(
      await keyReader({ key: () => ({ id: 'tx-1', key: 'idem-1' }) })(),
    );
  });
});

describe('a header as a key', () => {
  for (const source of ['api-gateway-rest', 'api-gateway-http', 'alb', 'function-url']) {
    it(`is found whatever its case: ${source}`, async () => {
      for (const name of ['idempotency-key', 'Idempotency-Key', 'IDEMPOTENCY-KEY']) {
        expect(await keyReader({ key: `header('${name}')` })(event(source))).to.equal(
          await keyOfText('idem-1'),
        );
      }
    });
  }

  it('is all of its values where it was sent more than once', async () => {
    const one = event('alb');
    one.multiValueHeaders['Idempotency-Key'] = ['a', 'b'];
    expect(await keyReader({ key: "header('idempotency-key')" })(one)).to.equal(
      await keyReader({ key: () => ['a', 'b'] })(),
    );
  });

  it('is refused where it was not sent', async () => {
    for (const source of Object.keys(carriers)) {
      const error = await rejection(keyReader({ key: "header('x-request-id')" })(event(source)));
      expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_KEY');
    }
  });

  it('can be combined with a part of the decoded body', async () => {
    const reader = keyReader({ key: "[header('idempotency-key'), body.transactionId]" });
    expect(await reader(event('api-gateway-http'))).to.equal(
      await keyReader({ key: () => ['idem-1', 'tx-1'] })(),
    );
  });
});
