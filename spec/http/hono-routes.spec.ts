import { expect } from 'chai';
import { Hono, type MiddlewareHandler } from 'hono';
import { every } from 'hono/combine';
import { createFactory, createMiddleware } from 'hono/factory';
import { ConfigurationError, currentExecution, InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import { catchWarnings } from '../support/process-warnings.js';

const init = (key?: string, method = 'POST'): RequestInit => ({
  method,
  body: '{}',
  headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
});

// No server is needed for these: `app.request()` calls the application.
describe('where a guard of Hono stands', () => {
  let guard: MiddlewareHandler;
  let app: Hono;
  const operation = (c: { text(text: string): Response }) => c.text(currentExecution().operation);

  beforeEach(() => {
    guard = idempotency({ store: new InMemoryStore(), scope: 'public' });
    app = new Hono();
  });

  const answers = async (path: string, method = 'POST') => {
    const without = await app.request(path, init(undefined, method));
    const withKey = await app.request(path, init('k', method));
    return [without.status, await withKey.text()];
  };

  // A request without a key is refused on a route. The operation has the pattern of the handler's route.
  const routes: Record<string, [register: () => unknown, path: string, status: number, operation: string]> = {
    'app.post(path, guard, handler)': [
      () => app.post('/payments/:id', guard, operation),
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'app.post(path, guard) and app.post(path, handler)': [
      () => {
        app.post('/payments/:id', guard);
        app.post('/payments/:id', operation);
      },
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'app.on(methods, paths, guard, handler)': [
      () => app.on(['PUT', 'POST'], ['/a/:id', '/b/:id'], guard, operation),
      '/b/7',
      400,
      'http POST /b/:id',
    ],
    'app.all(path, guard, handler)': [
      () => app.all('/payments/:id', guard, operation),
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'app.post(path with a wildcard, guard, handler)': [
      () => app.post('/files/*', guard, operation),
      '/files/a/b',
      400,
      'http POST /files/*',
    ],
    'app.use(the path of a route, guard)': [
      () => {
        app.use('/payments/:id', guard);
        app.post('/payments/:id', operation);
      },
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'app.basePath()': [
      () => {
        app = new Hono().basePath('/v1');
        app.post('/payments/:id', guard, operation);
      },
      '/v1/payments/7',
      400,
      'http POST /v1/payments/:id',
    ],
    'a sub-application below a parameter': [
      () => {
        const sub = new Hono();
        sub.post('/payments/:id{[0-9]+}', guard, operation);
        app.route('/tenants/:tenant', sub);
      },
      '/tenants/t/payments/7',
      400,
      'http POST /tenants/:tenant/payments/:id{[0-9]+}',
    ],
    'a sub-application with an error handler of its own': [
      () => {
        const sub = new Hono().onError((error) => {
          throw error;
        });
        sub.post('/payments/:id', guard, operation);
        app.route('/tenants/:tenant', sub);
      },
      '/tenants/t/payments/7',
      400,
      'http POST /tenants/:tenant/payments/:id',
    ],
    'app.use(guard)': [
      () => {
        app.use(guard);
        app.use('/payments/*', (_, next) => next());
        app.post('/payments/:id', (_, next) => next(), operation);
        app.all('*', (c) => c.notFound());
      },
      '/payments/7',
      500,
      'http POST /payments/:id',
    ],
    'app.use(a wildcard, guard)': [
      () => {
        app.use('/payments/*', guard);
        app.all('/payments/:id', operation);
        app.all('/*', (c) => c.notFound());
      },
      '/payments/7',
      500,
      'http POST /payments/:id',
    ],
    'app.use(guard) before a handler of all paths': [
      () => {
        app.use(guard);
        app.all('*', operation);
      },
      '/payments/7',
      500,
      'http POST /*',
    ],
    'a sub-application that has it for itself': [
      () => {
        const sub = new Hono();
        sub.use(guard);
        sub.post('/payments/:id', operation);
        app.route('/tenants/:tenant', sub);
      },
      '/tenants/t/payments/7',
      500,
      'http POST /tenants/:tenant/payments/:id',
    ],
    'a middleware that calls it': [
      () =>
        app.post(
          '/payments/:id',
          createMiddleware((c, next) => guard(c, next)),
          operation,
        ),
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'every()': [
      () =>
        app.post(
          '/payments/:id',
          every((_, next) => next(), guard),
          operation,
        ),
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
    'createHandlers()': [
      () => app.post('/payments/:id', ...createFactory().createHandlers(guard, operation)),
      '/payments/7',
      400,
      'http POST /payments/:id',
    ],
  };
  for (const [name, [register, path, status, expected]] of Object.entries(routes))
    it(`${name}: a key is ${status === 400 ? 'required' : 'not required'}, and belongs to the route`, async () => {
      app.onError((error, c) =>
        // Outside of a guard there is no execution.
        error instanceof ConfigurationError ? c.text('not guarded', 500) : c.text('failed', 501),
      );
      register();
      expect(await answers(path)).to.deep.equal([status, expected]);
    });

  it('the option `required` overrules both', async () => {
    const options = { store: new InMemoryStore(), scope: 'public' } as const;
    app.post('/optional', idempotency({ ...options, required: false }), (c) => c.text('ran'));
    app.use('/required/*', idempotency({ ...options, required: true }));
    app.post('/required/payments', (c) => c.text('ran'));
    expect((await app.request('/optional', init())).status).to.equal(200);
    expect((await app.request('/required/payments', init())).status).to.equal(400);
  });

  it('what only reads passes', async () => {
    app.use(idempotency({ store: new InMemoryStore(), scope: 'public', required: true }));
    app.get('/', (c) => c.text('read'));
    app.options('/', (c) => c.text('options'));
    expect(await (await app.request('/', { headers: { 'idempotency-key': 'k' } })).text()).to.equal('read');
    expect((await app.request('/', { method: 'HEAD' })).status).to.equal(200);
    expect(await (await app.request('/', { method: 'OPTIONS' })).text()).to.equal('options');
  });

  it('no handler: the answer is that of the application, and is recorded', async () => {
    app.use(guard);
    app.notFound((c) => c.text('nothing here', 404));
    const [first, second] = [await app.request('/x', init('k')), await app.request('/x', init('k'))];
    expect([first.status, await first.text()]).to.deep.equal([404, 'nothing here']);
    expect([second.status, second.headers.get('idempotency-replayed')]).to.deep.equal([404, 'true']);
  });

  it('before another guard: the first one guards, and the owner is told', async () => {
    let runs = 0;
    const warnings = catchWarnings();
    app.use(guard);
    const inner = idempotency({ store: new InMemoryStore(), scope: 'public', name: 'second of Hono' });
    app.post('/', inner, (c) => c.text(`run ${++runs}`));
    const texts = [];
    for (const _ of [1, 2]) texts.push(await (await app.request('/', init('k'))).text());
    expect(texts).to.deep.equal(['run 1', 'run 1']);
    warnings.restore();
    expect(warnings.texts('RETRYSAFE_SEVERAL_GUARDS').join()).to.match(
      /^idempotency: a guard before this one/,
    );
    expect((await app.request('/', init())).status).to.equal(400);
  });

  it('after a validator: what that refuses is no outcome', async () => {
    const only = (wanted: string): MiddlewareHandler =>
      async function validate(c, next) {
        if ((await c.req.json()).is !== wanted) return c.text('refused', 400);
        return next();
      };
    const send = (path: string, is: string) =>
      app.request(path, { ...init('k'), body: JSON.stringify({ is }) });
    app.post('/before', only('right'), guard, (c) => c.text('ran'));
    app.post('/after', guard, only('right'), (c) => c.text('ran'));
    expect((await send('/before', 'wrong')).status).to.equal(400);
    expect((await send('/before', 'right')).status).to.equal(200);
    expect((await send('/after', 'wrong')).status).to.equal(400);
    expect((await send('/after', 'right')).status).to.equal(422);
  });

  it('two paths of one route are two requests of one key', async () => {
    app.post('/payments/:id', guard, (c) => c.text(c.req.param('id')));
    expect(await (await app.request('/payments/1', init('k'))).text()).to.equal('1');
    expect((await app.request('/payments/2', init('k'))).status).to.equal(422);
    expect((await app.request('/payments/1?x', init('k'))).status).to.equal(422);
  });

  it('a wrong option is refused at once', () => {
    expect(() => idempotency({ scope: 'public', ttl: -1 } as never)).to.throw(ConfigurationError, /ttl/);
    expect(() => idempotency({ store: new InMemoryStore() } as never)).to.throw(ConfigurationError, /scope/);
    expect(() => idempotency({ scope: 'public', path: '/' } as never)).to.throw(ConfigurationError, /path/);
    expect(() => (idempotency as () => unknown)()).to.throw(ConfigurationError, /idempotency/);
  });
});
