import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { currentExecution, InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/fastify';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** What a handler of Fastify writes to Node's `ServerResponse`, past hooks of `onSend`. */
describe('a reply of Fastify that its handler takes over', () => {
  const start = fastifyBench();

  describe('is recorded', () => {
    for (const [what, handler] of [
      [
        'after reply.hijack()',
        (_, reply) => void reply.hijack().raw.writeHead(201, { 'x-made': 'yes' }).end('raw'),
      ],
      [
        'after reply.hijack() of an async handler',
        async (_, reply) => {
          reply.hijack();
          await new Promise((resolve) => setImmediate(resolve));
          reply.raw.writeHead(201, { 'x-made': 'yes' });
          reply.raw.write('r');
          reply.raw.end('aw');
        },
      ],
      [
        'after reply.hijack() of a handler that returned the reply',
        async (_, reply) => {
          reply.hijack();
          setImmediate(() => reply.raw.writeHead(201, { 'x-made': 'yes' }).end('raw'));
          return reply;
        },
      ],
      [
        'by reply.raw.writeHead()',
        (_, reply) => void reply.raw.writeHead(201, { 'x-made': 'yes' }).end('raw'),
      ],
      [
        'by reply.raw.end()',
        async (_, reply) => {
          reply.raw.statusCode = 201;
          reply.raw.setHeader('x-made', 'yes');
          reply.raw.end('raw');
        },
      ],
      [
        'by reply.raw.write(), in a callback',
        (_, reply) => {
          setImmediate(() => {
            reply.raw.statusCode = 201;
            reply.raw.setHeader('x-made', 'yes');
            reply.raw.write('ra');
            setImmediate(() => reply.raw.end('w'));
          });
        },
      ],
      [
        'by reply.raw.flushHeaders()',
        async (_, reply) => {
          reply.raw.statusCode = 201;
          reply.raw.setHeader('x-made', 'yes');
          reply.raw.flushHeaders();
          reply.raw.end('raw');
          return reply;
        },
      ],
    ] as readonly [string, Handler][])
      it(what, async () => {
        let runs = 0;
        const { app, client } = await start(
          (app) => {
            app.post('/it', guarded, (request, reply) => {
              runs += 1;
              return handler(request, reply) as never;
            });
          },
          {
            before: (app) =>
              app.addHook('onRequest', async (_request, reply) => void reply.header('x-before', runs)),
          },
        );
        const sent = { path: '/it', key: newKey() };
        const first = await client.send(sent);
        expect([first.status, first.headers.get('x-made'), first.text]).to.deep.equal([201, 'yes', 'raw']);
        const second = await client.send(sent);
        expect([second.status, second.headers.get('x-made'), second.text]).to.deep.equal([201, 'yes', 'raw']);
        expect(second.headers.get('idempotency-replayed')).to.equal('true');
        // What a handler does not copy, Fastify leaves out, but for answers of its own.
        expect([first.headers.get('x-before'), second.headers.get('x-before')]).to.deep.equal([
          undefined,
          '1',
        ]);
        const injected = { method: 'POST' as const, url: '/it', headers: { 'idempotency-key': newKey() } };
        const bodies = [await app.inject(injected), await app.inject(injected)].map(({ body }) => body);
        expect(bodies).to.deep.equal(['raw', 'raw']);
        expect(runs).to.equal(2);
      });
  });

  it('has headers of each answer where the handler copies those that stood before', async () => {
    let requests = 0;
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, (_request, reply) => {
          reply.hijack();
          reply.raw.writeHead(200, { ...reply.getHeaders(), 'x-made': 'yes' } as Record<string, string>);
          reply.raw.end('raw');
        });
      },
      {
        before: (app) =>
          app.addHook('onRequest', async (_request, reply) => void reply.header('x-before', ++requests)),
      },
    );
    const sent = { path: '/it', key: newKey() };
    const seen: unknown[] = [];
    for (let at = 0; at < 2; at += 1) {
      const { headers } = await client.send(sent);
      seen.push([headers.get('x-before'), headers.get('x-made')]);
    }
    expect(seen).to.deep.equal([
      ['1', 'yes'],
      ['2', 'yes'],
    ]);
  });

  it('is sent as it is made, and ends when it is recorded, also without its client', async () => {
    const parts = [defer(), defer()];
    const { client, store } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const [index, part] of parts.entries()) {
          reply.raw.write(`data: ${index} ${currentExecution().attempt}\n\n`);
          await part.promise;
        }
        reply.raw.end();
      });
    });
    const whole = 'data: 0 1\n\ndata: 1 1\n\n';
    const sent = { path: '/it', key: newKey() };
    const gate = store.hold();
    const answer = await client.open(sent).head;
    await answer.until(11);
    parts[0]?.resolve();
    await answer.until(22);
    parts[1]?.resolve();
    await gate.isReached;
    expect((await client.send(sent)).status).to.equal(409);
    expect(answer.hasEnded()).to.equal(false);
    gate.release();
    expect(await answer.ended).to.equal(true);
    const replay = await client.send(sent);
    expect([replay.text, replay.headers.get('transfer-encoding')]).to.deep.equal([whole, 'chunked']);

    parts.splice(0, 2, defer(), defer());
    const other = { path: '/it', key: newKey() };
    const left = await client.open(other).head;
    await left.until(11);
    left.hangUp();
    await client.send({ path: '/none' });
    parts[0]?.resolve();
    await client.send({ path: '/none' });
    parts[1]?.resolve();
    const retry = await until('the first request ends', async () => {
      const duplicate = await client.send(other);
      return duplicate.status === 409 ? undefined : duplicate;
    });
    expect([retry.status, retry.text]).to.deep.equal([200, whole]);
  });

  it('breaks where its handler fails, and its key is free', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/it/:begun', guarded, async (request, reply) => {
        runs += 1;
        if (runs % 2 === 0) return `run ${runs}`;
        reply.hijack();
        if ((request.params as { begun: string }).begun === 'yes') reply.raw.write('begun');
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('it failed');
      });
    });
    for (const begun of ['yes', 'no']) {
      const sent = { path: `/it/${begun}`, key: newKey() };
      const answer = await client.open(sent).head.catch(() => undefined);
      expect(await answer?.ended).to.not.equal(true);
      expect((await client.send(sent)).text).to.equal(`run ${runs}`);
    }
    expect(runs).to.equal(4);
  });

  it('is answered in its place where the run loses its key', async () => {
    const late = defer();
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async (_request, reply) => {
          reply.hijack();
          await late.promise;
          reply.raw.end('late');
        });
      },
      {
        guard: { lease: '200ms', renewFor: '200ms' },
        before: (app) =>
          app.addHook('onRequest', async (_request, reply) => void reply.header('x-before', 'yes')),
      },
    );
    const { status, json, headers } = await client.send({ path: '/it', key: newKey() });
    expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:claim-lost']);
    expect(headers.get('x-before')).to.equal('yes');
    late.resolve();
    expect((await client.send({ path: '/none' })).status).to.equal(404);
  });

  it('has no time limit of Fastify', async () => {
    const work = defer();
    let hasBegun = false;
    const { client } = await start((app) => {
      app.post('/it', { ...guarded, handlerTimeout: 30 }, async (_request, reply) => {
        reply.raw.writeHead(200);
        hasBegun = true;
        await work.promise;
        reply.raw.end('raw');
      });
    });
    const first = client.send({ path: '/it', key: newKey() });
    await until('the handler has begun', () => hasBegun);
    setTimeout(work.resolve, 60);
    expect((await first).text).to.equal('raw');
  });

  it('is the raw one, whatever the reply sends besides', async () => {
    const { client } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        reply.raw.write('ra');
        reply.send('sent');
        reply.raw.end('w');
        return 'returned';
      });
    });
    const sent = { path: '/it', key: newKey() };
    for (const _ of [1, 2]) expect((await client.send(sent)).text).to.equal('raw');
  });

  it('that the handler destroys frees the key', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/it', guarded, async (_request, reply) => {
        runs += 1;
        return runs === 1 ? void reply.raw.destroy() : `run ${runs}`;
      });
    });
    const sent = { path: '/it', key: newKey() };
    const broken = await client.open(sent).head.catch((error) => error);
    expect(broken).to.have.property('code', 'ECONNRESET');
    const retry = await until('the key is free', async () => {
      const answer = await client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });
    expect(retry.text).to.equal('run 2');
  });

  it('is as it was on a route that is not guarded, and on a guarded one without a key', async () => {
    const { client } = await start((app) => {
      app.post('/plain', (_request, reply) => void reply.hijack().raw.end('raw'));
      const config = { idempotency: { required: false } };
      app.post('/guarded', { config }, (_request, reply) => void reply.raw.end('raw'));
    });
    expect((await client.send({ path: '/plain', key: newKey() })).text).to.equal('raw');
    expect((await client.send({ path: '/guarded' })).text).to.equal('raw');
  });

  it('over HTTP/2 is refused, and its key is free', async () => {
    const app = fastify({ http2: true });
    let runs = 0;
    await app.register(idempotency, { store: new InMemoryStore(), scope: 'public' });
    app.post('/hijack', guarded, async (_request, reply) => (++runs % 2 ? reply.hijack() : `run ${runs}`));
    app.post('/raw', guarded, async (_request, reply) =>
      ++runs % 2 ? reply.raw.write('raw') : `run ${runs}`,
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const send = async (path: string, key: string) => {
      const stream = session.request({ ':method': 'POST', ':path': path, 'idempotency-key': key });
      stream.end();
      const [{ ':status': status }] = await once(stream, 'response');
      let text = '';
      for await (const chunk of stream) text += chunk;
      return [status, text] as const;
    };
    try {
      for (const path of ['/hijack', '/raw']) {
        const key = newKey();
        const [status, text] = await send(path, key);
        expect(status).to.equal(500);
        expect(JSON.parse(text).message).to.match(
          /^POST \/(hijack|raw): .*over HTTP\/2; send the response by `reply\.send\(\)`/,
        );
        expect(await send(path, key)).to.deep.equal([200, `run ${runs}`]);
      }
    } finally {
      session.close();
      await app.close();
    }
  });
});
