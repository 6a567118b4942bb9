// The plugin of retrysafe/fastify on routes of Fastify 5.
import { createRequire } from 'node:module';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/fastify';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

// Fastify 5 is what this package has among its own tools.
const require = createRequire(new URL('../../../../package.json', import.meta.url));

export const name = 'retrysafe/fastify, Fastify 5';

export async function start() {
  const app = require('fastify')({ forceCloseConnections: true });
  const payments = makePayments();
  const userOf = (request) => payments.authenticate(request.headers.authorization);

  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer' },
    async (_request, bytes) => bytes,
  );
  app.addHook('onRequest', async (request, reply) => {
    if (request.url !== paths.effects && !userOf(request)) return reply.code(401).send('Who are you?');
  });
  await app.register(idempotency, {
    store: new InMemoryStore(),
    scope: userOf,
    problemTypes: 'https://api.example.com/problems/',
  });

  const config = { idempotency: true };
  app.get(paths.effects, async () => ({ effects: payments.effects }));
  app.get(paths.payments, async () => []);
  for (const path of [paths.payments, paths.slow, paths.refunds])
    app.post(path, { config }, async (request, reply) => {
      const { status, headers, body } = await payments.pay(request.body, path);
      return reply.code(status).headers(headers).send(body);
    });
  app.post(paths.files, { config }, async (request, reply) =>
    reply.code(201).type('application/octet-stream').send(payments.upload(request.body)),
  );
  await app.ready();
  return listening(app.server);
}
