export { type AdapterFacts, type GuardedAnswer, HttpGuard } from './core/guard.js';
export type { GuardedRequest, MadeResponse } from './core/guarded-request.js';
export type { HttpOptions, RequestParts, ResponseFacts, Scope } from './core/http-options.js';
export {
  type Problem,
  type ProblemAnswer,
  type ProblemName,
  type ProblemOptions,
  problemOf,
} from './core/problem.js';
export type { HeaderLine, RecordedResponse } from './core/recorded-response.js';
export type { RequestBody, UploadedFile } from './core/request-body.js';
export { type RequestFault, RequestRefusedError } from './core/request-refused-error.js';
export { type ResponseParts, responseOutcome } from './core/response-outcome.js';
export { type FetchCall, guardResponse } from './fetch/guard-response.js';
export { type FetchOptions, idempotent } from './fetch/idempotent.js';
