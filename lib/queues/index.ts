export type { FailureReport, MessageFailure } from './core/failure-report.js';
export { type QueueTiming, type QueueTimingOptions, queueTiming } from './core/queue-timing.js';
export { type Settlement, settlementOf } from './core/settlement.js';
export type { SettlementOptions } from './core/settlement-options.js';
