import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { ConfigurationError, currentExecution, InMemoryStore } from 'retrysafe';
import { idempotent } from 'retrysafe/http';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import type { Sent } from './suite/http-client.js';
import { classes, serving } from './support/serving.js';

type Handler = (request: Request) => Response | Promise<Response>;

for (const whose of classes)
  describe(`a request of a fetch-style handler, with the classes of ${whose}`, () => {
    const server = serving(whose);
    const options = { store: new InMemoryStore(), scope: 'public' } as const;
    let keys = 0;

    beforeEach(() => {
      keys += 1;
    });

    const send = (sent: Sent = {}) =>
      server().client.send({ path: '/', key: `request-${keys}`, body: { amount: 5 }, ...sent });

    const readers: Record<string, (request: Request) => Promise<unknown>> = {
      json: (request) => request.json(),
      text: async (request) => JSON.parse(await request.text()),
      arrayBuffer: async (request) => JSON.parse(Buffer.from(await request.arrayBuffer()).toString()),
      blob: async (request) => JSON.parse(await (await request.blob()).text()),
      clone: (request) => request.clone().json(),
      'a new Request of it': (request) => new Request(request).json(),
      'a new Request with it': (request) => new Request('http://127.0.0.1/', request).json(),
      body: async (request) => {
        let text = '';
        for await (const part of request.body as unknown as AsyncIterable<Uint8Array>)
          text += Buffer.from(part).toString();
        return JSON.parse(text);
      },
    };
    for (const [name, read] of Object.entries(readers))
      for (const chunked of [false, true])
        it(`has its body by ${name}, sent ${chunked ? 'in chunks' : 'with its length'}`, async () => {
          server().handler = idempotent(
            async (request: Request) => Response.json(await read(request)),
            options,
          );
          const headers: Sent['headers'] = {
            'content-type': 'application/json',
            ...(chunked && { 'transfer-encoding': 'chunked' }),
          };
          for (const _ of [1, 2]) expect((await send({ headers })).json).to.deep.equal({ amount: 5 });
        });

    it('is the same object, with what else a framework passes', async () => {
      const seen: unknown[] = [];
      const guarded = idempotent((request: Request, params: { id: number }) => {
        seen.push(request, params);
        return new Response();
      }, options);
      const params = { id: 7 };
      const requests: Request[] = [];
      server().handler = (request) => {
        requests.push(request);
        return guarded(request, params);
      };
      await send();
      expect(seen[0]).to.equal(requests[0]);
      expect(seen[1]).to.equal(params);
    });

    for (const chunked of [false, true])
      it(`whose body is too large is refused, sent ${chunked ? 'in chunks' : 'with its length'}`, async () => {
        let runs = 0;
        server().handler = idempotent(() => new Response(`run ${++runs}`), { ...options, maxRequest: 20 });
        const headers: Sent['headers'] = chunked ? { 'transfer-encoding': 'chunked' } : {};
        const exact = await send({ body: 'x'.repeat(20), headers });
        expect([exact.status, exact.text]).to.deep.equal([200, 'run 1']);
        const larger = await send({ body: 'x'.repeat(21), headers });
        expect([larger.status, larger.json.type]).to.deep.equal([
          413,
          'urn:retrysafe:problem:body-too-large',
        ]);
        expect(runs).to.equal(1);
      });

    it('whose body has no end is refused once it is too large', async () => {
      server().handler = idempotent(() => new Response(), options);
      const { port } = server().client;
      const headers = { 'idempotency-key': `request-${keys}`, 'transfer-encoding': 'chunked' };
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const sent = httpRequest({
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/',
          headers,
          agent: false,
        });
        const chunk = Buffer.alloc(65_536);
        const more = (): void => {
          if (!sent.destroyed) sent.write(chunk, () => setImmediate(more));
        };
        sent.on('response', ({ statusCode }) => {
          resolve(statusCode);
          sent.destroy();
        });
        sent.on('error', reject);
        more();
      });
      expect(status).to.equal(413);
    });

    it('whose client hangs up goes on, with a signal that is not aborted', async () => {
      const begun = defer<AbortSignal>();
      const held = defer();
      const guarded = idempotent(async (request: Request) => {
        const { signal } = request;
        begun.resolve(signal);
        await held.promise;
        return Response.json([signal.aborted, signal === currentExecution().signal]);
      }, options);
      let left: AbortSignal | undefined;
      server().handler = (request) => {
        left ??= request.signal;
        return guarded(request);
      };
      const first = server().client.open({ path: '/', key: `request-${keys}`, body: { amount: 5 } });
      const signal = await begun.promise;
      first.hangUp();
      await until('the server hears of it', () => left?.aborted);
      expect(signal.aborted).to.equal(false);
      held.resolve();
      const { json } = await until('it ends', async () => {
        const answer = await send();
        return answer.status === 409 ? undefined : answer;
      });
      expect(json).to.deep.equal([false, true]);
    });

    it('whose handler does not end is given up once its key is lost, and what it returns then is cancelled', async () => {
      const late = defer<Response>();
      const cancelled = defer<unknown>();
      const short = { ...options, lease: '200ms', renewFor: '200ms' } as const;
      server().handler = idempotent(() => late.promise, short);
      const { status, json, headers } = await send();
      expect([status, json.type, headers.get('retry-after')]).to.deep.equal([
        409,
        'urn:retrysafe:problem:claim-lost',
        '1',
      ]);
      late.resolve(new Response(new ReadableStream({ cancel: (reason) => cancelled.resolve(reason) })));
      await cancelled.promise;
      server().handler = idempotent(() => new Response('again'), short);
      expect((await send()).text).to.equal('again');
    });

    it('that only reads, or has no key where none is required, reaches the handler as it is', async () => {
      let runs = 0;
      const handler: Handler = (request) => {
        runs += 1;
        return new Response(String(request.signal === undefined || runs));
      };
      server().handler = idempotent(handler, options);
      for (const run of ['1', '2'])
        expect((await send({ method: 'GET', body: undefined })).text).to.equal(run);
      const without = { path: '/', body: {} };
      expect((await server().client.send(without)).status).to.equal(400);
      server().handler = idempotent(handler, { ...options, required: false });
      for (const run of ['3', '4']) expect((await server().client.send(without)).text).to.equal(run);
    });

    it('belongs to its route by option, otherwise to its path', async () => {
      const operations: string[] = [];
      const handler: Handler = (request) => {
        operations.push(currentExecution().operation);
        return new Response(new URL(request.url).pathname);
      };
      server().handler = idempotent(handler, options);
      expect((await send({ path: '/payments/1' })).text).to.equal('/payments/1');
      expect((await send({ path: '/payments/2' })).text).to.equal('/payments/2');
      server().handler = idempotent(handler, { ...options, route: '/payments/[id]' });
      expect((await send({ path: '/payments/1' })).text).to.equal('/payments/1');
      expect((await send({ path: '/payments/2' })).status).to.equal(422);
      expect(operations).to.deep.equal(['http', 'http', 'http POST /payments/[id]']);
    });

    it('whose body something else has read before is an error that says so', async () => {
      const guarded = idempotent(() => new Response('ran'), options);
      server().handler = async (request: Request) => {
        await request.text();
        return guarded(request);
      };
      const { status, json } = await send();
      expect([status, json.type]).to.deep.equal([500, 'urn:retrysafe:problem:misconfigured']);
    });
  });

describe('the options of a fetch-style handler', () => {
  const handler = () => new Response();
  const store = new InMemoryStore();

  for (const [name, options, message] of [
    ['none', undefined, /idempotent/],
    ['no scope', { store }, /scope/],
    ['a wrong route', { store, scope: 'public', route: 5 }, /idempotent: option "route"/],
    ['an empty route', { store, scope: 'public', route: '' }, /idempotent: option "route"/],
    ['an unknown one', { store, scope: 'public', routes: '/' }, /routes/],
  ] as const)
    it(`are refused at once: ${name}`, () => {
      expect(() => idempotent(handler, options as never)).to.throw(ConfigurationError, message);
    });

  it('are refused at once: no handler', () => {
    expect(() => idempotent(undefined as never, { store, scope: 'public' })).to.throw(
      ConfigurationError,
      /^idempotent: its first argument is undefined; expected the function/,
    );
  });
});
