export { IdempotencyInstrumentation } from './idempotency-instrumentation.js';
export type { IdempotencyInstrumentationConfig } from './instrumentation-config.js';
export {
  type IdempotencyInstrumentationOptions,
  registerIdempotencyInstrumentation,
} from './register-idempotency-instrumentation.js';
