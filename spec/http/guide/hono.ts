import { Hono } from 'hono';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';

const store = new InMemoryStore(); // in production a store that all processes share
const users = new Map([['Bearer token-of-alice', 'alice']]);

export const payments: { id: string; amount: number }[] = [];
export const app = new Hono<{ Variables: { user: string } }>();

// Authentication comes before the guard: a replay needs it like a first call.
app.use(async (c, next) => {
  const user = users.get(c.req.header('authorization') ?? '');
  if (user === undefined) return c.text('who?', 401);
  c.set('user', user);
  return next();
});

app.post('/payments', idempotency({ store, scope: (c) => c.get('user') }), async (c) => {
  const { amount } = await c.req.json<{ amount: number }>();
  const payment = { id: crypto.randomUUID(), amount };
  payments.push(payment);
  return c.json(payment, 201, { location: `/payments/${payment.id}` });
});
