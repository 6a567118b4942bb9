import { InMemoryStore } from 'retrysafe';
import { idempotent } from 'retrysafe/http';

interface Payment {
  readonly id: string;
  readonly amount: number;
}

const store = new InMemoryStore(); // in production a store that all processes share
const users = new Map([['Bearer token-of-alice', 'alice']]);
const userOf = (request: Request) => users.get(request.headers.get('authorization') ?? '');

export const payments: Payment[] = [];

const pay = idempotent(
  async (request: Request) => {
    const { amount } = (await request.json()) as { amount: number };
    const payment = { id: crypto.randomUUID(), amount };
    payments.push(payment);
    return Response.json(payment, { status: 201, headers: { Location: `/payments/${payment.id}` } });
  },
  { store, scope: userOf },
);

// Authentication comes before the guard: a replay needs it like a first call.
export async function POST(request: Request): Promise<Response> {
  if (!userOf(request)) return new Response('who?', { status: 401 });
  return pay(request);
}
