import { ConfigurationError } from '../../errors.js';
import { isObject } from '../../options/reading.js';
import { pause } from '../../process/timers.js';
import { warnOnce } from '../../process/warnings.js';
import { deadLetterFacts } from '../core/dead-letter-facts.js';
import { failureDelaySeconds } from '../core/failure-delay.js';
import { failureOf } from '../core/failure-of.js';
import { type Settlement, settle } from '../core/settlement.js';
import { retryDelaySeconds } from '../core/settlement-options.js';
import { tellOfFailure } from '../core/tell-of-failure.js';
import type { AmqpConfirmChannel, AmqpMessage } from './amqp-channel.js';
import { asPublished, copiesOf } from './confirmed-copies.js';
import { checkConsumerOptions, type IdempotentConsumerOptions } from './consumer-options.js';
import { assertDelayQueue, delayQueue } from './delay-queue.js';

const FAILURES = 'x-retrysafe-failures';

/**
 * Returns the callback for `channel.consume(queue, …)` of amqplib, which settles each message by how `handle` ends. It begins at once with each
 * message that it gets: `channel.prefetch()` says how many at a time. Messages must be acknowledged: `noAck` is `false`.
 *
 * - It returns: the message is acknowledged.
 * - `retry-later`, such as a duplicate of a running call: a copy waits in a delay queue, from which RabbitMQ sends it back. That spends no attempt.
 * - `fix-request`, `fix-code`, `ask-human` and recorded errors: a copy goes to `deadLetters`, with the reason in its headers.
 * - Another error: like `retry-later`, with a delay that doubles each time. After `maxReceives` failures it goes to `deadLetters`.
 *
 * A message is acknowledged only when the broker has confirmed that a queue has its copy. Where it has not, the message goes back to its queue
 * after `retryDelay`. Where the channel is gone meanwhile, RabbitMQ has it back already. The callback never rejects.
 *
 * The first message that waits for so long on this channel does so for 3 seconds more, since RabbitMQ may forget a queue that is new.
 *
 * A copy has the content and properties of its message, except `expiration`, `userId` and the headers `CC`, `x-death` and `x-delivery-count`. It
 * loses its place in the queue. `handle` finds the first exchange and routing key in `message.fields`.
 *
 * @throws {ConfigurationError} at once, for a wrong option or a channel without confirmations.
 */
export function idempotentConsumer<M extends AmqpMessage>(
  channel: AmqpConfirmChannel,
  handle: (message: M) => unknown,
  options: IdempotentConsumerOptions,
): (message: M | null) => Promise<void> {
  checkChannel(channel);
  checkConsumerOptions(options);
  const copies = copiesOf(channel);
  const {
    queue,
    deadLetters,
    maxReceives,
    delayQueues = 'quorum',
    report,
    onCancel = warnOfCancel,
  } = options;

  async function putOff(message: M, seconds: number, failures: number): Promise<void> {
    const delay = delayQueue(queue, seconds, delayQueues);
    await assertDelayQueue(channel, delay);
    await copies.put(delay.name, message, { [FAILURES]: failures });
    channel.ack(message);
  }

  async function park(message: M, error: unknown, settlement: Settlement, failures: number): Promise<void> {
    if (deadLetters === undefined) return channel.nack(message, false, false);
    await copies.put(deadLetters, message, { [FAILURES]: failures, ...reasons(queue, error, settlement) });
    channel.ack(message);
  }

  function settleFailed(message: M, error: unknown, settlement: Settlement): Promise<void> {
    const failures = failuresOf(message);
    if (settlement.do === 'redeliver') return putOff(message, settlement.afterSeconds, failures);
    if (settlement.do === 'park') return park(message, error, settlement, failures);
    const all = failures + 1;
    if (all >= maxReceives) return park(message, error, settlement, all);
    return putOff(message, failureDelaySeconds(all, options), all);
  }

  /** Not at once: what could not be settled would fail again without a pause. */
  async function giveBack(message: M, error: unknown): Promise<void> {
    const afterSeconds = retryDelaySeconds(options);
    const reason = 'the message could not be settled';
    tellOfFailure(
      { id: idOf(message), error, settlement: { do: 'redeliver', afterSeconds, reason } },
      report,
    );
    await pause(afterSeconds * 1_000, { isAwaited: false });
    channel.nack(message, false, true);
  }

  return async function consume(message) {
    if (message === null) return onCancel(queue);
    try {
      const failure = await failureOf(() => handle(asPublished(message)));
      if (!failure) return channel.ack(message);
      const settlement = settle(failure.error, options);
      tellOfFailure({ id: idOf(message), error: failure.error, settlement }, report);
      await settleFailed(message, failure.error, settlement).catch((error) => giveBack(message, error));
    } catch {
      // The channel is closed, so that RabbitMQ delivers the message again, here or elsewhere.
    }
  };
}

function checkChannel(channel: unknown): void {
  const { waitForConfirms, publish } = (isObject(channel) ? channel : {}) as Partial<AmqpConfirmChannel>;
  if (typeof waitForConfirms === 'function' && typeof publish === 'function') return;
  throw new ConfigurationError(
    'idempotentConsumer: the channel does not confirm messages; expected one of `connection.createConfirmChannel()`',
  );
}

function failuresOf({ properties }: AmqpMessage): number {
  const failures = properties.headers?.[FAILURES];
  return Number.isSafeInteger(failures) && (failures as number) > 0 ? (failures as number) : 0;
}

function idOf({ properties, fields }: AmqpMessage): string {
  const { messageId } = properties;
  return typeof messageId === 'string' ? messageId : `delivery ${fields.deliveryTag}`;
}

/** What a person needs to know about a message that was set aside. */
function reasons(queue: string, error: unknown, settlement: Settlement): Record<string, unknown> {
  const { reason, advice, code } = deadLetterFacts(error, settlement);
  return {
    'x-retrysafe-queue': queue,
    'x-retrysafe-reason': reason,
    'x-retrysafe-advice': advice,
    ...(code !== undefined && { 'x-retrysafe-code': code }),
  };
}

function warnOfCancel(queue: string): void {
  warnOnce(
    `rabbitmq-cancelled ${queue}`,
    'RETRYSAFE_CONSUMER_CANCELLED',
    `RabbitMQ has cancelled a consumer of the queue "${queue}": it was deleted, or its node has gone. It gets no more messages until it consumes again.`,
  );
}
