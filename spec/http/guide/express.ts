import express from 'express';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';

declare global {
  namespace Express {
    interface Request {
      user?: { readonly id: string };
    }
  }
}

const store = new InMemoryStore(); // in production a store that all processes share
const users = new Map([['Bearer token-of-alice', { id: 'alice' }]]);

export const payments: { id: string; amount: number }[] = [];
export const app = express();

app.use(express.json());

// Authentication comes before the guard: a replay needs it like a first call.
app.use((req, res, next) => {
  const user = users.get(req.get('authorization') ?? '');
  if (user === undefined) return void res.status(401).send('who?');
  req.user = user;
  next();
});

app.post('/payments', idempotency({ store, scope: (req) => req.user?.id }), (req, res) => {
  const payment = { id: crypto.randomUUID(), amount: req.body.amount };
  payments.push(payment);
  res.status(201).location(`/payments/${payment.id}`).json(payment);
});
