import express from 'express';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';

export interface Payment {
  readonly id: string;
  readonly amount: number;
  readonly payer: string;
}

declare global {
  namespace Express {
    interface Request {
      user?: string;
    }
  }
}

const users = new Map([['Bearer token-of-alice', 'alice']]);

/** An API that takes payments, with the page that tries it. */
export function createApi(page: string): express.Express {
  // In production a store that all processes share.
  const store = new InMemoryStore();
  const ledger: Payment[] = [];

  const api = express();
  api.use(express.json());
  api.get('/', (_req, res) => void res.sendFile(page));
  api.get('/ledger', (_req, res) => void res.json(ledger));

  // Authentication comes before the guard: a replay needs it like a first call.
  api.use((req, res, next) => {
    const user = users.get(req.get('authorization') ?? '');
    if (user === undefined) return void res.status(401).json({ error: 'who?' });
    req.user = user;
    next();
  });

  api.post('/payments', idempotency({ store, scope: (req) => req.user, ttl: '24h' }), (req, res) => {
    const payment = {
      id: `payment-${ledger.length + 1}`,
      amount: req.body.amount,
      payer: req.user as string,
    };
    ledger.push(payment);
    res.status(201).location(`/payments/${payment.id}`).json(payment);
  });
  return api;
}
