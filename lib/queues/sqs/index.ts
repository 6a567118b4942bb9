export type { FailureReport, MessageFailure } from '../core/failure-report.js';
export type { SqsAttribute, SqsClient } from '../core/sqs-client.js';
export type { SqsOptions } from '../core/sqs-options.js';
export {
  type RecordHandler,
  recordHandler,
  type SqsRecord,
  type SqsRecordAttribute,
} from './record-handler.js';
export { type SqsSettings, sqsSettings } from './sqs-settings.js';
