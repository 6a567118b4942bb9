export type { FailureReport, MessageFailure } from '../core/failure-report.js';
export type { SqsAttribute, SqsClient } from '../core/sqs-client.js';
export type { SqsOptions } from '../core/sqs-options.js';
export { type ConsumerSettings, consumerSettings } from './consumer-settings.js';
export { messageHandler, type SqsConsumerMessage } from './message-handler.js';
