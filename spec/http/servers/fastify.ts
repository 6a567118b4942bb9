import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ServerUnderTest, TestApplication } from '../suite/test-application.js';

/** `retrysafe/fastify` on Fastify 5. */
export const fastifyServer: ServerUnderTest = {
  title: 'retrysafe/fastify',
  native: ['sent', 'sent-later', 'response', 'serialized', 'raw', 'hijacked'].map(
    (way) => `/payments/${way}`,
  ),
  frameworkError: { status: 422, text: /^handled: FingerprintError/ },
  async start(application, load) {
    const { fastify } = await load('fastify');
    const { idempotency } = await load('retrysafe/fastify');
    const library = { ...(await load('retrysafe')), ...(await load('retrysafe/http')) };
    const app = fastify({ forceCloseConnections: true });
    before(app);
    await app.register(idempotency, {
      store: application.store,
      scope: (request: { user?: string }) => request.user,
      ...application.options,
    });
    if (application.options.errors === 'framework') {
      app.setErrorHandler((error: Error & { statusCode: number }, _request: unknown, reply: Reply) =>
        reply.code(error.statusCode).send(`handled: ${error.name}`),
      );
    }
    payments(app, application);
    bodies(app, application);
    executions(app, application, library);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: app.server.address().port, close: () => app.close() };
  },
};

// biome-ignore lint/suspicious/noExplicitAny: Fastify of the application's own module system
type App = any;
// biome-ignore lint/suspicious/noExplicitAny: as above
type Reply = any;
type Request = {
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly body: { readonly amount: number };
  readonly params: Readonly<Record<string, string>>;
  user?: string;
};

const guarded = { config: { idempotency: true } };

function before(app: App): void {
  let remaining = 1_000_000;
  app.decorateRequest('user', undefined);
  app.addHook('onRequest', async (request: Request, reply: Reply) => {
    remaining -= 1;
    reply.headers({
      'X-Request-Id': randomUUID(),
      'Access-Control-Allow-Origin': '*',
      'X-Rate-Limit-Remaining': remaining,
    });
    const [, user] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (user === undefined && !request.url.startsWith('/open')) return reply.code(401).send('who?');
    if (user !== undefined) request.user = user;
  });
  // The test of uploads has no plugin for forms: their bytes are compared.
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, async () => ({}));
}

function payments(app: App, application: TestApplication): void {
  const paid = async ({ body }: Request, reply: Reply) => {
    const run = await application.run();
    reply.code(201).headers({ Location: `/payments/${run}`, 'X-Run': run });
    return { run, amount: body.amount };
  };
  app.get('/payments', guarded, async () => ({ ok: true }));
  app.post('/payments', guarded, paid);
  app.put('/payments', guarded, async () => ({ run: await application.run() }));
  app.post('/payments/sent', guarded, async (request: Request, reply: Reply) =>
    reply.send(await paid(request, reply)),
  );
  app.post('/payments/sent-later', guarded, (request: Request, reply: Reply) => {
    paid(request, reply).then(
      (body) => reply.send(body),
      (error) => reply.send(error),
    );
  });
  app.post('/payments/response', guarded, async ({ body }: Request) => {
    const run = await application.run();
    const headers = { Location: `/payments/${run}`, 'X-Run': String(run) };
    return Response.json({ run, amount: body.amount }, { status: 201, headers });
  });
  const written = async (request: Request, reply: Reply) => {
    const body = JSON.stringify(await paid(request, reply));
    reply.raw.writeHead(201, { ...reply.getHeaders(), 'Content-Type': 'application/json' });
    reply.raw.end(body);
  };
  app.post('/payments/raw', guarded, written);
  app.post('/payments/hijacked', guarded, async (request: Request, reply: Reply) => {
    reply.hijack();
    await written(request, reply);
  });
  const response = {
    201: { type: 'object', properties: { run: { type: 'integer' }, amount: { type: 'integer' } } },
  };
  app.post(
    '/payments/serialized',
    { ...guarded, schema: { response } },
    async (request: Request, reply: Reply) => ({
      ...(await paid(request, reply)),
      secret: 'kept',
    }),
  );
  const amount = { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } };
  app.post('/validated', { ...guarded, schema: { body: amount } }, async (_: Request, reply: Reply) =>
    reply.code(201).send({ run: await application.run() }),
  );
  app.post('/accounts/:id/payments', guarded, async ({ params }: Request, reply: Reply) => {
    reply.code(201);
    return { run: await application.run(), account: params.id };
  });
  app.post('/open/payments', guarded, async (_: Request, reply: Reply) => {
    reply.code(201);
    return { run: await application.run() };
  });
  app.post('/upload', guarded, async (_: Request, reply: Reply) =>
    reply.code(201).send({ run: await application.run() }),
  );
}

function bodies(app: App, application: TestApplication): void {
  app.post('/text', guarded, async () => `run ${await application.run()}`);
  app.post('/html', guarded, async (_: Request, reply: Reply) => {
    reply.code(202).type('text/html; charset=utf-8').header('Link', ['<a>; rel=x', '<b>; rel=y']);
    return `<p>run ${await application.run()}</p>`;
  });
  app.post('/nothing', guarded, async (_: Request, reply: Reply) => {
    await application.run();
    return reply.code(204).send();
  });
  app.post('/redirect', guarded, async (_: Request, reply: Reply) =>
    reply.redirect(`/payments/${await application.run()}`, 303),
  );
  app.post('/bytes', guarded, async () => {
    const run = await application.run();
    return Uint8Array.from({ length: 257 }, (_, index) => (index === 256 ? run : index));
  });
  app.post('/status/:status', guarded, async ({ params }: Request, reply: Reply) => {
    reply.code(Number(params.status));
    return { run: await application.run() };
  });
  app.post('/private', guarded, async (_: Request, reply: Reply) => {
    const run = await application.run();
    const remaining = reply.getHeader('x-rate-limit-remaining');
    reply.headers({
      'Set-Cookie': `session=${run}`,
      Connection: 'keep-alive',
      'X-Rate-Limit-Remaining': remaining,
    });
    return { run };
  });
  app.post('/stream', guarded, async (_: Request, reply: Reply) => {
    await application.run();
    return reply.type('application/x-ndjson').send(Readable.from(application.parts()));
  });
  app.post('/download', guarded, async (_: Request, reply: Reply) => {
    await application.run();
    reply.headers({ 'Content-Type': 'application/octet-stream', 'Content-Length': 10 });
    return Readable.from(
      (async function* () {
        yield '01234';
        for await (const _ of application.parts()) break;
        yield '56789';
      })(),
    );
  });
  app.post('/large', guarded, async () => {
    await application.run();
    return 'x'.repeat(400_000);
  });
  app.post('/broken', guarded, async (_: Request, reply: Reply) => {
    await application.run();
    reply.type('text/plain');
    return Readable.from(
      (async function* () {
        yield 'begun';
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('the stream broke');
      })(),
    );
  });
}

interface Library {
  readonly currentExecution: typeof import('retrysafe').currentExecution;
  readonly responseOutcome: typeof import('retrysafe/http').responseOutcome;
}

function executions(
  app: App,
  application: TestApplication,
  { currentExecution, responseOutcome }: Library,
): void {
  app.post('/execution', guarded, async () => {
    await application.run();
    const { key, attempt, signal } = currentExecution();
    application.see(signal);
    return { key, attempt };
  });
  app.post('/completion', guarded, async (_: Request, reply: Reply) => {
    const run = await application.run();
    const outcome = responseOutcome({ status: 201, body: { run } });
    const { record, token } = await currentExecution().completion(outcome);
    await application.store.replace(record, token);
    return reply.code(201).send({ run });
  });
}
