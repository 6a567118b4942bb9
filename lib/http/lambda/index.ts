export type { RecordedResponse } from '../core/recorded-response.js';
export type { CallerClaim, EndpointDecorator, EndpointOptions } from './endpoint-types.js';
export { IdempotentEndpoint, idempotentEndpoint } from './idempotent-endpoint.js';
export { type ResultParts, resultOutcome } from './results.js';
