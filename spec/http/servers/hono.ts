import type { AddressInfo } from 'node:net';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import type { Load, ServerUnderTest, TestApplication } from '../suite/test-application.js';

type App = Hono<{ Variables: { caller: string | undefined } }>;

/** Hono 4 on Node.js, by `@hono/node-server`. */
export const honoServer: ServerUnderTest = {
  title: 'retrysafe/hono',
  native: [
    '/payments/response',
    '/payments/raw-request',
    '/payments/validator',
    '/payments/form-of-parts',
    '/payments/sub-app',
    '/payments/assigned',
  ],
  without: {
    '(several header lines)': 'fetch joins header lines with a comma: each of the two is refused for that',
  },
  frameworkError: { status: 500, text: /^handled: FingerprintError$/ },
  async start(application, load) {
    const { serve } = await load('@hono/node-server');
    const app: App = new (await load('hono')).Hono();
    await prepare(app, load);
    const { idempotency } = await load('retrysafe/hono');
    const guard: MiddlewareHandler = idempotency({
      store: application.store,
      scope: (c: Context) => c.get('caller'),
      ...application.options,
    });
    await addPayments(app, guard, application, load);
    await addAnswers(app, guard, application, load);
    await addStreams(app, guard, application, load);
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
        resolve({
          port,
          close: () =>
            new Promise((closed) => {
              server.close(() => closed());
              server.closeAllConnections();
            }),
        }),
      );
    });
  },
};

/** What stands before the guard. */
async function prepare(app: App, load: Load): Promise<void> {
  const { cors } = (await load('hono/cors')) as typeof import('hono/cors');
  let remaining = 1_000_000;
  app.onError((error, c) => c.text(`handled: ${error.name}`, 500));
  app.use(async (c, next) => {
    c.header('X-Request-Id', crypto.randomUUID());
    await next();
  });
  app.use(cors());
  app.use(async (c, next) => {
    remaining -= 1;
    c.header('X-Rate-Limit-Remaining', String(remaining));
    await next();
  });
  app.use(async (c, next) => {
    const [, caller] = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '') ?? [];
    if (caller === undefined && !c.req.path.startsWith('/open') && c.req.method !== 'GET')
      return c.text('who?', 401);
    c.set('caller', caller);
    return next();
  });
}

async function addPayments(
  app: App,
  guard: MiddlewareHandler,
  application: TestApplication,
  load: Load,
): Promise<void> {
  const { validator } = await load('hono/validator');
  const paid = async (c: Context, amount: number) => {
    const run = await application.run();
    return c.json({ run, amount }, 201, { Location: `/payments/${run}`, 'X-Run': String(run) });
  };
  const isNumber = validator('json', (value: { amount?: unknown }, c: Context) =>
    typeof value.amount === 'number' ? value : c.text('`amount` is no number', 400),
  );
  app.post('/payments', guard, async (c) => {
    const { amount } = await c.req.json();
    return paid(c, amount);
  });
  app.get('/payments', guard, (c) => c.json({ ok: true }));
  app.put('/payments', guard, async (c) => c.json({ run: await application.run() }));
  app.post('/payments/response', guard, async (c) => {
    const { amount } = await c.req.json();
    const run = await application.run();
    const headers = { Location: `/payments/${run}`, 'X-Run': String(run) };
    return Response.json({ run, amount }, { status: 201, headers });
  });
  app.post('/payments/raw-request', guard, async (c) => {
    const { amount } = (await c.req.raw.json()) as { amount: number };
    return paid(c, amount);
  });
  app.post('/payments/validator', isNumber, guard, async (c) =>
    paid(c, (c.req.valid('json' as never) as { amount: number }).amount),
  );
  app.post('/payments/form-of-parts', guard, async (c) => {
    const run = await application.run();
    c.status(201);
    c.header('Location', `/payments/${run}`);
    c.header('X-Run', String(run));
    return c.body(JSON.stringify({ run, amount: (await c.req.json()).amount }));
  });
  const sub: App = new (await load('hono')).Hono();
  sub.post('/', guard, async (c) => paid(c, (await c.req.json()).amount));
  app.route('/payments/sub-app', sub);
  app.post('/payments/assigned', guard, async (c, next) => {
    c.res = await paid(c, (await c.req.json()).amount);
    void next;
  });
  app.post('/accounts/:id/payments', guard, async (c) =>
    c.json({ run: await application.run(), account: c.req.param('id') }, 201),
  );
  app.post('/open/payments', guard, async (c) => c.json({ run: await application.run() }, 201));
  app.post('/validated', isNumber, guard, async (c) => c.json({ run: await application.run() }, 201));
  app.post('/upload', guard, async (c) => {
    const form = await c.req.formData();
    if (form.get('amount') !== '1') return c.text('no amount', 400);
    return c.json({ run: await application.run() }, 201);
  });
}

async function addAnswers(
  app: App,
  guard: MiddlewareHandler,
  application: TestApplication,
  load: Load,
): Promise<void> {
  const { currentExecution } = (await load('retrysafe')) as typeof import('retrysafe');
  const { responseOutcome } = (await load('retrysafe/http')) as typeof import('retrysafe/http');
  app.post('/text', guard, async (c) => c.text(`run ${await application.run()}`));
  app.post('/html', guard, async (c) => {
    c.header('Link', '<a>; rel=x', { append: true });
    c.header('Link', '<b>; rel=y', { append: true });
    return c.html(`<p>run ${await application.run()}</p>`, 202);
  });
  app.post('/nothing', guard, async (c) => {
    await application.run();
    return c.body(null, 204);
  });
  app.post('/redirect', guard, async (c) => c.redirect(`/payments/${await application.run()}`, 303));
  app.post('/bytes', guard, async (c) => {
    const run = await application.run();
    const bytes = Uint8Array.from({ length: 257 }, (_, index) => (index === 256 ? run : index));
    return c.body(bytes, 200, { 'Content-Type': 'application/octet-stream' });
  });
  app.post('/status/:status', guard, async (c) =>
    c.json({ run: await application.run() }, Number(c.req.param('status')) as 200),
  );
  app.post('/private', guard, async (c) => {
    const run = await application.run();
    c.header('Set-Cookie', `session=${run}`);
    c.header('Connection', 'keep-alive');
    return c.json({ run });
  });
  app.post('/large', guard, async (c) => {
    await application.run();
    return c.text('x'.repeat(400_000));
  });
  app.post('/execution', guard, async (c) => {
    await application.run();
    const { key, attempt, signal } = currentExecution();
    application.see(signal);
    return c.json({ key, attempt });
  });
  app.post('/completion', guard, async (c) => {
    const run = await application.run();
    const outcome = responseOutcome({ status: 201, body: { run } });
    const { record, token } = await currentExecution().completion(outcome);
    await application.store.replace(record, token);
    return c.json({ run }, 201);
  });
}

async function addStreams(
  app: App,
  guard: MiddlewareHandler,
  application: TestApplication,
  load: Load,
): Promise<void> {
  const { stream } = (await load('hono/streaming')) as typeof import('hono/streaming');
  app.post('/stream', guard, async (c) => {
    await application.run();
    c.header('Content-Type', 'application/x-ndjson');
    return stream(c, async (out) => {
      for await (const part of application.parts()) await out.write(part);
    });
  });
  app.post('/download', guard, async (c) => {
    await application.run();
    c.header('Content-Type', 'application/octet-stream');
    c.header('Content-Length', '10');
    return stream(c, async (out) => {
      await out.write('01234');
      for await (const _ of application.parts()) break;
      await out.write('56789');
    });
  });
  app.post('/broken', guard, async (c) => {
    await application.run();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('begun')),
      pull: () => Promise.reject(new Error('the stream broke')),
    });
    return c.body(body, 200, { 'Content-Type': 'text/plain' });
  });
}
