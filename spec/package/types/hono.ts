// What users of Hono write has the types of their application, without a cast. Nothing here runs.
import { type Context, Hono } from 'hono';
import { createFactory, createMiddleware } from 'hono/factory';
import type { ExtractSchema } from 'hono/types';
import { validator } from 'hono/validator';
import { idempotency } from 'retrysafe/hono';
import { memory, ok, type Same } from './kit.js';

interface App {
  Variables: { tenant: string };
  Bindings: { region: string };
}

const store = memory;
const app = new Hono<App>();

// As the guide has it. Hono tells an argument nothing of its application, as in its own middleware: there, `c.get()` is not checked.
app.post('/payments', idempotency({ store, scope: (c) => c.get('tenant') }), (c) => {
  const tenant = c.get('tenant');
  ok<Same<typeof tenant, string>>();
  return c.json({ tenant });
});
app.use(idempotency({ store, scope: (c) => c.get('tenant') }));
app.use('/payments/*', idempotency({ store, scope: async (c) => c.get('tenant') }));
app.post('/public', idempotency({ store, scope: 'public' }), (c) => c.json(c.env.region.length));

// The path's parameters and what validators have found stay known after the guard.
app.post(
  '/payments/:id',
  validator('json', ({ amount }) => ({ amount: Number(amount) })),
  idempotency({ store, scope: (c) => c.get('tenant') }),
  (c) => {
    const { amount } = c.req.valid('json');
    const id = c.req.param('id');
    ok<Same<typeof amount, number>>();
    ok<Same<typeof id, string>>();
    return c.json({ id, amount, tenant: c.get('tenant').length });
  },
);
app.post('/payments/:id/refunds', idempotency({ store, scope: 'public' }), (c) => {
  const id = c.req.param('id');
  ok<Same<typeof id, string>>();
  return c.json({ id });
});
const typed = app.post('/typed', idempotency({ store, scope: 'public' }), (c) => c.json({ paid: true }));
type Paid = ExtractSchema<typeof typed>['/typed']['$post']['output'];
ok<Same<Paid, { paid: true }>>();

// Said once, or by a factory, the context is that of the application.
const guard = idempotency<App>({
  store,
  scope: (c) => {
    const tenant = c.get('tenant');
    ok<Same<typeof tenant, string>>();
    return tenant;
  },
  fingerprint: (parts, c) => [parts.body, c.env.region],
});
app.post('/payments', guard, (c) => c.json({}));
app.post('/payments', idempotency({ store, scope: (c: Context<App>) => c.get('tenant') }), (c) => c.json({}));
const factory = createFactory<App>();
const ofFactory = factory.createMiddleware(
  idempotency({
    store,
    scope: (c) => {
      const tenant = c.get('tenant');
      ok<Same<typeof tenant, string>>();
      return tenant;
    },
  }),
);
app.post('/payments', ofFactory, ...factory.createHandlers(guard, (c) => c.json(c.get('tenant'))));
createMiddleware<App>(idempotency({ store, scope: (c) => c.get('tenant') }));
createMiddleware<App>((c, next) => guard(c, next));

// @ts-expect-error: the application has no such variable
idempotency<App>({ store, scope: (c) => c.get('nobody') });
// @ts-expect-error: a scope must be said
idempotency({ store });
// @ts-expect-error: a scope is a text or a number
idempotency({ store, scope: () => ({ id: 1 }) });
// @ts-expect-error: no such option
idempotency({ store, scope: 'public', routes: [] });
