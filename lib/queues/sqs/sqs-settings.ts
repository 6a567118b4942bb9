import type { QueueTiming } from '../core/queue-timing.js';

/** The settings of an SQS queue. */
export interface SqsSettings {
  /** As a template of CloudFormation or SAM has them. */
  readonly properties: {
    readonly VisibilityTimeout: number;
    readonly MessageRetentionPeriod: number;
    readonly RedrivePolicy: { readonly deadLetterTargetArn?: string; readonly maxReceiveCount: number };
  };
  /** As the operations `CreateQueue` and `SetQueueAttributes` take them. There is no redrive policy without a dead-letter queue. */
  readonly attributes: Record<string, string>;
}

/** SQS keeps messages for 14 days at most. */
const LONGEST_RETENTION_SECONDS = 14 * 86_400;
const MOST_RECEIVES = 1_000;

/**
 * Returns the settings of an SQS queue that fit a timing. Its `workTime` is the timeout of the Lambda function, and AWS recommends six times that
 * as the visibility timeout. What is left of a `retention` of more than 14 days is for the dead-letter queue.
 */
export function sqsSettings({ queue }: QueueTiming, deadLetterTargetArn?: string): SqsSettings {
  const { visibilityTimeout, retention, maxReceives } = queue;
  const times = {
    VisibilityTimeout: Math.ceil(visibilityTimeout),
    MessageRetentionPeriod: Math.min(Math.ceil(retention), LONGEST_RETENTION_SECONDS),
  };
  const maxReceiveCount = Math.min(maxReceives, MOST_RECEIVES);
  const RedrivePolicy = {
    ...(deadLetterTargetArn !== undefined && { deadLetterTargetArn }),
    maxReceiveCount,
  };
  const texts = Object.entries(times).map(([name, seconds]) => [name, String(seconds)]);
  return {
    properties: { ...times, RedrivePolicy },
    attributes: {
      ...Object.fromEntries(texts),
      ...(deadLetterTargetArn !== undefined && { RedrivePolicy: JSON.stringify(RedrivePolicy) }),
    },
  };
}
