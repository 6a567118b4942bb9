import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * Loads a module as an application in that folder does, and this package as it was built last.
 *
 * @param installed Where the folder has this package. A link counts only with `--preserve-symlinks`.
 */
function loader(folder, installed = '.') {
  const require = createRequire(join(root, folder, 'package.json'));
  return (name) => {
    const own = name.startsWith('retrysafe') && exports[name.replace('retrysafe', '.')].import.default;
    return import(pathToFileURL(own ? join(root, installed, own) : require.resolve(name)).href);
  };
}

const fromRoot = loader('.');
const fromFrameworks = loader('spec/http/frameworks');
const fromNest10 = loader('spec/http/nest-10', 'spec/http/nest-10/node_modules/retrysafe');

const pause = (lengthMs) =>
  lengthMs > 0 ? new Promise((resolve) => setTimeout(resolve, lengthMs)) : undefined;
const scope = () => 'alice';

/** What each handler does: it waits, and makes a payment. */
async function pay({ amount }, waitMs) {
  await pause(waitMs);
  return { id: 'payment-1', amount, currency: 'EUR', status: 'accepted' };
}

async function guardOptions(load = fromRoot) {
  const { InMemoryStore } = await load('retrysafe');
  return { store: new InMemoryStore(), scope };
}

async function expressServer(load, name, guards, waitMs) {
  const { default: express } = await load(name);
  const app = express();
  app.use(express.json());
  app.post('/payments', ...guards, (req, res, next) => {
    pay(req.body, waitMs).then((payment) => res.status(201).json(payment), next);
  });
  return createServer(app);
}

async function expressGuard() {
  const { idempotency } = await fromRoot('retrysafe/express');
  return [idempotency(await guardOptions())];
}

/** express-idempotency, as its README sets it up: the handler asks whether the answer is a replay. */
async function expressIdempotency() {
  const { idempotency, getSharedIdempotencyService } = await fromFrameworks('express-idempotency');
  const skipReplays = (req, _res, next) => {
    if (getSharedIdempotencyService().isHit(req)) return;
    next();
  };
  return [idempotency(), skipReplays];
}

async function fastifyServer(isGuarded, waitMs) {
  const { default: fastify } = await fromRoot('fastify');
  const app = fastify();
  const config = {};
  if (isGuarded) {
    const { idempotency } = await fromRoot('retrysafe/fastify');
    await app.register(idempotency, await guardOptions());
    config.idempotency = true;
  }
  app.post('/payments', { config }, async (request, reply) => {
    const payment = await pay(request.body, waitMs);
    return reply.code(201).send(payment);
  });
  await app.ready();
  return app.server;
}

async function honoServer(isGuarded, waitMs) {
  const { Hono } = await fromRoot('hono');
  const { createAdaptorServer } = await fromRoot('@hono/node-server');
  const guards = [];
  if (isGuarded) guards.push((await fromRoot('retrysafe/hono')).idempotency(await guardOptions()));
  const app = new Hono();
  app.post('/payments', ...guards, async (c) => c.json(await pay(await c.req.json(), waitMs), 201));
  return createAdaptorServer({ fetch: app.fetch });
}

async function fetchServer(isGuarded, waitMs) {
  const { createAdaptorServer } = await fromRoot('@hono/node-server');
  const handler = async (request) => Response.json(await pay(await request.json(), waitMs), { status: 201 });
  if (!isGuarded) return createAdaptorServer({ fetch: handler });
  const { idempotent } = await fromRoot('retrysafe/http');
  return createAdaptorServer({ fetch: idempotent(handler, await guardOptions()) });
}

/** NestJS, without a compiler for its decorators: they are called. */
async function nestServer(load, guard, waitMs) {
  await load('reflect-metadata');
  const { Body, Controller, Module, Post } = await load('@nestjs/common');
  const { NestFactory } = await load('@nestjs/core');
  class Payments {
    create(body) {
      return pay(body, waitMs);
    }
  }
  const own = Object.getOwnPropertyDescriptor(Payments.prototype, 'create');
  Body()(Payments.prototype, 'create', 0);
  const { imports, decorators } = guard ? await guard(load) : { imports: [], decorators: [] };
  for (const decorator of [...decorators, Post()]) decorator(Payments.prototype, 'create', own);
  Object.defineProperty(Payments.prototype, 'create', own);
  Controller('payments')(Payments);
  class Application {}
  Module({ imports, controllers: [Payments] })(Application);
  const app = await NestFactory.create(Application, { logger: false });
  await app.init();
  return app.getHttpServer();
}

async function ownNestGuard(load) {
  const { IdempotencyModule, IdempotentRoute } = await load('retrysafe/nestjs');
  return { imports: [IdempotencyModule.forRoot(await guardOptions(load))], decorators: [IdempotentRoute()] };
}

async function nodeIdempotencyGuard(load) {
  const { NodeIdempotencyModule, Idempotent, StorageAdapterEnum } = await load('@node-idempotency/nestjs');
  const storage = { adapter: StorageAdapterEnum.memory, options: {} };
  return { imports: [NodeIdempotencyModule.forRootAsync({ storage })], decorators: [Idempotent()] };
}

/** The servers that are compared, by framework. Each makes a server that does not listen yet. */
export const frameworks = {
  'Express 5': {
    bare: (waitMs) => expressServer(fromRoot, 'express', [], waitMs),
    retrysafe: async (waitMs) => expressServer(fromRoot, 'express', await expressGuard(), waitMs),
  },
  'Express 4': {
    bare: (waitMs) => expressServer(fromFrameworks, 'express-4', [], waitMs),
    retrysafe: async (waitMs) => expressServer(fromFrameworks, 'express-4', await expressGuard(), waitMs),
    'express-idempotency': async (waitMs) =>
      expressServer(fromFrameworks, 'express-4', await expressIdempotency(), waitMs),
  },
  'Fastify 5': {
    bare: (waitMs) => fastifyServer(false, waitMs),
    retrysafe: (waitMs) => fastifyServer(true, waitMs),
  },
  'Hono 4': {
    bare: (waitMs) => honoServer(false, waitMs),
    retrysafe: (waitMs) => honoServer(true, waitMs),
  },
  'fetch handler': {
    bare: (waitMs) => fetchServer(false, waitMs),
    retrysafe: (waitMs) => fetchServer(true, waitMs),
  },
  'NestJS 11 on Express': {
    bare: (waitMs) => nestServer(fromRoot, undefined, waitMs),
    retrysafe: (waitMs) => nestServer(fromRoot, ownNestGuard, waitMs),
  },
  'NestJS 10 on Express': {
    bare: (waitMs) => nestServer(fromNest10, undefined, waitMs),
    retrysafe: (waitMs) => nestServer(fromNest10, ownNestGuard, waitMs),
    'node-idempotency': (waitMs) => nestServer(fromNest10, nodeIdempotencyGuard, waitMs),
  },
};

/** Starts a server, and resolves to its port. */
export async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
