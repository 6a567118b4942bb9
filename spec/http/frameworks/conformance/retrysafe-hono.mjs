// `idempotency` of retrysafe/hono on routes of Hono 4, on the server of @hono/node-server.
import { createRequire } from 'node:module';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

// Hono 4 is what this package has among its own tools.
const require = createRequire(new URL('../../../../package.json', import.meta.url));

export const name = 'retrysafe/hono, Hono 4';

export async function start() {
  const { Hono } = require('hono');
  const { createAdaptorServer } = require('@hono/node-server');
  const payments = makePayments();
  const guard = idempotency({
    store: new InMemoryStore(),
    scope: (c) => c.get('user'),
    problemTypes: 'https://api.example.com/problems/',
  });

  const app = new Hono();
  app.get(paths.effects, (c) => c.json({ effects: payments.effects }));
  app.use(async (c, next) => {
    const user = payments.authenticate(c.req.header('authorization'));
    if (!user) return c.text('Who are you?', 401);
    c.set('user', user);
    return next();
  });
  app.get(paths.payments, (c) => c.json([]));
  for (const path of [paths.payments, paths.slow, paths.refunds])
    app.post(path, guard, async (c) => {
      const { status, headers, body } = await payments.pay(await c.req.json(), path);
      return c.json(body, status, headers);
    });
  app.post(paths.files, guard, async (c) => {
    const bytes = payments.upload(Buffer.from(await c.req.arrayBuffer()));
    return c.body(bytes, 201, { 'content-type': 'application/octet-stream' });
  });
  return listening(createAdaptorServer({ fetch: app.fetch }));
}
