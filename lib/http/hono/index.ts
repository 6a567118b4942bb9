export { idempotency } from './idempotency.js';
