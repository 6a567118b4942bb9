import type { AddressInfo } from 'node:net';
import type { ServerUnderTest, TestApplication } from '../suite/test-application.js';

const callers = new WeakMap<Request, string | undefined>();

/** `retrysafe/http` on Node.js: handlers that get a `Request` and return a `Response`. */
export const fetchServer: ServerUnderTest = {
  title: 'retrysafe/http',
  without: {
    '(several header lines)': 'fetch joins header lines with a comma: each of the two is refused for that',
    '/validated': 'nothing validates before the handler',
  },
  async start(application, load) {
    const { serve } = await load('@hono/node-server');
    const { idempotent, responseOutcome } = await load('retrysafe/http');
    const { currentExecution } = await load('retrysafe');
    const routes = handlers(application, { currentExecution, responseOutcome });
    const options = {
      store: application.store,
      scope: (request: Request) => callers.get(request),
      ...application.options,
    };
    const guarded = routes.map(([method, pattern, handler]) => {
      const route = pattern.replace(/\(.*?\)/g, ':id');
      return [method, new RegExp(`^${pattern}$`), idempotent(handler, { ...options, route })] as const;
    });
    let remaining = 1_000_000;
    const answer = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      if (request.method === 'GET' || request.method === 'HEAD') return Response.json({ ok: true });
      const [, caller] = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
      if (caller === undefined && !pathname.startsWith('/open')) return new Response('who?', { status: 401 });
      callers.set(request, caller);
      const found = guarded.find(([method, pattern]) => method === request.method && pattern.test(pathname));
      return found ? found[2](request) : new Response(null, { status: 404 });
    };
    const fetch = async (request: Request): Promise<Response> => {
      const response = await answer(request).catch(() => new Response('failed', { status: 500 }));
      const headers = new Headers(response.headers);
      headers.set('X-Request-Id', crypto.randomUUID());
      headers.set('Access-Control-Allow-Origin', '*');
      remaining -= 1;
      headers.set('X-Rate-Limit-Remaining', String(remaining));
      return new Response(response.body, { status: response.status, headers });
    };
    return new Promise((resolve) => {
      const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
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

type Handler = (request: Request) => Promise<Response>;

interface Library {
  readonly currentExecution: typeof import('retrysafe').currentExecution;
  readonly responseOutcome: typeof import('retrysafe/http').responseOutcome;
}

function handlers(
  application: TestApplication,
  { currentExecution, responseOutcome }: Library,
): (readonly [method: string, pattern: string, handler: Handler])[] {
  const encoder = new TextEncoder();
  const streamed = (texts: AsyncIterable<string>) =>
    ReadableStream.from(
      (async function* () {
        for await (const text of texts) yield encoder.encode(text);
      })(),
    );
  const pay: Handler = async (request) => {
    const run = await application.run();
    const { amount } = (await request.json()) as { amount: number };
    const headers = { Location: `/payments/${run}`, 'X-Run': String(run) };
    return Response.json({ run, amount }, { status: 201, headers });
  };
  const created: Handler = async () => Response.json({ run: await application.run() }, { status: 201 });
  return [
    ['POST', '/payments', pay],
    ['PUT', '/payments', async () => Response.json({ run: await application.run() })],
    [
      'POST',
      '/accounts/([^/]+)/payments',
      async (request) => {
        const [, , id] = new URL(request.url).pathname.split('/');
        return Response.json({ run: await application.run(), account: id }, { status: 201 });
      },
    ],
    ['POST', '/open/payments', created],
    ['POST', '/upload', created],
    ['POST', '/text', async () => new Response(`run ${await application.run()}`)],
    [
      'POST',
      '/html',
      async () => {
        const headers = new Headers({ 'Content-Type': 'text/html; charset=utf-8' });
        headers.append('Link', '<a>; rel=x');
        headers.append('Link', '<b>; rel=y');
        return new Response(`<p>run ${await application.run()}</p>`, { status: 202, headers });
      },
    ],
    [
      'POST',
      '/nothing',
      async () => {
        await application.run();
        return new Response(null, { status: 204 });
      },
    ],
    [
      'POST',
      '/redirect',
      async () => {
        const headers = { Location: `/payments/${await application.run()}` };
        return new Response(null, { status: 303, headers });
      },
    ],
    [
      'POST',
      '/bytes',
      async () => {
        const run = await application.run();
        const bytes = Uint8Array.from({ length: 257 }, (_, index) => (index === 256 ? run : index));
        return new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
      },
    ],
    [
      'POST',
      '/status/([0-9]+)',
      async (request) => {
        const status = Number(new URL(request.url).pathname.split('/')[2]);
        return Response.json({ run: await application.run() }, { status });
      },
    ],
    [
      'POST',
      '/private',
      async () => {
        const run = await application.run();
        return Response.json(
          { run },
          { headers: { 'Set-Cookie': `session=${run}`, Connection: 'keep-alive' } },
        );
      },
    ],
    [
      'POST',
      '/stream',
      async () => {
        await application.run();
        const headers = { 'Content-Type': 'application/x-ndjson' };
        return new Response(streamed(application.parts()), { headers });
      },
    ],
    [
      'POST',
      '/download',
      async () => {
        await application.run();
        const parts = (async function* () {
          yield '01234';
          for await (const _ of application.parts()) break;
          yield '56789';
        })();
        const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': '10' };
        return new Response(streamed(parts), { headers });
      },
    ],
    [
      'POST',
      '/large',
      async () => {
        await application.run();
        return new Response('x'.repeat(400_000), { headers: { 'Content-Type': 'text/plain' } });
      },
    ],
    [
      'POST',
      '/broken',
      async () => {
        await application.run();
        const parts = (async function* () {
          yield 'begun';
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error('the stream broke');
        })();
        return new Response(streamed(parts), { headers: { 'Content-Type': 'text/plain' } });
      },
    ],
    [
      'POST',
      '/execution',
      async () => {
        await application.run();
        const { key, attempt, signal } = currentExecution();
        application.see(signal);
        return Response.json({ key, attempt });
      },
    ],
    [
      'POST',
      '/completion',
      async () => {
        const run = await application.run();
        const outcome = responseOutcome({ status: 201, body: { run } });
        const { record, token } = await currentExecution().completion(outcome);
        await application.store.replace(record, token);
        return Response.json({ run }, { status: 201 });
      },
    ],
  ];
}
