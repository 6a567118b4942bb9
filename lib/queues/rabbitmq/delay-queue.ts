import { steadyNow } from '../../process/steady-clock.js';
import { pause } from '../../process/timers.js';
import type { AmqpConfirmChannel, AmqpQueueOptions } from './amqp-channel.js';

/** How long a delay queue stays that gets no more messages: much longer than any of its messages does. */
const UNUSED_MS = 86_400_000;
/** Up to how many milliseconds a delay is rounded up to a multiple of what: each delay has a queue of its own, so there are few. */
const STEPS = [
  [1_000, 100],
  [10_000, 1_000],
  [60_000, 5_000],
  [600_000, 60_000],
] as const;
const LONGEST_STEP_MS = 600_000;
/** A broker of one node forgets a quorum queue that it made a second ago where it is killed. RabbitMQ 3.10 does. */
const YOUNG_MS = 3_000;

interface Asserted {
  readonly at: number;
  /** Resolves when the queue is no longer young. */
  readonly grown: Promise<void>;
}

const asserted = new WeakMap<AmqpConfirmChannel, Map<string, Asserted>>();

/** A queue that nothing consumes, whose messages go back to another one after a while. */
export interface DelayQueue {
  readonly name: string;
  readonly options: AmqpQueueOptions;
}

/**
 * Returns the queue in which a message of `queue` waits for so long, rounded up. A queue for each delay, since RabbitMQ looks only at the head of
 * a queue for messages whose time is over.
 */
export function delayQueue(queue: string, seconds: number, type: 'quorum' | 'classic'): DelayQueue {
  const delayMs = Math.max(1, seconds * 1_000);
  const step = STEPS.find(([upTo]) => delayMs <= upTo)?.[1] ?? LONGEST_STEP_MS;
  const ttlMs = Math.ceil(delayMs / step) * step;
  return {
    name: `${queue}.later-${ttlMs}ms${type === 'quorum' ? '' : `-${type}`}`,
    options: {
      durable: true,
      arguments: {
        'x-queue-type': type,
        'x-message-ttl': ttlMs,
        'x-expires': ttlMs + UNUSED_MS,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': queue,
        // Otherwise the broker forgets a message here without waiting until it has it there.
        ...(type === 'quorum' && {
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        }),
      },
    },
  };
}

/** Resolves when the queue is there to stay. Each time that it is asserted, RabbitMQ keeps it for longer. */
export async function assertDelayQueue(
  channel: AmqpConfirmChannel,
  { name, options }: DelayQueue,
): Promise<void> {
  await channel.assertQueue(name, options);
  if (options.arguments['x-queue-type'] === 'classic') return;
  const queues = asserted.get(channel) ?? new Map<string, Asserted>();
  asserted.set(channel, queues);
  const known = queues.get(name);
  const now = steadyNow();
  const isNew = known === undefined || now - known.at > UNUSED_MS;
  const grown = isNew ? pause(YOUNG_MS, { isAwaited: false }) : known.grown;
  queues.set(name, { at: now, grown });
  await grown;
}
