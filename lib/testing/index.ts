export { abandon } from './abandon.js';
export { assertReplays } from './assert-replays.js';
export type { Law, StoreFactory } from './contract/law.js';
export { type ContractOptions, storeContract } from './contract/store-contract.js';
export { type LawOptions, lawsFor, type StoreAbilities, storeLaws } from './contract/store-laws.js';
export { FailingStore, type FailureOptions, type StoreOperation } from './failing-store.js';
export type { ConformanceLevel } from './http/conformance-level.js';
export type {
  HttpConformanceOptions,
  HttpConformanceSuiteOptions,
  HttpHeaderFields,
  HttpRequestBody,
} from './http/conformance-options.js';
export { formatReport } from './http/format-report.js';
export type { HttpCheckVerdict } from './http/http-check.js';
export { httpConformance } from './http/http-conformance.js';
export { HttpConformanceError } from './http/http-conformance-error.js';
export {
  type HttpConformanceReport,
  type HttpConformanceResult,
  type HttpConformanceTotals,
  runHttpConformance,
} from './http/run-http-conformance.js';
