import { randomUUID } from 'node:crypto';
import { startTimer } from '../../process/timers.js';
import type { AmqpConfirmChannel, AmqpMessage } from './amqp-channel.js';

/** Names one copy, by which the broker's answer about it is known. */
const COPY = 'x-retrysafe-copy';
/** A queue that has lost its leader may never confirm. Its message must not be kept for ever. */
const CONFIRMATION_LIMIT_MS = 30_000;
export const EXCHANGE = 'x-retrysafe-exchange';
export const ROUTING_KEY = 'x-retrysafe-routing-key';

const copies = new WeakMap<AmqpConfirmChannel, ConfirmedCopies>();

/** Returns the one of a channel: each listens to it. */
export function copiesOf(channel: AmqpConfirmChannel): ConfirmedCopies {
  const known = copies.get(channel);
  if (known) return known;
  const made = new ConfirmedCopies(channel);
  copies.set(channel, made);
  return made;
}

/** Puts copies of messages into queues, and knows that they are there. */
class ConfirmedCopies {
  readonly #channel: AmqpConfirmChannel;
  /** Copies that no queue took. */
  readonly #returned = new Set<unknown>();

  constructor(channel: AmqpConfirmChannel) {
    this.#channel = channel;
    channel.on('return', ({ properties }) => {
      const copy = properties.headers?.[COPY];
      if (copy !== undefined) this.#returned.add(copy);
    });
  }

  /**
   * Resolves when the queue has a copy on its disk, with these headers besides the message's own. Rejects where it does not confirm that within 30 seconds, and where there is no such queue: RabbitMQ
   * confirms a message that it could route nowhere too, and tells only of a mandatory one, before it confirms it.
   */
  async put(queue: string, message: AmqpMessage, headers: Readonly<Record<string, unknown>>): Promise<void> {
    const copy = randomUUID();
    await new Promise<void>((resolve, reject) => {
      const properties = { ...copiedProperties(message), mandatory: true };
      const all = { ...properties.headers, ...headers, [COPY]: copy };
      const late = () => reject(new Error(`the queue "${queue}" does not confirm`));
      const cancel = startTimer(CONFIRMATION_LIMIT_MS, late, { isAwaited: false });
      const settle = (error: unknown) => {
        cancel();
        if (error) reject(error);
        else resolve();
      };
      this.#channel.publish('', queue, message.content, { ...properties, headers: all }, settle);
    });
    if (this.#returned.delete(copy)) throw new Error(`there is no queue "${queue}"`);
  }
}

/** The message as it was published first: of a copy the fields say the way that it took. */
export function asPublished<M extends AmqpMessage>(message: M): M {
  const { [EXCHANGE]: exchange, [ROUTING_KEY]: routingKey } = message.properties.headers ?? {};
  if (typeof exchange !== 'string' || typeof routingKey !== 'string') return message;
  return { ...message, fields: { ...message.fields, exchange, routingKey } };
}

function copiedProperties({ properties, fields }: AmqpMessage) {
  const kept: Record<string, unknown> = { ...properties, persistent: true };
  // It would end the message in the queue of the copy.
  delete kept.expiration;
  // RabbitMQ closes the channel where it is not the user of this connection.
  delete kept.userId;
  const headers: Record<string, unknown> = {
    [EXCHANGE]: fields.exchange,
    [ROUTING_KEY]: fields.routingKey,
    ...properties.headers,
  };
  // The broker would route the copy there again, count where it stopped, and drop the message as one that runs in a circle.
  for (const own of ['CC', 'BCC', 'x-delivery-count', 'x-death']) delete headers[own];
  return { ...kept, headers };
}
