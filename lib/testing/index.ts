export { abandon } from './abandon.js';
export { assertReplays } from './assert-replays.js';
export type { Law, StoreFactory } from './contract/law.js';
export { type ContractOptions, storeContract } from './contract/store-contract.js';
export { type LawOptions, lawsFor, type StoreAbilities, storeLaws } from './contract/store-laws.js';
export type { CallEnd, CrashTestOptions, Delivery } from './crash/crash-options.js';
export type { CrashTestReport, FaultLevel } from './crash/crash-report.js';
export type { CrashSetting, Effect } from './crash/crash-setting.js';
export { crashTest } from './crash/crash-test.js';
export { CrashTestError, type CrashTestFailure } from './crash/crash-test-error.js';
export { EffectFailedError } from './crash/effect-failed-error.js';
export {
  StoreCheckError,
  type StoreCheckOptions,
  type StoreCheckReport,
  storeCheck,
} from './crash/store-check.js';
export {
  type TestDatabase,
  type TestTable,
  type TestTransaction,
  TransactionConflictError,
} from './crash/test-database.js';
export type { TestStore } from './crash/test-store.js';
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
