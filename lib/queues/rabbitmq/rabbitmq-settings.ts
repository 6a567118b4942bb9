import type { QueueTiming } from '../core/queue-timing.js';
import type { AmqpQueueOptions } from './amqp-channel.js';

/** RabbitMQ closes the channel of a consumer that has not acknowledged a message for so long. */
const CONSUMER_TIMEOUT_SECONDS = 1_800;
/** The limit of RabbitMQ 4. Each deployment may spend one delivery of a message that no process has begun. */
const LEAST_DELIVERY_LIMIT = 20;

/** The names of the queues. */
export interface RabbitMQQueues {
  readonly queue: string;
  readonly deadLetters: string;
}

/** Settings of RabbitMQ, and of the consumer, that fit a timing. */
export interface RabbitMQSettings {
  /** Options of `assertQueue` for the queue. */
  readonly queue: AmqpQueueOptions;
  /** Options of `assertQueue` for its dead letters. Assert it first. */
  readonly deadLetters: AmqpQueueOptions;
  /** Options of `idempotentConsumer`. */
  readonly consumer: RabbitMQQueues & { readonly maxReceives: number };
}

/**
 * Returns the settings of RabbitMQ for what `queueTiming` computed: quorum queues, for RabbitMQ 3.10 and later. What the broker itself sets aside,
 * since its consumers die each time before a run begins, goes to the dead letters as well.
 */
export function rabbitMQSettings(
  { queue: timing, method }: QueueTiming,
  { queue, deadLetters }: RabbitMQQueues,
): RabbitMQSettings {
  const longestSeconds = Math.max(timing.visibilityTimeout, method.renewFor);
  return {
    queue: {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': Math.max(LEAST_DELIVERY_LIMIT, timing.maxReceives),
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': deadLetters,
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
        // RabbitMQ 3.12 and later reads it. Before it `consumer_timeout` in rabbitmq.conf does that.
        ...(longestSeconds > CONSUMER_TIMEOUT_SECONDS && { 'x-consumer-timeout': longestSeconds * 1_000 }),
      },
    },
    deadLetters: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
    consumer: { queue, deadLetters, maxReceives: timing.maxReceives },
  };
}
