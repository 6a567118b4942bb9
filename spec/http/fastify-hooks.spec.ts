import { Readable } from 'node:stream';
import { expect } from 'chai';
import { InMemoryStore } from 'retrysafe';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';

const slowHook = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Hooks of Fastify before and after the guard. */
describe('with hooks of Fastify', () => {
  const start = fastifyBench();

  describe('authentication comes before the guard, and so a replay needs it', () => {
    const authenticate = async (
      request: { headers: { authorization?: string } },
      reply: { code(code: number): { send(text: string): unknown } },
    ) => {
      await slowHook();
      return request.headers.authorization === 'Bearer alice' ? undefined : reply.code(401).send('who?');
    };

    for (const [where, hooks, declared] of [
      ['in onRequest of the application', { onRequest: authenticate }, 'before'],
      ['in preValidation of the application', { preValidation: authenticate }, 'before'],
      ['in preHandler of the application', { preHandler: authenticate }, 'before'],
      ['in preHandler of the application, after the plugin', { preHandler: authenticate }, 'after'],
      ['in onRequest of the route', { onRequest: authenticate }, 'route'],
      ['in preHandler of the route', { preHandler: [authenticate] }, 'route'],
      ['in preHandler that another plugin adds to the route', { preHandler: authenticate }, 'onRoute'],
    ] as const)
      it(where, async () => {
        let runs = 0;
        // biome-ignore lint/suspicious/noExplicitAny: each of the hooks
        const add = (app: any) => {
          for (const [hook, listener] of Object.entries(hooks)) app.addHook(hook, listener);
        };
        const { client } = await start(
          (app) => {
            if (declared === 'after') add(app);
            if (declared === 'onRoute') app.addHook('onRoute', (route) => void Object.assign(route, hooks));
            app.post('/it', { ...guarded, ...(declared === 'route' && (hooks as object)) }, async () => ({
              run: ++runs,
            }));
          },
          { before: (app) => declared === 'before' && add(app) },
        );
        const sent = { path: '/it', key: newKey(), user: 'alice' };
        expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
        for (const user of ['mallory', null]) {
          const stolen = await client.send({ ...sent, user });
          expect([stolen.status, stolen.text]).to.deep.equal([401, 'who?']);
        }
        expect((await client.send(sent)).headers.get('idempotency-replayed')).to.equal('true');
        expect(runs).to.equal(1);
      });
  });

  it('headers of onSend hooks are those of each answer, on both sides of the guard', async () => {
    let answers = 0;
    const count =
      (name: string) =>
      async (_request: unknown, reply: { header(name: string, value: number): unknown }) => {
        await slowHook();
        answers += 1;
        reply.header(name, answers);
      };
    const { client } = await start(
      (app) => {
        app.addHook('onSend', count('x-after'));
        app.post('/it', guarded, async (_request, reply) => reply.header('x-handler', 'made').send('it'));
      },
      { before: (app) => app.addHook('onSend', count('x-before')) },
    );
    const sent = { path: '/it', key: newKey() };
    const seen = (await Promise.all([1].map(() => client.send(sent)))).concat(await client.send(sent));
    expect(
      seen.map(({ headers }) => ['x-before', 'x-after', 'x-handler'].map((name) => headers.get(name))),
    ).to.deep.equal([
      ['1', '2', 'made'],
      ['3', '4', 'made'],
    ]);
  });

  for (const place of ['before', 'after'] as const)
    for (const kind of ['a text', 'a stream'] as const)
      it(`a body that a hook of onSend ${place} the guard has changed is changed once: ${kind}`, async () => {
        const wrap = async (_request: unknown, _reply: unknown, payload: unknown) => {
          await slowHook();
          if (payload === null || payload === undefined) return payload;
          return payload instanceof Readable
            ? Readable.from(
                (async function* () {
                  yield '[';
                  yield* payload;
                  yield ']';
                })(),
              )
            : `[${payload}]`;
        };
        const { client } = await start(
          (app) => {
            if (place === 'after') app.addHook('onSend', wrap);
            app.post('/it', guarded, async () => (kind === 'a text' ? 'made' : Readable.from(['ma', 'de'])));
          },
          { before: (app) => place === 'before' && app.addHook('onSend', wrap) },
        );
        const sent = { path: '/it', key: newKey() };
        const texts = [await client.send(sent), await client.send(sent)].map(({ text }) => text);
        expect(texts).to.deep.equal(['[made]', '[made]']);
      });

  for (const place of ['before', 'after'] as const)
    it(`a hook of onSend ${place} the guard that fails is answered by the error handler`, async () => {
      let runs = 0;
      let failures = 1;
      const fail = async (_request: unknown, _reply: unknown, payload: unknown) => {
        await slowHook();
        if (failures > 0) {
          failures -= 1;
          throw new Error('the hook failed');
        }
        return payload;
      };
      const { client } = await start(
        (app) => {
          if (place === 'after') app.addHook('onSend', fail);
          app.post('/it', guarded, async () => ({ run: ++runs }));
        },
        { before: (app) => place === 'before' && app.addHook('onSend', fail) },
      );
      const sent = { path: '/it', key: newKey() };
      expect((await client.send(sent)).json.message).to.equal('the hook failed');
      // Before the guard, its failure is that of the response. After it, the outcome is recorded.
      const retry = await client.send(sent);
      expect([retry.json.run, retry.headers.get('idempotency-replayed')]).to.deep.equal(
        place === 'before' ? [2, undefined] : [1, 'true'],
      );
      failures = 1;
      expect((await client.send(sent)).json.message).to.equal('the hook failed');
      expect((await client.send(sent)).headers.get('idempotency-replayed')).to.equal('true');
    });

  for (const place of ['before', 'after'] as const)
    it(`a hook of onSend ${place} the guard that always fails gets Fastify's own answer`, async () => {
      let runs = 0;
      const fail = async () => {
        throw new Error('the hook failed');
      };
      const { client } = await start(
        (app) => {
          if (place === 'after') app.addHook('onSend', fail);
          app.post('/it', guarded, async () => ({ run: ++runs }));
        },
        { before: (app) => place === 'before' && app.addHook('onSend', fail) },
      );
      const sent = { path: '/it', key: newKey() };
      for (const _ of [1, 2]) expect((await client.send(sent)).status).to.equal(500);
      // Where nothing was recorded, the key is free at once.
      expect(runs).to.equal(place === 'before' ? 2 : 1);
    });

  it('a hook that puts something else in place of a stream does not stop the handler', async () => {
    let parts = 0;
    const { client } = await start((app) => {
      app.addHook('onSend', async () => 'something else');
      app.post('/it', guarded, async () =>
        Readable.from(
          (async function* () {
            for (; parts < 100; parts += 1) yield Buffer.alloc(65_536);
          })(),
          { objectMode: false },
        ),
      );
    });
    const sent = { path: '/it', key: newKey() };
    expect((await client.send(sent)).text).to.equal('something else');
    const status = await until('the key is settled', async () => {
      const duplicate = await client.send(sent);
      return duplicate.status === 409 ? undefined : duplicate.status;
    });
    expect([status, parts]).to.deep.equal([410, 100]);
  });

  it('validation that is left to the handler is an outcome like any other', async () => {
    const { client } = await start((app) => {
      const body = { type: 'object', required: ['amount'] };
      app.post(
        '/it',
        { ...guarded, attachValidation: true, schema: { body } },
        async ({ validationError }, reply) =>
          reply.code(validationError ? 400 : 200).send({ failed: validationError !== undefined }),
      );
    });
    const sent = { path: '/it', key: newKey(), body: {} };
    for (const replayed of [undefined, 'true']) {
      const { status, headers } = await client.send(sent);
      expect([status, headers.get('idempotency-replayed')]).to.deep.equal([400, replayed]);
    }
  });

  it('one of onResponse and a plugin of an inner context see each answer once', async () => {
    const seen: number[] = [];
    const { client } = await start(
      (app) => {
        app.register(async (child) => {
          child.addHook('onSend', async (_request, reply) => void reply.header('x-child', 'yes'));
          child.post('/it', { config: { idempotency: { store: new InMemoryStore() } } }, async () => 'made');
        });
      },
      {
        before: (app) =>
          app.addHook('onResponse', async (_request, reply) => void seen.push(reply.statusCode)),
      },
    );
    const sent = { path: '/it', key: newKey() };
    for (const _ of [1, 2]) expect((await client.send(sent)).headers.get('x-child')).to.equal('yes');
    await until('both are logged', () => seen.length === 2);
    expect(seen).to.deep.equal([200, 200]);
  });
});

/** Handlers that outlive their request. */
describe('a handler of Fastify', () => {
  const start = fastifyBench();

  it('is not told of a client that hangs up: not by request.signal, and not by the reply that it returned', async () => {
    const work = defer();
    const signals: AbortSignal[] = [];
    const gone = defer();
    let runs = 0;
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async (request, reply) => {
          runs += 1;
          signals.push(request.signal);
          work.promise.then(() => reply.send(`run ${runs}`));
          return reply;
        });
      },
      { before: (app) => app.addHook('onRequestAbort', async (_request) => gone.resolve()) },
    );
    const sent = { path: '/it', key: newKey() };
    const request = client.open(sent);
    await until('the handler has begun', () => signals.length === 1);
    request.hangUp();
    await gone.promise;
    await slowHook();
    expect(signals[0]?.aborted).to.equal(false);
    expect((await client.send(sent)).status).to.equal(409);
    work.resolve();
    const retry = await until('the first request ends', async () => {
      const answer = await client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });
    expect([retry.text, retry.headers.get('idempotency-replayed')]).to.deep.equal(['run 1', 'true']);
  });

  it('whose claim is lost is told by request.signal', async () => {
    const aborted = defer<unknown>();
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async ({ signal }) => {
          signal.addEventListener('abort', () => aborted.resolve(signal.reason));
          await aborted.promise;
          return 'late';
        });
      },
      { guard: { lease: '200ms', renewFor: '200ms' } },
    );
    expect((await client.send({ path: '/it', key: newKey() })).status).to.equal(409);
    expect(await aborted.promise).to.have.property('code', 'ERR_IDEMPOTENCY_CLAIM_LOST');
  });

  describe('that takes longer than handlerTimeout', () => {
    for (const [ends, expected] of [
      ['by a value', [410, undefined]],
      ['by sending', [410, undefined]],
      ['by an error', [200, 'run 2']],
    ] as const)
      it(`keeps its key until it has ended ${ends}`, async () => {
        const work = defer();
        const signals: AbortSignal[] = [];
        let runs = 0;
        const { client } = await start((app) => {
          app.post('/it', { ...guarded, handlerTimeout: 30 }, async (request, reply) => {
            runs += 1;
            if (runs === 2) return 'run 2';
            signals.push(request.signal);
            await work.promise;
            if (ends === 'by an error') throw new Error('failed');
            return ends === 'by sending' ? reply.send('sent') : 'value';
          });
        });
        const sent = { path: '/it', key: newKey() };
        const { status, json } = await client.send(sent);
        expect([status, json.code]).to.deep.equal([503, 'FST_ERR_HANDLER_TIMEOUT']);
        expect(signals[0]?.reason).to.have.property('code', 'FST_ERR_HANDLER_TIMEOUT');
        expect((await client.send(sent)).status).to.equal(409);
        work.resolve();
        const retry = await until('the handler ends', async () => {
          const answer = await client.send(sent);
          return answer.status === 409 ? undefined : answer;
        });
        expect([retry.status, retry.status === 200 ? retry.text : undefined]).to.deep.equal(expected);
        expect(runs).to.equal(ends === 'by an error' ? 2 : 1);
      });

    it('and whose response waits for its record is recorded all the same', async () => {
      const { client, store } = await start(
        (app) => {
          app.post('/it', guarded, async () => 'made');
        },
        { server: { handlerTimeout: 30 } },
      );
      const sent = { path: '/it', key: newKey() };
      const gate = store.hold();
      const first = await client.send(sent);
      expect([first.status, first.json.code]).to.deep.equal([503, 'FST_ERR_HANDLER_TIMEOUT']);
      gate.release();
      const retry = await until('the record is written', async () => {
        const answer = await client.send(sent);
        return answer.status >= 400 ? undefined : answer;
      });
      expect([retry.text, retry.headers.get('idempotency-replayed')]).to.deep.equal(['made', 'true']);
    });

    it('and is streaming breaks the connection, and its stream is recorded', async () => {
      const parts = defer();
      const { client } = await start((app) => {
        app.post('/it', { ...guarded, handlerTimeout: 100 }, async () =>
          Readable.from(
            (async function* () {
              yield 'begun, ';
              await parts.promise;
              yield 'ended';
            })(),
          ),
        );
      });
      const sent = { path: '/it', key: newKey() };
      const answer = await client.open(sent).head;
      expect(await answer.ended).to.equal(false);
      parts.resolve();
      const retry = await until('the stream is recorded', async () => {
        const again = await client.send(sent);
        return again.status === 409 ? undefined : again;
      });
      expect(retry.text).to.equal('begun, ended');
    });
  });
});
