import type { NoticeReceiver, NoticeSource } from '../shared/notices.js';
import { can } from './redis-client.js';

/** What the store uses of a connection of `redis` (node-redis) that does nothing but subscribe; or of a wrapper. */
export interface RedisSubscriber {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: that of a cluster or sentinel wants a listener that takes buffers, too
  unsubscribe(channel: string, listener: any): Promise<unknown>;
}

/** The same of a connection of `ioredis` or `iovalkey`. */
export interface IORedisSubscriber {
  call: unknown;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: its events have different arguments
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** Notices that the server publishes on a channel for each key. */
export class Subscription implements NoticeSource {
  readonly #subscriber: RedisSubscriber | IORedisSubscriber;
  readonly #channelOf: (key: string) => string;
  /** The key is the message. */
  readonly #hear: (key: string) => void;
  readonly #heard: () => void;
  #hasBegun = false;

  constructor(
    subscriber: RedisSubscriber | IORedisSubscriber,
    channelOf: (key: string) => string,
    receiver: NoticeReceiver,
  ) {
    this.#subscriber = subscriber;
    this.#channelOf = channelOf;
    this.#hear = (key) => receiver.notify(String(key));
    this.#heard = () => receiver.notifyAll();
  }

  listen(key: string): Promise<unknown> {
    this.#begin();
    const channel = this.#channelOf(key);
    return isIORedis(this.#subscriber)
      ? this.#subscriber.subscribe(channel)
      : this.#subscriber.subscribe(channel, this.#hear);
  }

  ignore(key: string): void {
    const channel = this.#channelOf(key);
    const subscriber = this.#subscriber;
    // A connection that is gone has nothing to unsubscribe from; nor may one that throws end the process.
    new Promise((resolve) => {
      resolve(
        isIORedis(subscriber) ? subscriber.unsubscribe(channel) : subscriber.unsubscribe(channel, this.#hear),
      );
    }).catch(() => {});
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const subscriber = this.#subscriber;
    if (isIORedis(subscriber))
      subscriber.on('message', (_channel: string, message: string) => this.#hear(message));
    // What was published while a connection was down is lost.
    if (can(subscriber, 'on')) subscriber.on('ready', this.#heard);
  }
}

function isIORedis(subscriber: RedisSubscriber | IORedisSubscriber): subscriber is IORedisSubscriber {
  return can(subscriber, 'call') && can(subscriber, 'on');
}
