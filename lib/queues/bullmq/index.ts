export type { SettlementOptions } from '../core/settlement-options.js';
export { type BullMQSettings, bullMQSettings } from './bullmq-settings.js';
export { type DelayableJob, idempotentProcessor, type JobProcessor } from './idempotent-processor.js';
