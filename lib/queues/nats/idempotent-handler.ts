import { ConfigurationError } from '../../errors.js';
import { milliseconds } from '../../options/duration.js';
import { isObject } from '../../options/reading.js';
import { failureDelaySeconds } from '../core/failure-delay.js';
import { failureOf } from '../core/failure-of.js';
import { type Settlement, settle } from '../core/settlement.js';
import { retryDelaySeconds } from '../core/settlement-options.js';
import { tellOfFailure } from '../core/tell-of-failure.js';
import { fillHeaders } from './dead-letter.js';
import { checkHandlerOptions, type IdempotentHandlerOptions } from './handler-options.js';
import type { JetStreamMessage, JetStreamPublisher } from './jetstream.js';

/**
 * Returns a handler of messages of JetStream, which settles each by how `handle` ends. Call it with each message at once, and do not await it
 * before the next: `for await (const message of messages) void handler(message)`. A message that waits in the client for its turn is delivered
 * again when its `ack_wait` is over. `max_ack_pending` of the consumer says how many messages are at work at a time.
 *
 * - It returns: the message is acknowledged.
 * - `retry-later`, such as a duplicate of a running call: it is delivered again after that time. JetStream counts that as a delivery, so a consumer
 *   must have no `max_deliver`, as by `natsSettings`.
 * - `fix-request`, `fix-code`, `ask-human` and recorded errors: it is published to `deadLetters`, with the reason in its headers.
 * - Another error: it is delivered again after a delay that doubles each time. At delivery `maxReceives` it goes to `deadLetters`.
 *
 * A message that is set aside is acknowledged when a stream has confirmed it. Where none has, it is delivered again after `retryDelay`. Where the
 * connection is gone, JetStream delivers it again after `ack_wait`. The promise never rejects.
 *
 * @throws {ConfigurationError} at once, for a wrong option or client.
 */
export function idempotentHandler<M extends JetStreamMessage>(
  client: JetStreamPublisher,
  handle: (message: M) => unknown,
  options: IdempotentHandlerOptions,
): (message: M) => Promise<void> {
  checkClient(client);
  checkHandlerOptions(options);
  const { deadLetters, headers, maxReceives, report } = options;
  const extendEveryMs = milliseconds(options.extendEvery);

  async function park(message: M, error: unknown, settlement: Settlement): Promise<void> {
    const filled = headers();
    fillHeaders(filled, message, error, settlement);
    // Where the acknowledgement is lost, it is set aside once more, which the stream of the dead letters then knows.
    const msgID = `${message.info.stream}:${message.seq}`;
    await client.publish(deadLetters, message.data, { headers: filled, msgID });
    await message.ackAck();
  }

  async function settleFailed(message: M, error: unknown, settlement: Settlement): Promise<void> {
    if (settlement.do === 'redeliver') return putOff(message, settlement.afterSeconds);
    const { deliveryCount } = message.info;
    if (settlement.do === 'park' || deliveryCount >= maxReceives) return park(message, error, settlement);
    putOff(message, failureDelaySeconds(deliveryCount, options));
  }

  /** Not at once: what could not be settled would fail again without a pause. */
  function giveBack(message: M, error: unknown): void {
    const afterSeconds = retryDelaySeconds(options);
    const reason = 'the message could not be settled';
    tellOfFailure(
      { id: idOf(message), error, settlement: { do: 'redeliver', afterSeconds, reason } },
      report,
    );
    putOff(message, afterSeconds);
  }

  return async function consume(message) {
    const stopExtending = extend(message, extendEveryMs);
    try {
      const failure = await failureOf(() => handle(message));
      // Without a confirmation: where it is lost, the message comes back and gets the outcome of its key.
      if (!failure) return message.ack();
      const settlement = settle(failure.error, options);
      tellOfFailure({ id: idOf(message), error: failure.error, settlement }, report);
      await settleFailed(message, failure.error, settlement).catch((error) => giveBack(message, error));
    } catch {
      // The connection is closed, so that JetStream delivers the message again.
    } finally {
      stopExtending();
    }
  };
}

function putOff(message: JetStreamMessage, seconds: number): void {
  message.nak(Math.ceil(seconds * 1_000));
}

/** Lets the server begin `ack_wait` anew while the method runs. */
function extend(message: JetStreamMessage, everyMs: number | undefined): () => void {
  if (everyMs === undefined) return () => {};
  const timer = setInterval(() => {
    try {
      message.working();
    } catch {
      // The connection is closed.
    }
  }, everyMs);
  timer.unref?.();
  return () => clearInterval(timer);
}

function checkClient(client: unknown): void {
  if (isObject(client) && typeof (client as Partial<JetStreamPublisher>).publish === 'function') return;
  throw new ConfigurationError(
    'idempotentHandler: the client has no `publish`; expected that of `jetstream(connection)`',
  );
}

function idOf({ info, seq }: JetStreamMessage): string {
  return `${info.stream}:${seq}`;
}
