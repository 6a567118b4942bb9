export type { FastifyIdempotencyOptions, FastifyRouteIdempotency } from './fastify-options.js';
export { idempotency } from './idempotency.js';
