import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { FastifyReply } from 'fastify';
import { currentExecution } from 'retrysafe';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';
import type { Answer, HttpClient } from './suite/http-client.js';

/** Sends a request twice, and returns both answers, of which the second is a replay of the first. */
async function replayed(client: HttpClient, path: string): Promise<Answer> {
  const sent = { path, key: newKey(), body: {} };
  const first = await client.send(sent);
  const second = await client.send(sent);
  expect(first.headers.get('idempotency-replayed')).to.equal(undefined);
  expect(second.headers.get('idempotency-replayed'), second.text).to.equal('true');
  expect([second.status, second.bytes.equals(first.bytes)]).to.deep.equal([first.status, true]);
  expect(second.headers.get('content-type')).to.equal(first.headers.get('content-type'));
  return first;
}

/** What a handler of Fastify sends, in all of its ways. */
describe('a reply of Fastify', () => {
  const start = fastifyBench();

  describe('is recorded', () => {
    for (const [what, handler, status, text] of [
      ['a value', async () => ({ a: 1 }), 200, '{"a":1}'],
      ['a value that is returned at once', () => ({ a: 1 }), 200, '{"a":1}'],
      ['null', async () => null, 200, 'null'],
      ['nothing', async () => undefined, 200, ''],
      ['a text', async () => 'text', 200, 'text'],
      [
        'JSON as a text',
        async (_, reply) => reply.type('application/json').send('{"a": 1}'),
        200,
        '{"a": 1}',
      ],
      ['a text of two bytes', async () => 'é', 200, 'é'],
      ['sent and not returned', async (_, reply) => void reply.send('sent'), 200, 'sent'],
      ['sent and awaited', async (_, reply) => void (await reply.send('sent')), 200, 'sent'],
      ['sent at once', (_, reply) => void reply.send('sent'), 200, 'sent'],
      ['sent by a callback', (_, reply) => void setImmediate(() => reply.send('sent')), 200, 'sent'],
      [
        'sent by a callback of a handler that returned the reply',
        async (_, reply) => {
          setImmediate(() => reply.send('sent'));
          return reply;
        },
        200,
        'sent',
      ],
      [
        'with a serializer of its own',
        async (_, reply) => reply.serializer(() => 'own').send({}),
        200,
        'own',
      ],
      [
        'a client error that is thrown',
        async () => Promise.reject(Object.assign(new Error('no'), { statusCode: 402 })),
        402,
        '{"statusCode":402,"error":"Payment Required","message":"no"}',
      ],
      [
        'a client error that is sent',
        async (_, reply) => reply.code(404).send(new Error('none')),
        404,
        '{"statusCode":404,"error":"Not Found","message":"none"}',
      ],
      ['that nothing was found', (_, reply) => reply.callNotFound(), 404, undefined],
      ['a redirect', async (_, reply) => reply.redirect('/elsewhere'), 302, ''],
      ['204 with a value', async (_, reply) => reply.code(204).send({ a: 1 }), 204, ''],
      [
        'a Response',
        async () => new Response('made', { status: 202, headers: { 'x-made': 'yes' } }),
        202,
        'made',
      ],
      ['a Response without a body', async () => new Response(null, { status: 202 }), 202, ''],
      [
        'a web stream',
        async (_, reply) => reply.type('text/plain').send(new Blob(['of ', 'parts']).stream()),
        200,
        'of parts',
      ],
      ['a stream', async () => Readable.from(['of ', 'parts']), 200, 'of parts'],
      [
        'a stream of bytes',
        async () => Readable.from([Buffer.from('of '), Buffer.from('bytes')]),
        200,
        'of bytes',
      ],
      ['an empty stream', async () => Readable.from([]), 200, ''],
      ['a Response that is a stream', async () => new Response(slowly('one ', 'two')), 200, 'one two'],
    ] as readonly [string, (request: unknown, reply: FastifyReply) => unknown, number, string | undefined][])
      it(what, async () => {
        let runs = 0;
        const { client } = await start((app) => {
          app.post('/it', guarded, (request, reply) => {
            runs += 1;
            return handler(request, reply) as never;
          });
        });
        const answer = await replayed(client, '/it');
        expect(answer.status).to.equal(status);
        if (text !== undefined) expect(answer.text).to.equal(text);
        expect(runs).to.equal(1);
      });
  });

  it('whose handler throws is answered by the error handler, as on any route', async () => {
    let runs = 0;
    const seen: unknown[] = [];
    const { client } = await start((app) => {
      app.addHook('onError', async (_request, _reply, error) => void seen.push(error.message));
      app.setErrorHandler((error: Error & { status?: number }, _request, reply) =>
        reply.code(error.status ?? 503).send({ handled: error.message, run: runs }),
      );
      app.post('/it', guarded, async () => {
        runs += 1;
        throw Object.assign(new Error('closed'), { status: runs < 3 ? undefined : 403 });
      });
      app.post('/text', guarded, () => {
        throw 'a text';
      });
    });
    const sent = { path: '/it', key: newKey() };
    const answers: unknown[] = [];
    for (let at = 0; at < 4; at += 1) {
      const { status, json } = await client.send(sent);
      answers.push([status, json.run]);
    }
    // 503 is no outcome, and 403 is one.
    expect(answers).to.deep.equal([
      [503, 1],
      [503, 2],
      [403, 3],
      [403, 3],
    ]);
    expect(seen).to.deep.equal(['closed', 'closed', 'closed']);
    expect((await client.send({ path: '/text', key: newKey() })).status).to.equal(503);
  });

  it('is in the context of its run as far as its stream is made', async () => {
    const attempts: number[] = [];
    const size = 300_000;
    const { client } = await start((app) => {
      app.post('/it', guarded, async () =>
        Readable.from(
          (async function* () {
            for (let part = 0; part < 20; part += 1) {
              attempts.push(currentExecution().attempt);
              yield Buffer.alloc(size);
            }
          })(),
          { objectMode: false },
        ),
      );
    });
    expect((await client.send({ path: '/it', key: newKey() })).bytes.length).to.equal(20 * size);
    expect(attempts).to.deep.equal(Array.from({ length: 20 }, () => 1));
  });

  it('that is sent twice is the first one', async () => {
    const { client, store } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        reply.send('first');
        reply.send('second');
        return 'third';
      });
      app.post('/failing', guarded, async (_request, reply) => {
        reply.send('first');
        throw new Error('after it');
      });
    });
    for (const path of ['/it', '/failing']) {
      const gate = store.hold();
      const sent = { path, key: newKey() };
      const { head } = client.open(sent);
      await gate.isReached;
      gate.release();
      const answer = await head;
      expect(await answer.ended).to.equal(true);
      expect(answer.received(), path).to.equal('first');
      expect((await client.send(sent)).text).to.equal('first');
    }
  });

  it('by reply.raw is as it was on a route that is not guarded, and on a guarded one without a key', async () => {
    const { client } = await start((app) => {
      app.post('/plain', (_request, reply) => void reply.hijack().raw.end('raw'));
      app.post(
        '/guarded',
        { config: { idempotency: { required: false } } },
        (_request, reply) => void reply.raw.end('raw'),
      );
    });
    expect((await client.send({ path: '/plain', key: newKey() })).text).to.equal('raw');
    expect((await client.send({ path: '/guarded' })).text).to.equal('raw');
  });

  it('of which Fastify says that it cannot be sent is a failure', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/object', guarded, async (_request, reply) => {
        runs += 1;
        return reply.type('text/plain').send({ no: 'text' });
      });
      app.post(
        '/serializer',
        {
          ...guarded,
          schema: {
            response: { 200: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } },
          },
        },
        async () => {
          runs += 1;
          return {};
        },
      );
      app.post('/used', guarded, async () => {
        runs += 1;
        const response = new Response('used');
        await response.text();
        return response;
      });
    });
    for (const [index, path] of ['/object', '/serializer', '/used'].entries()) {
      const sent = { path, key: newKey() };
      expect((await client.send(sent)).status, path).to.equal(500);
      expect((await client.send(sent)).status, path).to.equal(500);
      expect(runs).to.equal(2 * (index + 1));
    }
  });

  it('whose head cannot be written is answered by the error handler, each time', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        runs += 1;
        return reply.header('x-run', 'a\nb').send('made');
      });
    });
    const sent = { path: '/it', key: newKey() };
    for (const _ of [1, 2]) {
      const { status, json } = await client.send(sent);
      expect([status, json.code]).to.deep.equal([500, 'ERR_INVALID_CHAR']);
    }
    expect(runs).to.equal(1);
  });

  it('with a stream that breaks before its first byte is answered by the error handler, once the key is free', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/it', guarded, async () => {
        runs += 1;
        if (runs > 1) return `run ${runs}`;
        return new Readable({
          read() {
            this.destroy(new Error('no such file'));
          },
        });
      });
    });
    const sent = { path: '/it', key: newKey() };
    const { status, json } = await client.send(sent);
    expect([status, json.message]).to.deep.equal([500, 'no such file']);
    expect((await client.send(sent)).text).to.equal('run 2');
  });

  it('with a stream that its handler breaks breaks the connection', async () => {
    const failing = defer();
    const { client } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        const stream = new Readable({ read() {} });
        reply.send(stream);
        stream.push('begun');
        await failing.promise;
        throw new Error('in the middle');
      });
    });
    const answer = await client.open({ path: '/it', key: newKey() }).head;
    await answer.until(5);
    failing.resolve();
    expect(await answer.ended).to.equal(false);
  });

  it('with trailers has them once', async () => {
    const { client } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        reply.trailer('x-sum', async () => '1');
        return 'body';
      });
    });
    const sent = { path: '/it', key: newKey() };
    const first = await client.send(sent);
    expect([first.text, first.headers.get('trailer')]).to.deep.equal(['body', 'x-sum']);
    const second = await client.send(sent);
    expect([second.text, second.headers.get('trailer')]).to.deep.equal(['body', undefined]);
  });

  it('is none where a hook of the route has answered', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      const preHandler = async (_: unknown, reply: FastifyReply) => reply.code(202).send('early');
      app.post('/it', { ...guarded, preHandler }, async () => ({ run: ++runs }));
    });
    const sent = { path: '/it', key: newKey() };
    for (const _ of [1, 2]) {
      const { status, headers } = await client.send(sent);
      expect([status, headers.get('idempotency-replayed')]).to.deep.equal([202, undefined]);
    }
    expect(runs).to.equal(0);
  });

  it('is that of app.inject(), too', async () => {
    let runs = 0;
    const { app } = await start((app) => {
      app.post('/it', guarded, async ({ body }) => ({ run: ++runs, body }));
      app.post('/stream', guarded, async () => Readable.from(['of ', 'parts']));
    });
    for (const url of ['/it', '/stream']) {
      const sent = {
        method: 'POST' as const,
        url,
        headers: { 'idempotency-key': newKey() },
        payload: { a: 1 },
      };
      const first = await app.inject(sent);
      const second = await app.inject(sent);
      expect([second.statusCode, second.body]).to.deep.equal([200, first.body]);
      expect(second.headers['idempotency-replayed']).to.equal('true');
      expect((await app.inject({ ...sent, payload: { a: 2 } })).statusCode).to.equal(422);
    }
    expect(runs).to.equal(1);
  });

  it('of a run that lost its key is the one of its successor, or a problem', async () => {
    const held = [defer(), defer()];
    let runs = 0;
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async () => {
          const run = ++runs;
          await held[run - 1]?.promise;
          return { run };
        });
      },
      { guard: { lease: '200ms', renewFor: '200ms' } },
    );
    const sent = { path: '/it', key: newKey() };
    const { status, json, headers } = await client.send(sent);
    expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:claim-lost']);
    expect(headers.get('content-type')).to.equal('application/problem+json');
    held[1]?.resolve();
    expect((await client.send(sent)).json).to.deep.equal({ run: 2 });
    held[0]?.resolve();
    expect((await client.send(sent)).json).to.deep.equal({ run: 2 });
    await until('the first handler has ended', () => runs === 2);
  });
});

function slowly(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for (const part of parts) {
        controller.enqueue(Buffer.from(part));
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      }
      controller.close();
    },
  });
}
