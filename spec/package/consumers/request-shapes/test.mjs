import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';

/** A method of a service that takes what a framework hands over. */
function placing(name) {
  let runs = 0;
  return makeIdempotent(async (_request) => ({ run: ++runs }), {
    name: `holds.${name}`,
    key: "header('Idempotency-Key')",
    store: new InMemoryStore(),
  });
}

/** The status and body of an answer to this request: what was placed, or which error refused it. */
async function answer(place, request) {
  try {
    return { status: 200, body: await place(request) };
  } catch (error) {
    assert.ok(error instanceof KeyError, error);
    return { status: error.statusCode, body: { code: error.code } };
  }
}

async function listening(server) {
  if (!server.listening) await once(server, 'listening');
  return { post: posting(server), close: () => server.close() };
}

function posting(server) {
  const { port } = server.address();
  return (headers) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers });
}

/** Posts to an application of Hono, which needs no server. */
function onHono(name, taken) {
  const place = placing(name);
  const app = new Hono();
  app.post('/', async (context) => {
    const { status, body } = await answer(place, taken(context));
    return context.json(body, status);
  });
  return { post: (headers) => app.request('/', { method: 'POST', headers }), close: () => {} };
}

const services = {
  "Hono's context": () => onHono('onContext', (context) => context),
  "Hono's request": () => onHono('onRequest', (context) => context.req),
  "Hono's Request of fetch": () => onHono('onFetch', (context) => context.req.raw),
  Express: () => {
    const place = placing('onExpress');
    const app = express();
    app.post('/', async (request, response) => {
      const { status, body } = await answer(place, request);
      response.status(status).json(body);
    });
    return listening(app.listen(0, '127.0.0.1'));
  },
  Fastify: async () => {
    const place = placing('onFastify');
    const app = fastify();
    app.post('/', async (request, reply) => {
      const { status, body } = await answer(place, request);
      return reply.code(status).send(body);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { post: posting(app.server), close: () => app.close() };
  },
  Koa: () => {
    const place = placing('onKoa');
    const app = new Koa();
    app.use(async (context) => {
      const { status, body } = await answer(place, context);
      Object.assign(context, { status, body });
    });
    return listening(app.listen(0, '127.0.0.1'));
  },
  'Node.js alone': () => {
    const place = placing('onNode');
    const server = createServer(async (request, response) => {
      const { status, body } = await answer(place, request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    return listening(server.listen(0, '127.0.0.1'));
  },
};

for (const [name, start] of Object.entries(services)) {
  const { post, close } = await start();
  const posted = async (headers) => {
    const response = await post(headers);
    return [response.status, await response.json()];
  };
  assert.deepEqual(await posted({ 'Idempotency-Key': 'a' }), [200, { run: 1 }]);
  assert.deepEqual(await posted({ 'idempotency-key': 'a' }), [200, { run: 1 }]);
  assert.deepEqual(await posted({ 'Idempotency-Key': 'b' }), [200, { run: 2 }]);
  assert.deepEqual(await posted({}), [400, { code: 'ERR_IDEMPOTENCY_KEY' }]);
  await close();
  console.log(`ok the request of ${name} has its header as the key`);
}
// Connections that fetch keeps would hold the process.
process.exit();
