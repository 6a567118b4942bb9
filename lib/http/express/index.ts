export { type IdempotencyMiddleware, idempotency } from './idempotency.js';
