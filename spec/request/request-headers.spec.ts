import 'retrysafe/jmespath';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect } from 'chai';
import { KeyError } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

/** By a plain path, and by JMESPath. */
const readers = {
  'a plain path': keyReader({ key: "header('Idempotency-Key')" }),
  'an expression': keyReader({ key: "header('Idempotency-Key') || header('x-none')" }),
};

const keyOfValue = (value: unknown) => keyReader({ key: () => value as string })();

const given = { 'content-type': 'application/json', 'idempotency-key': 'idem-1' };

function incoming(): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.headers['idempotency-key'] = 'idem-1';
  return message;
}

/** A context like Hono's: the headers are at `req.raw`, and its own `get` reads something else. */
class HonoContext {
  readonly req: { raw: Request; header(name: string): string | undefined };

  constructor(request: Request) {
    this.req = { raw: request, header: (name) => request.headers.get(name) ?? undefined };
  }

  get(_variable: string): string {
    return 'a variable of the context';
  }
}

const request = () => new Request('https://example.com/holds', { method: 'POST', headers: given });

const requests: Readonly<Record<string, () => unknown>> = {
  'the Headers of fetch': () => new Headers(given),
  'a Request of fetch': request,
  'a context with a Request': () => ({ request: request(), params: {} }),
  "Hono's request": () => new HonoContext(request()).req,
  "Hono's context": () => new HonoContext(request()),
  'a context with a request of Node.js': () => ({ req: incoming(), res: {} }),
  'a request of Node.js': incoming,
  'a request of Express, Fastify or Koa': () => ({ headers: given, body: {} }),
  'a request of Fastify within a context': () => ({ req: { raw: { headers: given } } }),
  'a Map of headers': () => ({ headers: new Map([['Idempotency-Key', 'idem-1']]) }),
  'a Map alone': () => new Map([['IDEMPOTENCY-KEY', 'idem-1']]),
  'a list of pairs': () => ({ headers: [['Idempotency-Key', 'idem-1']] }),
  'a list of pairs alone': () => [
    ['Accept', '*/*'],
    ['Idempotency-Key', 'idem-1'],
  ],
  'a list of one value': () => ({ headers: { 'Idempotency-Key': ['idem-1'] } }),
  'an event of VPC Lattice 1': () => lambdaEvent('vpc-lattice-v1'),
  'an event of VPC Lattice 2': () => lambdaEvent('vpc-lattice-v2'),
  'an event of AppSync': () => lambdaEvent('appsync'),
  'a record of Kafka': () => lambdaEvent('msk').records['holds-0'][0],
  'a record of Kafka from EventBridge Pipes': () => lambdaEvent('pipes-kafka')[0],
};

describe('header()', () => {
  for (const [what, make] of Object.entries(requests)) {
    for (const [how, reader] of Object.entries(readers)) {
      it(`finds a header in ${what}, by ${how}`, async () => {
        expect(await reader(make())).to.equal(await keyOfValue('idem-1'));
      });
    }

    it(`finds none that is not there in ${what}`, async () => {
      const error = await rejection(keyReader({ key: "header('get')" })(make()));
      expect(error).to.be.instanceOf(KeyError);
    });
  }

  const several: Readonly<Record<string, unknown>> = {
    'two spellings': { headers: { 'Idempotency-Key': 'a', 'idempotency-key': 'b' } },
    'a list': { headers: { 'idempotency-key': ['a', 'b'] } },
    'two pairs': {
      headers: [
        ['Idempotency-Key', 'a'],
        ['idempotency-key', 'b'],
      ],
    },
    'a REST event, which has but the last in `headers`': {
      ...lambdaEvent('api-gateway-rest'),
      headers: { 'Idempotency-Key': 'b' },
      multiValueHeaders: { 'Idempotency-Key': ['a', 'b'] },
    },
  };

  for (const [what, sent] of Object.entries(several)) {
    it(`returns all values of a header that has several different ones: ${what}`, async () => {
      for (const reader of Object.values(readers))
        expect(await reader(sent)).to.equal(await keyOfValue(['a', 'b']));
    });
  }

  it('returns one value of a header that was sent twice with the same value', async () => {
    for (const reader of Object.values(readers)) {
      const sent = { headers: { 'Idempotency-Key': 'idem-1', 'idempotency-key': 'idem-1' } };
      expect(await reader(sent)).to.equal(await keyOfValue('idem-1'));
      expect(await reader({ headers: { 'idempotency-key': ['idem-1', 'idem-1'] } })).to.equal(
        await keyOfValue('idem-1'),
      );
    }
  });

  it('selects nothing where a header is empty, or one of its values is', async () => {
    for (const headers of [
      { 'idempotency-key': '' },
      { 'idempotency-key': ['', 'a'] },
      { 'idempotency-key': null },
      { 'idempotency-key': undefined },
      new Headers({ 'idempotency-key': '' }),
      new Map([['idempotency-key', '']]),
      [['idempotency-key', '']],
      null,
      'idempotency-key: idem-1',
    ]) {
      for (const reader of Object.values(readers))
        expect(await rejection(reader({ headers }))).to.be.instanceOf(KeyError);
    }
  });

  it('does not call a `get` that is not one of headers, such as an HTTP client’s', async () => {
    const asked: unknown[] = [];
    const client = { get: (url: unknown) => asked.push(url), has: () => true };
    expect(await rejection(readers['a plain path'](client))).to.be.instanceOf(KeyError);
    expect(asked).to.deep.equal([]);
  });

  it('reads Kafka’s values as text in an expression, unless they are no bytes', async () => {
    const event = lambdaEvent('msk');
    const [record] = event.records['holds-0'];
    const reader = keyReader({ key: 'records."holds-0"[0].headers[0].id' });
    const key = async (...bytes: readonly number[]) => {
      record.headers = [{ id: bytes }];
      return reader(event);
    };
    expect(await key(0x69, 0x31)).to.equal(await keyOfValue('i1'));
    expect(await key(0xc3 - 256, 0xbc - 256)).to.equal(await keyOfValue('ü'));
    expect(await key(0x169, 0x131)).not.to.equal(await key(0x69, 0x31));
    expect(await key(0x69, 0.5)).not.to.equal(await key(0x69, 0));
  });

  it('finds a value that is no text: a list of bytes differs from its text', async () => {
    const record = lambdaEvent('msk').records['holds-0'][0];
    record.headers = [{ 'idempotency-key': [0xff] }, { other: [0x61] }];
    const key = await readers['a plain path'](record);
    record.headers = [{ 'idempotency-key': [0xfe] }];
    expect(await readers['a plain path'](record)).not.to.equal(key);
  });

  it('is read from the request, at any place of an expression', async () => {
    const request = {
      headers: { 'idempotency-key': 'k-1' },
      body: { id: 'a', headers: { 'idempotency-key': 'other' } },
    };
    const expected = await keyReader({ key: () => ['k-1', 'a'] })(request);
    for (const key of [
      "body.[header('idempotency-key'), id]",
      "body.[header('idempotency-key'), id][0:2]",
      "[header('idempotency-key'), body.id]",
    ])
      expect(await keyReader({ key })(request), key).to.equal(expected);
  });
});
