import { expect } from 'chai';
import { type FastifyInstance, fastify } from 'fastify';
import { InMemoryStore } from 'retrysafe';
import { type FastifyIdempotencyOptions, idempotency } from 'retrysafe/fastify';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';

/** Which routes the plugin of Fastify guards, and with which options. */
describe('a route of Fastify', () => {
  const start = fastifyBench();

  it('without a mark is left alone', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.post('/plain', async () => ({ run: ++runs }));
      app.post('/off', { config: { idempotency: false } }, async () => ({ run: ++runs }));
    });
    const key = newKey();
    for (const path of ['/plain', '/plain', '/off', '/off'])
      expect((await client.send({ path, key })).headers.get('idempotency-replayed')).to.equal(undefined);
    expect((await client.send({ path: '/plain' })).json).to.deep.equal({ run: 5 });
  });

  it('has its own options in place of those of the plugin', async () => {
    let runs = 0;
    const { client } = await start(
      (app) => {
        app.post('/usual', guarded, async () => ({ run: ++runs }));
        const absent = { ttl: undefined } as object;
        const config = { idempotency: { header: 'X-Key', scope: () => 'me', ...absent } };
        app.post('/own', { config }, async () => ({ run: ++runs }));
      },
      { guard: { problemTypes: 'https://example.com/', required: false } },
    );
    expect((await client.send({ path: '/usual' })).json).to.deep.equal({ run: 1 });
    const sent = { path: '/own', headers: { 'x-key': 'k' } };
    expect((await client.send(sent)).json).to.deep.equal({ run: 2 });
    expect((await client.send(sent)).json).to.deep.equal({ run: 2 });
    const malformed = await client.send({ path: '/own', headers: { 'x-key': 'a b' } });
    expect(malformed.json.type).to.equal('https://example.com/key-malformed');
  });

  it('is guarded without a mark by `mount: "all"`, and needs no key then', async () => {
    let runs = 0;
    const { client } = await start(
      (app) => {
        app.post('/unmarked', async () => ({ run: ++runs }));
        app.post('/marked', guarded, async () => ({ run: ++runs }));
        app.post('/off', { config: { idempotency: false } }, async () => ({ run: ++runs }));
        app.get('/unmarked', async () => ({ run: ++runs }));
      },
      { guard: { mount: 'all' } },
    );
    const key = newKey();
    expect((await client.send({ path: '/unmarked', key })).json).to.deep.equal({ run: 1 });
    expect((await client.send({ path: '/unmarked', key })).json).to.deep.equal({ run: 1 });
    expect((await client.send({ path: '/unmarked' })).json).to.deep.equal({ run: 2 });
    expect((await client.send({ path: '/marked' })).status).to.equal(400);
    expect((await client.send({ path: '/off', key })).json).to.deep.equal({ run: 3 });
    expect((await client.send({ path: '/unmarked', method: 'GET', key })).json).to.deep.equal({ run: 4 });
    expect((await client.send({ path: '/unmarked', method: 'HEAD', key })).status).to.equal(200);
    expect(runs).to.equal(5);
  });

  it('of several methods has keys for each, and one that is safe passes', async () => {
    let runs = 0;
    const { client } = await start((app) => {
      app.route({
        method: ['GET', 'POST', 'PUT'],
        url: '/many',
        ...guarded,
        handler: async () => ({ run: ++runs }),
      });
    });
    const key = newKey();
    for (const [method, run] of [
      ['POST', 1],
      ['PUT', 2],
      ['POST', 1],
      ['PUT', 2],
      ['GET', 3],
      ['GET', 4],
    ] as const)
      expect((await client.send({ path: '/many', method, key })).json, method).to.deep.equal({ run });
  });

  it('with a prefix is known by its whole pattern', async () => {
    const operations: string[] = [];
    const { client } = await start((app) => {
      const see = (id: string) => async () => ({ id });
      app.register(
        async (one) => {
          one.post('/', guarded, see('one'));
          one.post('/:id', guarded, see('one by id'));
        },
        { prefix: '/one' },
      );
      app.register(async (two) => void two.post('/:id', guarded, see('two by id')), { prefix: '/two' });
    });
    const key = newKey();
    for (const path of ['/one', '/one/1', '/two/1']) {
      const answer = await client.send({ path, key });
      expect(answer.headers.get('idempotency-replayed'), path).to.equal(undefined);
      operations.push(answer.json.id);
    }
    expect(operations).to.deep.equal(['one', 'one by id', 'two by id']);
    // Both are one route for Fastify, and two paths for a client.
    expect((await client.send({ path: '/one/', key })).status).to.equal(422);
  });

  it('in a context with a plugin of its own has the guard of that', async () => {
    let runs = 0;
    const inner = new InMemoryStore();
    const { client, store } = await start((app) => {
      app.register(async (child) => {
        await child.register(idempotency, { store: inner, scope: 'public', header: 'Inner-Key' });
        child.post('/inner', guarded, async () => ({ run: ++runs }));
      });
      app.post('/outer', guarded, async () => ({ run: ++runs }));
    });
    const calls: string[] = [];
    const { claim } = store;
    store.claim = (record, now) => {
      calls.push(record.key);
      return claim.call(store, record, now);
    };
    const sent = { path: '/inner', headers: { 'inner-key': 'k' } };
    expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
    expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
    expect(calls).to.deep.equal([]);
    expect((await client.send({ path: '/outer', key: newKey() })).json).to.deep.equal({ run: 2 });
    expect(calls).to.have.length(1);
  });

  it('beside the context of the plugin is left alone', async () => {
    const app = fastify();
    app.register(async (child) => {
      await child.register(idempotency, { store: new InMemoryStore(), scope: 'public' });
      child.post('/inside', guarded, async () => 'inside');
    });
    app.post('/beside', guarded, async () => 'beside');
    expect((await app.inject({ method: 'POST', url: '/inside' })).statusCode).to.equal(400);
    expect((await app.inject({ method: 'POST', url: '/beside' })).statusCode).to.equal(200);
  });

  it('whose handler another plugin has wrapped since is guarded once, and the owner is told', async () => {
    let runs = 0;
    const declare = (app: FastifyInstance) =>
      void app.register(async (child) => {
        child.addHook('onRoute', (route) => {
          const { handler } = route;
          route.handler = function wrapped(request, reply) {
            return handler.call(this, request, reply);
          };
        });
        await child.register(idempotency, { store: new InMemoryStore(), scope: 'public', name: 'other' });
        child.post('/wrapped', guarded, async () => ({ run: ++runs }));
      });
    const { client } = await start(declare, { guard: { name: 'second of Fastify' } });
    const sent = { path: '/wrapped', key: newKey() };
    const warnings = catchWarnings();
    try {
      expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
      expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
    } finally {
      warnings.restore();
    }
    expect(warnings.texts('RETRYSAFE_SEVERAL_GUARDS').join()).to.match(
      /^idempotency: a guard before this one/,
    );
  });

  it('has its handler called as Fastify calls it', async () => {
    const { client } = await start((app) => {
      app.decorate('bank', 'the bank');
      app.post('/this', guarded, async function () {
        return (this as unknown as { bank: string }).bank;
      });
    });
    expect((await client.send({ path: '/this', key: newKey() })).text).to.equal('the bank');
  });

  describe('is refused at once', () => {
    const store = new InMemoryStore();

    async function loaded(...plugins: readonly FastifyIdempotencyOptions[]): Promise<void> {
      const app = fastify();
      for (const options of plugins) app.register(idempotency, options);
      await app.ready();
    }

    it('by a wrong option of the plugin', async () => {
      for (const [options, message] of [
        [{ store }, /^idempotency: option "scope" is undefined/],
        [
          { store, scope: 'public', mount: 'every' },
          /^idempotency: option "mount" is a text of 5 characters; expected one of 'marked', 'all'/,
        ],
        [{ store, scope: 'public', prefix: '/x' }, /^idempotency: there is no option "prefix"/],
      ] as const) {
        const error = await rejection(loaded(options as never));
        expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_CONFIGURATION');
        expect(error).to.have.property('message').that.matches(message);
      }
    });

    it('by a wrong option of its own', async () => {
      const app = fastify();
      await app.register(idempotency, { store, scope: 'public' });
      for (const [setting, message] of [
        [{ ttl: 'soon' }, /^idempotency of POST \/wrong: option "ttl" is/],
        [{ scop: 'public' }, /^idempotency of POST \/wrong: there is no option "scop"/],
        ['yes', /^idempotency of POST \/wrong: option "config.idempotency" is a text of 3 characters/],
        [null, /^idempotency of POST \/wrong: option "config.idempotency" is null/],
      ] as const)
        expect(() =>
          app.post('/wrong', { config: { idempotency: setting as never } }, async () => 1),
        ).to.throw(message);
    });

    it('by a second plugin in its context', async () => {
      const error = await rejection(
        loaded({ store, scope: 'public' }, { store, scope: 'public', name: 'other' }),
      );
      expect(error)
        .to.have.property('message')
        .that.matches(/^idempotency: the plugin is registered twice in one context/);
    });
  });
});
