export { IdempotencyModule } from './idempotency-module.js';
export { IdempotentRoute } from './idempotent-route.js';
export {
  IDEMPOTENCY_OPTIONS,
  type IdempotencyModuleAsyncOptions,
  type IdempotencyModuleOptions,
  type IdempotentRouteOptions,
} from './route-options.js';
