// What users of Fastify write, as they write it. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import type { Http2SecureServer } from 'node:http2';
import { type FastifyInstance, fastify } from 'fastify';
import { InMemoryStore } from 'retrysafe';
import { type FastifyIdempotencyOptions, type FastifyRouteIdempotency, idempotency } from 'retrysafe/fastify';
import { ok, type Same } from '../../package/types/kit.js';

declare module 'fastify' {
  interface FastifyRequest { user: { readonly id: string } }
}

const store = new InMemoryStore();
const app = fastify();
const handler = async () => ({ paid: true });

await app.register(idempotency, { store, scope: (request) => request.user.id });
await app.register(idempotency, { store, scope: 'public', mount: 'all', ttl: '24h', errors: 'framework' });
await app.register(idempotency, { store, scope: async (request) => { ok<Same<typeof request.user.id, string>>(); return request.user.id; } });
await app.register(idempotency, () => ({ store, scope: 'public' as const }));
app.post('/payments', { config: { idempotency: { ttl: '24h' } } }, handler);
app.post('/payments', { config: { idempotency: true } }, handler);
app.post('/payments', { config: { idempotency: { scope: (request) => request.user.id, isOutcome: ({ status }) => status < 400 } } }, handler);
app.post<{ Body: { amount: number } }>('/payments', { config: { idempotency: true } }, async ({ body }) => body.amount);
app.route({ method: ['POST', 'PUT'], url: '/payments', config: { idempotency: false }, handler });
export const routes: FastifyRouteIdempotency[] = [true, false, { onFailure: 'unknown' }];
export const options: FastifyIdempotencyOptions = { store, scope: ({ user }) => user.id, onAbandoned: 'refuse' };

export async function onHttp2(secure: FastifyInstance<Http2SecureServer>): Promise<void> {
  await secure.register(idempotency, { store, scope: 'public' });
}

// @ts-expect-error no scope
await app.register(idempotency, { store });
// @ts-expect-error no such option
await app.register(idempotency, { store, scope: 'public', tll: '24h' });
// @ts-expect-error no such mount
await app.register(idempotency, { store, scope: 'public', mount: 'some' });
// @ts-expect-error no such property
await app.register(idempotency, { store, scope: (request) => request.tenant });
// @ts-expect-error no such duration
app.post('/payments', { config: { idempotency: { ttl: 'soon' } } }, handler);
