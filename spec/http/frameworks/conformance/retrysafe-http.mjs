// `idempotent` of retrysafe/http around fetch-style handlers, on the server of @hono/node-server.
import { createRequire } from 'node:module';
import { InMemoryStore } from 'retrysafe';
import { idempotent } from 'retrysafe/http';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

const require = createRequire(import.meta.url);

export const name = 'retrysafe/http';

export async function start() {
  const { createAdaptorServer } = require('@hono/node-server');
  const payments = makePayments();
  const userOf = (request) => payments.authenticate(request.headers.get('authorization') ?? undefined);
  const options = {
    store: new InMemoryStore(),
    scope: userOf,
    problemTypes: 'https://api.example.com/problems/',
  };

  const pay = idempotent(async (request) => {
    const { status, headers, body } = await payments.pay(await request.json(), new URL(request.url).pathname);
    return Response.json(body, { status, headers });
  }, options);
  const upload = idempotent(async (request) => {
    const bytes = payments.upload(Buffer.from(await request.arrayBuffer()));
    return new Response(bytes, { status: 201, headers: { 'content-type': 'application/octet-stream' } });
  }, options);

  async function fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === paths.effects) return Response.json({ effects: payments.effects });
    if (!userOf(request)) return new Response('Who are you?', { status: 401 });
    if (request.method !== 'POST') return Response.json([]);
    return pathname === paths.files ? upload(request) : pay(request);
  }

  return listening(createAdaptorServer({ fetch }));
}
