export type { DefaultsDecorator, IdempotentDecorator, LooseDecorator } from './decorator/decorator-types.js';
export {
  IdempotencyDefaults,
  idempotentOperations,
  type OperationListing,
} from './decorator/idempotency-defaults.js';
export { Idempotent } from './decorator/idempotent.js';
export { makeIdempotent } from './decorator/make-idempotent.js';
export { type Performed, type PerformedCall, type PerformedOperation, perform } from './decorator/perform.js';
export type { RecordHandle } from './decorator/record-handle.js';
export { keyOf, recordOf, recordOfKey } from './decorator/record-of.js';
export type { ForgetOptions, ResolvedBy, ResolveOptions } from './decorator/resolving.js';
export { replayInfoOf, type WithReplayInfo, withReplayInfo } from './decorator/with-replay-info.js';
export { currentExecution } from './engine/execution/execution.js';
export type { CurrentExecution } from './engine/execution/execution-view.js';
export type { ReplayInfo } from './engine/execution/replay-info.js';
export { release, unknown, withoutOutcome } from './engine/execution/verdict.js';
export * from './errors.js';
export {
  type IdempotencyEvent,
  type IdempotencyEventName,
  type IdempotencyEvents,
  onIdempotencyEvent,
} from './events.js';
export type { Duration } from './options/duration.js';
export type {
  Abandoned,
  AbandonedDecision,
  ClassEntry,
  ClassOptions,
  Codec,
  CodecContext,
  ErrorDecision,
  IdempotentOptions,
  ProcessOptions,
  Selected,
  Selector,
} from './options/options.js';
export type {
  Completion,
  IdempotencyRecord,
  ListedRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from './record/persistence-store.js';
export type { About, PastState, Reason, RecordState, ResolvedAs } from './record/record.js';
export type { RecordView } from './record/record-view.js';
export { configureIdempotency } from './settings/settings.js';
export { InMemoryStore } from './stores/in-memory/in-memory-store.js';
export type { CallOutcome, CallTrace, RunLink, StoreTrace } from './traces.js';
