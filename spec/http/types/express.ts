// What users of Express write, as they write it. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import express, { type Request, type RequestHandler, Router } from 'express';
import { InMemoryStore } from 'retrysafe';
import { type IdempotencyMiddleware, idempotency } from 'retrysafe/express';
import { ok, type Same } from '../../package/types/kit.js';

declare global {
  namespace Express {
    interface Request { tenant: { readonly id: string } }
  }
}

const store = new InMemoryStore();
const app = express();
const router = Router({ mergeParams: true });
const guard = idempotency({ store, scope: (req) => req.tenant.id });

app.post('/payments', idempotency({ store, scope: (req) => req.tenant.id }), (_req, res) => void res.sendStatus(201));
app.post('/payments', idempotency({ store, scope: (req) => { ok<Same<typeof req, Request>>(); return req.get('x-tenant'); } }), (_req, res) => void res.sendStatus(201));
app.post('/payments', idempotency({ store, scope: async (req) => req.tenant.id }), async (_req, res) => void res.sendStatus(201));
app.use(idempotency({ store, scope: 'public' }));
app.use('/tenants/:tenant', guard, router);
router.use(guard);
app.all('/payments', guard, (_req, res) => void res.end());
app.route('/payments/:id').post(guard, (req, res) => { ok<Same<typeof req.params.id, string>>(); res.end(); });

// The guard leaves the parameters of a path to the handlers after it, and what they say of bodies and answers.
app.post('/payments/:id', guard, (req, res) => { ok<Same<typeof req.params.id, string>>(); res.end(); });
router.post('/:order/items/:item', guard, (req, res) => { ok<Same<typeof req.params, { order: string } & { item: string }>>(); res.end(); });
app.post('/files/*path', guard, (req, res) => { ok<Same<typeof req.params.path, string[]>>(); res.end(); });
const typed: RequestHandler<{ id: string }, { paid: boolean }, { amount: number }, { dry?: string }, { user: string }> = (req, res) => { ok<Same<typeof req.body.amount, number>>(); res.json({ paid: req.query.dry === undefined && res.locals.user === req.params.id }); };
app.post('/payments/:id', guard, typed);
app.post<{ id: string }, { paid: boolean }, { amount: number }>('/payments/:id', guard, (req, res) => void res.json({ paid: req.body.amount > 0 }));
app.post('/payments', [guard, express.json()], typed);
export const wrapped: RequestHandler = (req, res, next) => (req.get('x-test') ? next() : guard(req, res, next));
export const middleware: IdempotencyMiddleware = guard;

export const all = idempotency({
  store, scope: (req) => req.tenant.id, name: 'payments', ttl: '24h', required: false, header: 'X-Key', errors: 'framework',
  isOutcome: ({ status }) => status < 500, fingerprint: ({ body }, req) => [body, req.tenant.id], onFailure: 'unknown',
});

// @ts-expect-error no scope
idempotency({ store });
// @ts-expect-error no such option
idempotency({ store, scope: 'public', tll: '24h' });
// @ts-expect-error no such scope
idempotency({ store, scope: 'everybody' });
// @ts-expect-error no such property
idempotency({ store, scope: (req) => req.nobody });
// @ts-expect-error no such parameter
app.post('/payments/:id', guard, (req, res) => void res.send(req.params.name));
