import { readdirSync } from 'node:fs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { expect } from 'chai';
import { ConfigurationError, InMemoryStore } from 'retrysafe';
import { idempotentEndpoint } from 'retrysafe/lambda';
import { invocation } from '../support/invocation.js';
import { type LambdaEvent, lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

/** The events of HTTP requests among the fixtures. */
const http = ['api-gateway-rest', 'api-gateway-http', 'function-url', 'alb', 'form'];

/** A handler that counts its runs, and its answers to events. */
function counting(options: object = {}) {
  let runs = 0;
  const handle = idempotentEndpoint(
    async (_event: LambdaEvent, _context: unknown) => {
      runs += 1;
      return { statusCode: 201, body: String(runs) };
    },
    { store: new InMemoryStore(), scope: 'public', ...options },
  );
  return (event: LambdaEvent) => handle(event, invocation(30_000));
}

/** A change of an event. */
function changed(file: string, change: (event: LambdaEvent) => void): LambdaEvent {
  const event = lambdaEvent(file);
  change(event);
  return event;
}

describe('an event that is an HTTP request', () => {
  for (const file of http)
    it(`of ${file} runs once, and is the same however often it is delivered`, async () => {
      const send = counting();
      expect(await send(lambdaEvent(file))).to.include({ statusCode: 201, body: '1' });
      const again = changed(file, (event) => {
        event.requestContext.requestId = 'another';
        event.requestContext.timeEpoch = 1;
      });
      expect(await send(again)).to.include({ statusCode: 201, body: '1' });
    });

  const others: Record<string, [file: string, change: (event: LambdaEvent) => void]> = {
    'another path of a pattern': [
      'api-gateway-rest',
      (event) => {
        event.path = '/holds/2';
      },
    ],
    'another query of a REST API': [
      'api-gateway-rest',
      (event) => {
        event.multiValueQueryStringParameters = { dry: ['1', '2'] };
      },
    ],
    'another query of an HTTP API': [
      'api-gateway-http',
      (event) => {
        event.rawQueryString = 'dry=1';
      },
    ],
    'another query of a load balancer': [
      'alb',
      (event) => {
        event.queryStringParameters = { dry: '1' };
      },
    ],
    'another body': [
      'api-gateway-http',
      (event) => {
        event.body = '{}';
      },
    ],
    'no body': [
      'alb',
      (event) => {
        event.body = '';
      },
    ],
    'another body in base64': [
      'function-url',
      (event) => {
        event.body = Buffer.from('{}').toString('base64');
      },
    ],
    'another content type': [
      'api-gateway-rest',
      (event) => {
        event.multiValueHeaders['Content-Type'] = ['text/plain'];
      },
    ],
  };
  for (const [what, [file, change]] of Object.entries(others))
    it(`is another one with ${what}`, async () => {
      const send = counting();
      await send(lambdaEvent(file));
      const refused = await send(changed(file, change));
      expect(refused.statusCode).to.equal(422);
      expect(JSON.parse(refused.body)).to.include({ type: 'urn:retrysafe:problem:key-reused' });
    });

  it('is the same whether its body is in base64 or not', async () => {
    const send = counting();
    const encoded = changed('api-gateway-http', (event) => {
      event.body = Buffer.from(event.body).toString('base64');
      event.isBase64Encoded = true;
    });
    await send(lambdaEvent('api-gateway-http'));
    expect(await send(encoded)).to.include({ statusCode: 201, body: '1' });
  });

  it('is the same whether a middleware has read its body or not', async () => {
    const send = counting();
    await send(lambdaEvent('api-gateway-http', '{"b":1,"a":[true]}'));
    const read = changed('api-gateway-http', (event) => {
      event.body = { a: [true], b: 1 };
    });
    expect(await send(read)).to.include({ statusCode: 201, body: '1' });
  });

  it('is the same in whatever order its parameters come', async () => {
    const send = counting();
    const withQuery = (query: Record<string, string[]>) =>
      changed('api-gateway-rest', (event) => {
        event.multiValueQueryStringParameters = query;
      });
    await send(withQuery({ a: ['1', '2'], b: ['3'] }));
    expect(await send(withQuery({ b: ['3'], a: ['1', '2'] }))).to.include({ statusCode: 201, body: '1' });
    expect((await send(withQuery({ a: ['2', '1'], b: ['3'] }))).statusCode).to.equal(422);
  });

  it('has one query for one request: API Gateway decodes parameters, and a load balancer does not', async () => {
    for (const [file, field, one, other] of [
      ['api-gateway-rest', 'multiValueQueryStringParameters', { a: ['1&b=2'] }, { a: ['1'], b: ['2'] }],
      ['api-gateway-rest', 'multiValueQueryStringParameters', { a: ['%31'] }, { a: ['1'] }],
      ['alb', 'queryStringParameters', { a: '1%26b=2' }, { a: '1', b: '2' }],
    ] as const) {
      const seen: string[] = [];
      const send = counting({
        fingerprint: ({ query }: { query: string }) => {
          seen.push(query);
          return query;
        },
      });
      await send(changed(file, (event) => Object.assign(event, { [field]: one })));
      expect(
        (await send(changed(file, (event) => Object.assign(event, { [field]: other })))).statusCode,
      ).to.equal(422);
      expect(new Set(seen).size).to.equal(2);
    }
    let seen = '';
    const send = counting({ fingerprint: ({ query }: { query: string }) => (seen = query) });
    await send(changed('alb', (event) => Object.assign(event, { queryStringParameters: { a: '1%2C2' } })));
    expect(seen, 'as it was sent').to.equal('a=1%2C2');
  });

  it('needs one line of the key', async () => {
    const send = counting();
    const twice = changed('api-gateway-rest', (event) => {
      event.multiValueHeaders['Idempotency-Key'] = ['a', 'b'];
    });
    const refused = await send(twice);
    expect(JSON.parse(refused.body)).to.include({ status: 400, type: 'urn:retrysafe:problem:key-repeated' });
  });

  it('has its key also where a test gives it the single headers alone', async () => {
    const send = counting();
    const event = () => changed('api-gateway-rest', (one) => delete one.multiValueHeaders);
    await send(event());
    expect(await send(event())).to.include({ statusCode: 201, body: '1' });
  });

  it('is refused beyond `maxRequest`, by its bytes and not by its base64', async () => {
    const send = counting({ maxRequest: 6 });
    const body = (bytes: number) =>
      changed('function-url', (event) => {
        event.body = Buffer.alloc(bytes, 'x').toString('base64');
      });
    expect((await send(body(7))).statusCode).to.equal(413);
    expect((await send(body(6))).statusCode).to.equal(201);
  });
});

describe('the route of an event', () => {
  const operations = async (events: readonly LambdaEvent[]) => {
    const store = new InMemoryStore();
    const send = counting({ store });
    for (const event of events) expect((await send(event)).statusCode).to.equal(201);
    return store.records().map(({ key }) => key.split('#')[0]);
  };

  it('is the pattern that API Gateway matched, and belongs to the key', async () => {
    const rest = changed('api-gateway-rest', (event) => {
      event.resource = '/accounts/{id}';
    });
    const http = changed('api-gateway-http', (event) => {
      event.routeKey = 'ANY /accounts/{id}/holds';
    });
    expect(await operations([rest, http])).to.deep.equal([
      'http POST /accounts/{id}',
      'http POST /accounts/{id}/holds',
    ]);
  });

  it('is the path where there is no pattern: each has keys of its own', async () => {
    const at = (file: string, path: string) =>
      changed(file, (event) => {
        Object.assign(event, 'rawPath' in event ? { rawPath: path } : { path });
        if ('resource' in event) event.resource = '/{proxy+}';
      });
    for (const file of ['function-url', 'alb', 'api-gateway-rest'])
      expect(await operations([at(file, '/a'), at(file, '/b')])).to.deep.equal(['http', 'http']);
  });
});

describe('an event that is no HTTP request', () => {
  const files = readdirSync(new URL('../../../spec/request/events', import.meta.url))
    .map((name) => name.replace('.json', ''))
    .filter((name) => !http.includes(name));

  for (const file of files)
    it(`is refused: ${file}`, async () => {
      const error = (await rejection(counting()(lambdaEvent(file)))) as Error;
      expect(error).to.be.an.instanceOf(ConfigurationError);
      expect(error.message).to.match(
        /^idempotentEndpoint: .*expected the event of an API Gateway REST or HTTP API, a function URL or a load balancer.*@Idempotent/,
      );
    });

  for (const [what, event] of [
    ['undefined', undefined],
    ['a text', 'POST /holds'],
    ['an empty object', {}],
    ['a REST event without its context', { httpMethod: 'POST', path: '/', resource: '/' }],
  ] as const)
    it(`is refused: ${what}`, async () => {
      const error = (await rejection(counting()(event))) as Error;
      expect(error).to.be.an.instanceOf(ConfigurationError);
      expect(error.message).not.to.include('holds');
    });
});

describe('an event with a method that changes nothing', () => {
  it('reaches the handler without a key', async () => {
    let seen: APIGatewayProxyEvent | undefined;
    const handle = idempotentEndpoint(
      async (event: APIGatewayProxyEvent) => {
        seen = event;
        return { statusCode: 200, body: '' };
      },
      { scope: 'public', store: new InMemoryStore() },
    );
    const event = changed('api-gateway-rest', (one) =>
      Object.assign(one, { httpMethod: 'GET', headers: {}, multiValueHeaders: {} }),
    );
    expect(await handle(event)).to.deep.equal({ statusCode: 200, body: '' });
    expect(seen).to.equal(event);
  });
});
