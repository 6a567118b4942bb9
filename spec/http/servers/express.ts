import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { Load, ServerUnderTest, TestApplication } from '../suite/test-application.js';

type Handler = (req: Request, res: Response) => Promise<unknown>;
type Route = readonly [method: 'post' | 'put', path: string, handler: Handler];
type Called = Request & { user?: { readonly id: string } };

const native = ['/payments/sent', '/payments/written', '/payments/head'];
const frameworkError = { status: 422, text: /^handled: ERR_IDEMPOTENCY_FINGERPRINT$/ };
const without = { '/validated': 'Express validates nothing' };

/** `retrysafe/express` on Express 5. */
export const expressServer: ServerUnderTest = {
  title: 'retrysafe/express on Express 5',
  native,
  frameworkError,
  without,
  start: (application, load) => start(application, load, { express: 'express', isCatching: true }),
};

/** `retrysafe/express` on Express 4, with multer for forms. */
export const express4Server: ServerUnderTest = {
  title: 'retrysafe/express on Express 4',
  native,
  frameworkError,
  without,
  start: (application, load) =>
    start(application, load, { express: 'express-4', multer: 'multer', isCatching: false }),
};

interface Variant {
  readonly express: string;
  readonly multer?: string;
  /** Whether Express sees that an asynchronous handler fails. */
  readonly isCatching: boolean;
}

async function start(
  application: TestApplication,
  load: Load,
  { express: name, multer, isCatching }: Variant,
) {
  const loaded = await load(name);
  const express = loaded.default ?? loaded;
  const app: Express = express();
  // Otherwise Express prints the errors of its handlers.
  app.set('env', 'test');
  let remaining = 1_000_000;
  app.use((_req: Request, res: Response, next: NextFunction) => {
    remaining -= 1;
    res.set('X-Request-Id', crypto.randomUUID());
    res.set('Access-Control-Allow-Origin', '*');
    res.set('X-Rate-Limit-Remaining', String(remaining));
    next();
  });
  app.get('/payments', (_req: Request, res: Response) => void res.json({ ok: true }));
  app.use((req: Called, res: Response, next: NextFunction) => {
    const [, id] = /^Bearer (.+)$/.exec(req.get('authorization') ?? '') ?? [];
    if (id !== undefined) req.user = { id };
    if (id === undefined && !req.path.startsWith('/open')) res.status(401).send('who?');
    else next();
  });
  app.use(express.json());
  if (multer) {
    const module = await load(multer);
    app.use('/upload', (module.default ?? module)().any());
  }
  const { idempotency } = await load('retrysafe/express');
  const { store, options } = application;
  const guard = idempotency({ store, scope: (req: Called) => req.user?.id, ...options });
  const routes = [...handlers(application, await load('retrysafe')), ...completing(application, load)];
  for (const [method, path, handler] of routes)
    app[method](path, guard, isCatching ? (handler as RequestHandler) : caught(handler));
  app.use(
    (error: { code?: string; statusCode?: number }, _req: Request, res: Response, next: NextFunction) => {
      if (!error.code?.startsWith('ERR_IDEMPOTENCY_')) return next(error);
      res.status(error.statusCode ?? 500).send(`handled: ${error.code}`);
    },
  );
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Hands errors of an asynchronous handler on, as applications on Express 4 do. */
function caught(handler: Handler): RequestHandler {
  return (req, res, next) => void handler(req, res).catch(next);
}

function handlers(
  application: TestApplication,
  { currentExecution }: typeof import('retrysafe'),
): readonly Route[] {
  const paid = async (req: Request, res: Response) => {
    const run = await application.run();
    return { run, body: { run, amount: req.body?.amount }, location: `/payments/${run}`, res };
  };
  const created: Handler = async (_req, res) => res.status(201).json({ run: await application.run() });
  return [
    [
      'post',
      '/payments',
      async (req, res) => {
        const { run, body, location } = await paid(req, res);
        res.status(201).location(location).set('X-Run', String(run)).json(body);
      },
    ],
    [
      'post',
      '/payments/sent',
      async (req, res) => {
        const { run, body, location } = await paid(req, res);
        res.statusCode = 201;
        res.setHeader('Location', location);
        res.setHeader('X-Run', run);
        res.send(Buffer.from(JSON.stringify(body)));
      },
    ],
    [
      'post',
      '/payments/written',
      async (req, res) => {
        const { body, location } = await paid(req, res);
        res.status(201).set({ Location: location, 'Content-Type': 'application/json' });
        const text = JSON.stringify(body);
        res.write(text.slice(0, 5));
        res.write(Buffer.from(text.slice(5, 8)).toString('hex'), 'hex');
        res.end(text.slice(8), 'latin1');
      },
    ],
    [
      'post',
      '/payments/head',
      async (req, res) => {
        const { body, location } = await paid(req, res);
        const text = JSON.stringify(body);
        res.writeHead(201, 'Made', ['Location', location, 'Link', '<a>; rel=x', 'Link', '<b>; rel=y']);
        res.end(text);
      },
    ],
    ['put', '/payments', async (_req, res) => res.json({ run: await application.run() })],
    [
      'post',
      '/accounts/:id/payments',
      async (req, res) => res.status(201).json({ run: await application.run(), account: req.params.id }),
    ],
    ['post', '/open/payments', created],
    ['post', '/upload', created],
    ['post', '/text', async (_req, res) => res.type('text/plain').send(`run ${await application.run()}`)],
    [
      'post',
      '/html',
      async (_req, res) => {
        const run = await application.run();
        res.status(202).set('Link', ['<a>; rel=x', '<b>; rel=y'] as never);
        res.type('text/html; charset=utf-8').send(`<p>run ${run}</p>`);
      },
    ],
    [
      'post',
      '/nothing',
      async (_req, res) => {
        await application.run();
        res.sendStatus(204);
      },
    ],
    ['post', '/redirect', async (_req, res) => res.redirect(303, `/payments/${await application.run()}`)],
    [
      'post',
      '/bytes',
      async (_req, res) => {
        const run = await application.run();
        res.send(Buffer.from([...Array.from({ length: 256 }, (_, index) => index), run]));
      },
    ],
    [
      'post',
      '/status/:status',
      async (req, res) => res.status(Number(req.params.status)).json({ run: await application.run() }),
    ],
    [
      'post',
      '/private',
      async (_req, res) => {
        const run = await application.run();
        res.cookie('session', String(run), { path: '' }).set('Connection', 'keep-alive').json({ run });
      },
    ],
    ...streaming(application),
    [
      'post',
      '/execution',
      async (_req, res) => {
        await application.run();
        const { key, attempt, signal } = currentExecution();
        application.see(signal);
        res.json({ key, attempt });
      },
    ],
  ];
}

function streaming(application: TestApplication): readonly Route[] {
  return [
    [
      'post',
      '/stream',
      async (_req, res) => {
        await application.run();
        res.type('application/x-ndjson');
        await pipeline(Readable.from(application.parts()), res);
      },
    ],
    [
      'post',
      '/download',
      async (_req, res) => {
        await application.run();
        res.type('application/octet-stream').set('Content-Length', '10');
        res.write('01234');
        for await (const _ of application.parts()) break;
        res.write('56789');
        res.end();
      },
    ],
    [
      'post',
      '/large',
      async (_req, res) => {
        await application.run();
        res.type('text/plain').send('x'.repeat(400_000));
      },
    ],
    [
      'post',
      '/broken',
      async (_req, res) => {
        await application.run();
        const parts = async function* () {
          yield 'begun';
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error('the stream broke');
        };
        res.type('text/plain');
        await pipeline(Readable.from(parts()), res);
      },
    ],
  ];
}

function completing(application: TestApplication, load: Load): readonly Route[] {
  const handler: Handler = async (_req, res) => {
    const { currentExecution } = await load('retrysafe');
    const { responseOutcome } = await load('retrysafe/http');
    const run = await application.run();
    const outcome = responseOutcome({ status: 201, body: { run } });
    const { record, token } = await currentExecution().completion(outcome);
    await application.store.replace(record, token);
    res.status(201).json({ run });
  };
  return [['post', '/completion', handler]];
}
