import { expect } from 'chai';
import { currentExecution, InMemoryStore, StoreError } from 'retrysafe';
import { idempotentEndpoint, resultOutcome } from 'retrysafe/lambda';
import { defer } from '../support/defer.js';
import { invocation } from '../support/invocation.js';
import { type LambdaEvent, lambdaEvent } from '../support/lambda-events.js';
import { rejection } from '../support/rejection.js';

const lists = 'alb';
const singles = 'alb, single values';
const forms = ['api-gateway-rest', 'api-gateway-http', 'function-url', lists, singles];

function eventOf(form: string): LambdaEvent {
  if (form !== singles) return lambdaEvent(form);
  const { multiValueHeaders, ...event } = lambdaEvent('alb');
  const headers = Object.entries(multiValueHeaders as Record<string, string[]>);
  return { ...event, headers: Object.fromEntries(headers.map(([name, values]) => [name, values.at(-1)])) };
}

/** Answers events with what `make` returns. */
function answering(make: (run: number) => unknown, options: object = {}) {
  let runs = 0;
  const handle = idempotentEndpoint(
    async (_event: LambdaEvent, _context: unknown) => {
      runs += 1;
      return make(runs);
    },
    { store: new InMemoryStore(), scope: 'public', ...options },
  );
  return {
    runs: () => runs,
    send: (form: string): Promise<LambdaEvent> => handle(eventOf(form), invocation(30_000)),
  };
}

/** The headers of a result, by the field that the event asked for. */
function headersOf(result: LambdaEvent, form: string): Record<string, unknown> {
  const field = form === lists ? 'multiValueHeaders' : 'headers';
  const all = Object.entries(result[field] as Record<string, string | string[]>);
  return Object.fromEntries(all.map(([name, value]) => [name, form === lists ? value[0] : value]));
}

describe('a result of a Lambda handler', () => {
  for (const form of forms) {
    it(`is replayed in the form of its event, marked: ${form}`, async () => {
      const given = { 'Content-Type': 'text/plain', Location: '/holds/1' };
      const headers =
        form === lists
          ? {
              multiValueHeaders: Object.fromEntries(
                Object.entries(given).map(([name, one]) => [name, [one]]),
              ),
            }
          : { headers: given };
      const { send, runs } = answering(() => ({ statusCode: 201, ...headers, body: 'höld' }));
      const first = await send(form);
      expect(first).to.deep.equal({ statusCode: 201, ...headers, body: 'höld' });
      const second = await send(form);
      expect(headersOf(second, form)).to.deep.equal({ ...given, 'Idempotency-Replayed': 'true' });
      expect(second).to.have.all.keys(
        'statusCode',
        Object.keys(headers)[0] as string,
        'body',
        'isBase64Encoded',
      );
      expect(second).to.include({ statusCode: 201, body: 'höld', isBase64Encoded: false });
      expect(runs()).to.equal(1);
    });

    it(`is recorded as bytes where it is base64, and replayed so: ${form}`, async () => {
      const store = new InMemoryStore();
      const body = Buffer.from([0, 255, 128, 7]).toString('base64');
      const { send } = answering(() => ({ statusCode: 200, body, isBase64Encoded: true }), { store });
      await send(form);
      expect(await send(form)).to.include({ statusCode: 200, body, isBase64Encoded: true });
    });

    it(`of a refused request is a problem in the form of its event: ${form}`, async () => {
      const began = defer();
      const held = defer<unknown>();
      const { send } = answering(() => {
        began.resolve();
        return held.promise;
      });
      const first = send(form);
      await began.promise;
      const refused = await send(form);
      expect(headersOf(refused, form)).to.deep.equal({
        'content-type': 'application/problem+json',
        'retry-after': '1',
      });
      expect(refused).to.include({ statusCode: 409, isBase64Encoded: false });
      expect(JSON.parse(refused.body)).to.include({ status: 409, type: 'urn:retrysafe:problem:in-progress' });
      held.resolve({ statusCode: 204 });
      expect(await first).to.deep.equal({ statusCode: 204 });
      expect(await send(form)).to.include({ statusCode: 204, body: '' });
    });

    it(`is no outcome where its status says so: ${form}`, async () => {
      const { send, runs } = answering((run) => ({ statusCode: run === 1 ? 503 : 200, body: String(run) }));
      expect(await send(form)).to.deep.equal({ statusCode: 503, body: '1' });
      expect(await send(form)).to.deep.equal({ statusCode: 200, body: '2' });
      expect(runs()).to.equal(2);
    });
  }

  it('has no cookie in its record: the first client gets them', async () => {
    for (const [form, cookies] of [
      [
        'api-gateway-rest',
        { headers: { 'set-cookie': 'a=1' }, multiValueHeaders: { 'Set-Cookie': ['b=2', 'c=3'] } },
      ],
      ['api-gateway-http', { cookies: ['a=1', 'b=2'] }],
      ['function-url', { cookies: ['a=1'] }],
      [lists, { multiValueHeaders: { 'Set-Cookie': ['a=1'] } }],
      [singles, { headers: { 'Set-Cookie': 'a=1' } }],
    ] as const) {
      const store = new InMemoryStore();
      const { send } = answering(() => ({ statusCode: 200, ...cookies, body: '' }), { store });
      expect(await send(form)).to.deep.equal({ statusCode: 200, ...cookies, body: '' });
      const replay = await send(form);
      expect(JSON.stringify(replay)).not.to.match(/cookie/i);
      expect(headersOf(replay, form)).to.deep.equal({ 'Idempotency-Replayed': 'true' });
      expect(JSON.stringify(store.records())).not.to.match(/a=1|b=2/);
    }
  });

  it('may have a header several times: in a list, or in one value where the form has no lists', async () => {
    const links = ['<a>; rel=x', '<b>; rel=y'];
    const rest = answering(() => ({
      statusCode: 200,
      headers: { Link: links[1], 'X-A': 1 },
      multiValueHeaders: { Link: links },
      body: '',
    }));
    await rest.send('api-gateway-rest');
    expect(await rest.send('api-gateway-rest')).to.deep.include({
      headers: { 'X-A': '1', 'Idempotency-Replayed': 'true' },
      multiValueHeaders: { Link: links },
    });
    const joined = answering(() => ({ statusCode: 200, headers: { link: links.join(', ') }, body: '' }));
    await joined.send('api-gateway-http');
    expect((await joined.send('api-gateway-http')).headers.link).to.equal(links.join(', '));
  });

  it('larger than `maxBody` reaches the first client, and its duplicate is told', async () => {
    const { send } = answering(() => ({ statusCode: 200, body: '12345678901' }), { maxBody: 10 });
    expect(await send('api-gateway-http')).to.deep.equal({ statusCode: 200, body: '12345678901' });
    expect((await send('api-gateway-http')).statusCode).to.equal(410);
  });

  it('is heard of when its record is in the store', async () => {
    const store = new InMemoryStore();
    const reached = defer();
    const written = defer();
    const replace = store.replace.bind(store);
    store.replace = async (...args) => {
      reached.resolve();
      await written.promise;
      return replace(...args);
    };
    const { send } = answering(() => ({ statusCode: 201, body: '' }), { store });
    let isHeard = false;
    const first = send('api-gateway-http').then(() => {
      isHeard = true;
    });
    await reached.promise;
    expect((await send('api-gateway-http')).statusCode).to.equal(409);
    expect(isHeard).to.equal(false);
    written.resolve();
    await first;
    expect((await send('api-gateway-http')).headers).to.include({ 'Idempotency-Replayed': 'true' });
  });
});

describe('a result that is a body alone', () => {
  for (const [form, text] of [
    ['api-gateway-http', 'höld'],
    ['function-url', '"höld"'],
  ] as const)
    for (const [what, value, body] of [
      ['a text', 'höld', text],
      ['an object', { holdId: 'H-1', at: new Date(0) }, '{"holdId":"H-1","at":"1970-01-01T00:00:00.000Z"}'],
      ['a list', [1, 2], '[1,2]'],
      ['a number', 7, '7'],
      ['nothing', undefined, 'null'],
    ] as const)
      it(`is what a 200 of JSON has, at first and replayed: ${what}, ${form}`, async () => {
        const { send, runs } = answering(() => value);
        const headers = { 'content-type': 'application/json' };
        expect(await send(form)).to.deep.equal({ statusCode: 200, headers, body, isBase64Encoded: false });
        const replayed = { ...headers, 'Idempotency-Replayed': 'true' };
        expect(await send(form)).to.deep.equal({
          statusCode: 200,
          headers: replayed,
          body,
          isBase64Encoded: false,
        });
        expect(runs()).to.equal(1);
      });

  it('may stand in `body`, too, where the form allows any', async () => {
    const { send } = answering(() => ({ statusCode: 201, body: { holdId: 'H-1' } }));
    expect(await send('api-gateway-http')).to.deep.equal({ statusCode: 201, body: '{"holdId":"H-1"}' });
    expect(await send('api-gateway-http')).to.include({ statusCode: 201, body: '{"holdId":"H-1"}' });
  });
});

describe('resultOutcome', () => {
  it('is what a guard records of a result, and so what is replayed', async () => {
    const result = {
      statusCode: 201,
      headers: { 'X-A': 1, 'Set-Cookie': 'a=1' },
      multiValueHeaders: { Link: ['<a>', '<b>'] },
      body: Buffer.from([255, 0]).toString('base64'),
      isBase64Encoded: true,
    };
    const store = new InMemoryStore();
    const { send, runs } = answering(
      async () => {
        const { record, token } = await currentExecution().completion(resultOutcome(result));
        await store.replace(record, token);
        return result;
      },
      { store },
    );
    await send('api-gateway-rest');
    expect(await send('api-gateway-rest')).to.deep.equal({
      ...result,
      headers: { 'X-A': '1', 'Idempotency-Replayed': 'true' },
    });
    expect(runs()).to.equal(1);
  });

  it('refuses what is no result', () => {
    expect(() => resultOutcome({ ok: true } as never)).to.throw(
      TypeError,
      'expected a result with a `statusCode`',
    );
  });
});

describe('what is no result', () => {
  const wrong: [what: string, value: unknown, form: string, message: RegExp][] = [
    [
      'an object without a status, in format 1.0',
      { ok: true },
      'api-gateway-rest',
      /returned an object.*expected a result with a `statusCode`/,
    ],
    ['a text, behind a load balancer', 'ok', lists, /returned a text.*expected a result with a `statusCode`/],
    ['nothing, in format 1.0', undefined, 'api-gateway-rest', /returned undefined/],
    ['a status that is none', { statusCode: 'fine' }, 'api-gateway-rest', /`statusCode` is no HTTP status/],
    [
      'a body that is an object, in format 1.0',
      { statusCode: 200, body: {} },
      'api-gateway-rest',
      /whose body is an object/,
    ],
    [
      'a fetch Response',
      new Response('ok'),
      'api-gateway-http',
      /returned a stream, which cannot be recorded/,
    ],
    [
      'a body that is a stream',
      { statusCode: 200, body: new ReadableStream() },
      'function-url',
      /returned a stream/,
    ],
  ];
  for (const [what, value, form, message] of wrong)
    it(`is an error, as it is to Lambda, and frees the key: ${what}`, async () => {
      const { send, runs } = answering((run) => (run === 1 ? value : { statusCode: 200, body: '' }));
      const error = (await rejection(send(form))) as Error;
      expect(error).to.be.an.instanceOf(TypeError);
      expect(error.message).to.match(message);
      expect((await send(form)).statusCode).to.equal(200);
      expect(runs()).to.equal(2);
    });
});

describe('an error of a Lambda handler', () => {
  it('is thrown on, and is no outcome', async () => {
    const failure = new Error('the bank is closed');
    const { send } = answering((run) => {
      if (run === 1) throw failure;
      return { statusCode: 200, body: '' };
    });
    expect(await rejection(send('api-gateway-http'))).to.equal(failure);
    expect((await send('api-gateway-http')).statusCode).to.equal(200);
  });

  it('of the library is thrown, too, by option', async () => {
    const store = new InMemoryStore();
    store.claim = () => Promise.reject(new StoreError('down'));
    const asked = answering(() => expect.fail('it ran'), { store, errors: 'framework' });
    expect(await rejection(asked.send('api-gateway-http'))).to.be.an.instanceOf(StoreError);
    const answered = await answering(() => expect.fail('it ran'), { store }).send('api-gateway-http');
    expect(answered.statusCode).to.equal(503);
    expect(answered.headers).to.include({ 'retry-after': '1' });
  });
});
