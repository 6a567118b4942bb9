export type { DefaultsDecorator, IdempotentDecorator, LooseDecorator } from './decorator-types.js';
export type { Duration } from './duration.js';
export * from './errors.js';
export {
  type IdempotencyEvent,
  type IdempotencyEventName,
  type IdempotencyEvents,
  onIdempotencyEvent,
} from './events.js';
export { type CurrentExecution, currentExecution } from './execution.js';
export { IdempotencyDefaults, idempotentOperations, type OperationListing } from './idempotency-defaults.js';
export { Idempotent } from './idempotent.js';
export { type ForgetOptions, forget, inspect } from './inspection.js';
export { makeIdempotent } from './make-idempotent.js';
export type {
  Abandoned,
  AbandonedDecision,
  ClassEntry,
  ClassOptions,
  Codec,
  ErrorDecision,
  IdempotentOptions,
  ProcessOptions,
  Selected,
  Selector,
} from './options.js';
export type { Completion, IdempotencyRecord, PersistenceStore } from './persistence-store.js';
export type { RecordState } from './record.js';
export type { RecordView } from './record-view.js';
export { configureIdempotency } from './settings.js';
export { InMemoryStore } from './stores/in-memory.js';
