import type { QueueTiming } from '../core/queue-timing.js';

/** Settings of JetStream, and of the handler, that fit a timing. */
export interface NatsSettings {
  /** Settings of the consumer: `jsm.consumers.add(stream, { durable_name, ...settings.consumer })`. */
  readonly consumer: {
    readonly ack_policy: 'explicit';
    /** Nanoseconds. */
    readonly ack_wait: number;
    readonly max_deliver: -1;
  };
  /** Options of `idempotentHandler`. */
  readonly handler: { readonly maxReceives: number; readonly extendEvery?: number };
}

/**
 * Returns the settings of JetStream for what `queueTiming` computed. `max_deliver` has no limit: a message beyond it stays in the stream and no
 * consumer ever gets it, and each delivery counts, also of a message that was put off. The handler sets such messages aside instead.
 */
export function natsSettings({ queue }: QueueTiming): NatsSettings {
  const { visibilityTimeout, maxReceives, extendEvery } = queue;
  return {
    consumer: {
      ack_policy: 'explicit',
      ack_wait: Math.round(visibilityTimeout * 1_000) * 1_000_000,
      max_deliver: -1,
    },
    handler: { maxReceives, ...(extendEvery !== undefined && { extendEvery }) },
  };
}
