import type { QueueTiming } from '../core/queue-timing.js';

/** Options of a `Consumer` of sqs-consumer. Lengths of time are seconds. */
export interface ConsumerSettings {
  readonly visibilityTimeout: number;
  /** Absent where the visibility is not extended while the method runs. */
  readonly heartbeatInterval?: number;
  readonly messageAttributeNames: string[];
  readonly messageSystemAttributeNames: ('ApproximateReceiveCount' | 'MessageGroupId')[];
}

/**
 * Returns the options of a consumer that fit a timing: `Consumer.create({ ...consumerSettings(timing), queueUrl, sqs, handleMessage })`. They also ask for
 * the attributes that a parked copy keeps, and for the count of receives.
 */
export function consumerSettings({ queue }: QueueTiming): ConsumerSettings {
  const { visibilityTimeout, extendEvery } = queue;
  return {
    visibilityTimeout: Math.ceil(visibilityTimeout),
    ...(extendEvery !== undefined && { heartbeatInterval: extendEvery }),
    messageAttributeNames: ['All'],
    messageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
  };
}
