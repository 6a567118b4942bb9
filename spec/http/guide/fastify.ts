import fastify from 'fastify';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/fastify';

declare module 'fastify' {
  interface FastifyRequest {
    user: { readonly id: string };
  }
}

const store = new InMemoryStore(); // in production a store that all processes share
const users = new Map([['Bearer token-of-alice', { id: 'alice' }]]);

export const payments: { id: string; amount: number }[] = [];
export const app = fastify();

// Authentication comes before the guard: a replay needs it like a first call.
app.addHook('onRequest', async (request, reply) => {
  const user = users.get(request.headers.authorization ?? '');
  if (user === undefined) return reply.code(401).send('who?');
  request.user = user;
});

await app.register(idempotency, { store, scope: (request) => request.user.id });

app.post<{ Body: { amount: number } }>(
  '/payments',
  { config: { idempotency: true } },
  async (request, reply) => {
    const payment = { id: crypto.randomUUID(), amount: request.body.amount };
    payments.push(payment);
    return reply.code(201).header('location', `/payments/${payment.id}`).send(payment);
  },
);
