import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { idempotency } from '../guide/koa-adapter.js';
import type { Load, ServerUnderTest, TestApplication } from '../suite/test-application.js';

// Koa has no types of its own, and is not installed where types are checked.
// biome-ignore lint/suspicious/noExplicitAny: as above
type Context = any;

type Handler = (ctx: Context, run: number) => unknown;

/** Koa, with the adapter of the guide. */
export const koaServer: ServerUnderTest = {
  title: 'Koa, with the adapter of the guide',
  without: {
    '(patterns)': 'Koa has no routes',
    '/validated': 'nothing validates before the handler',
    '/upload': 'nothing reads forms',
  },
  async start(application, load) {
    const { default: Koa = await load('koa') } = await load('koa');
    const app = new Koa();
    app.silent = true;
    let remaining = 1_000_000;
    app.use(async (ctx: Context, next: () => Promise<void>) => {
      remaining -= 1;
      ctx.set('X-Request-Id', crypto.randomUUID());
      ctx.set('Access-Control-Allow-Origin', '*');
      ctx.set('X-Rate-Limit-Remaining', String(remaining));
      if (ctx.method === 'GET' || ctx.method === 'HEAD') {
        ctx.body = { ok: true };
        return;
      }
      const [, caller] = /^Bearer (.+)$/.exec(ctx.get('authorization')) ?? [];
      if (caller === undefined && !ctx.path.startsWith('/open')) {
        ctx.status = 401;
        ctx.body = 'who?';
        return;
      }
      ctx.state.user = caller;
      await parse(ctx);
      await next();
    });
    const scope = (ctx: Context) => ctx.state.user;
    app.use(idempotency({ store: application.store, scope, ...application.options }));
    const handlers = await handlersOf(application, load);
    app.use(async (ctx: Context) => {
      const found = Object.entries(handlers).find(([route]) => matches(route, ctx));
      if (found) await found[1](ctx, await application.run());
    });
    return listening(app.callback());
  },
};

function matches(route: string, { method, path }: Context): boolean {
  const [wanted, pattern = ''] = route.split(' ');
  return wanted === method && new RegExp(`^${pattern}$`).test(path);
}

async function parse(ctx: Context): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  ctx.request.body = text === '' ? undefined : JSON.parse(text);
}

async function handlersOf(application: TestApplication, load: Load): Promise<Record<string, Handler>> {
  const { currentExecution } = await load('retrysafe');
  const { responseOutcome } = await load('retrysafe/http');
  const json = (status: number): Handler => {
    return (ctx, run) => {
      ctx.status = status;
      ctx.body = { run };
    };
  };
  return {
    'POST /payments'(ctx, run) {
      ctx.status = 201;
      ctx.set('Location', `/payments/${run}`);
      ctx.set('X-Run', String(run));
      ctx.body = { run, amount: ctx.request.body.amount };
    },
    'PUT /payments': json(200),
    'POST /accounts/.+/payments': json(201),
    'POST /open/payments': json(201),
    'POST /text'(ctx, run) {
      ctx.body = `run ${run}`;
    },
    'POST /html'(ctx, run) {
      ctx.status = 202;
      ctx.type = 'html';
      ctx.append('Link', '<a>; rel=x');
      ctx.append('Link', '<b>; rel=y');
      ctx.body = `<p>run ${run}</p>`;
    },
    'POST /nothing'(ctx) {
      ctx.status = 204;
    },
    'POST /redirect'(ctx, run) {
      ctx.status = 303;
      ctx.redirect(`/payments/${run}`);
    },
    'POST /bytes'(ctx, run) {
      ctx.body = Buffer.from([...Array.from({ length: 256 }, (_, index) => index), run]);
    },
    'POST /status/.+'(ctx, run) {
      ctx.status = Number(ctx.path.split('/')[2]);
      ctx.body = { run };
    },
    'POST /private'(ctx, run) {
      ctx.append('Set-Cookie', `session=${run}`);
      ctx.body = { run };
    },
    'POST /stream'(ctx) {
      ctx.type = 'application/x-ndjson';
      ctx.body = Readable.from(application.parts());
    },
    'POST /download'(ctx) {
      ctx.length = 10;
      ctx.type = 'application/octet-stream';
      ctx.body = Readable.from(
        (async function* () {
          yield '01234';
          for await (const _ of application.parts()) break;
          yield '56789';
        })(),
      );
      ctx.length = 10;
    },
    'POST /large'(ctx) {
      ctx.body = 'x'.repeat(400_000);
    },
    'POST /broken'(ctx) {
      const stream = new PassThrough();
      stream.write('begun');
      setImmediate(() => stream.destroy(new Error('the stream broke')));
      ctx.body = stream;
    },
    'POST /execution'(ctx) {
      const { key, attempt, signal } = currentExecution();
      application.see(signal);
      ctx.body = { key, attempt };
    },
    async 'POST /completion'(ctx, run) {
      const outcome = responseOutcome({ status: 201, body: { run } });
      const { record, token } = await currentExecution().completion(outcome);
      await application.store.replace(record, token);
      ctx.status = 201;
      ctx.body = { run };
    },
  };
}

async function listening(listener: RequestListener): ReturnType<ServerUnderTest['start']> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
