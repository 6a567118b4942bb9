import { hasMethod } from '../shared/client-shape.js';
import type { NoticeReceiver, NoticeSource } from '../shared/notices.js';

/** What the store calls of a connection of `redis` (node-redis) that only subscribes, or of a wrapper. */
export interface RedisSubscriber {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: that of a cluster or sentinel takes a listener for buffers too
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

/** Notices that the server publishes, on one channel for each key. */
export class Subscription implements NoticeSource {
  readonly #subscriber: RedisSubscriber | IORedisSubscriber;
  readonly #channelOf: (key: string) => string;
  /** The message is the key. */
  readonly #receive: (key: string) => void;
  readonly #reconnected: () => void;
  #hasBegun = false;

  constructor(
    subscriber: RedisSubscriber | IORedisSubscriber,
    channelOf: (key: string) => string,
    receiver: NoticeReceiver,
  ) {
    this.#subscriber = subscriber;
    this.#channelOf = channelOf;
    this.#receive = (key) => receiver.notify(String(key));
    this.#reconnected = () => receiver.notifyAll();
  }

  listen(key: string): Promise<unknown> {
    this.#begin();
    const channel = this.#channelOf(key);
    return isIORedis(this.#subscriber)
      ? this.#subscriber.subscribe(channel)
      : this.#subscriber.subscribe(channel, this.#receive);
  }

  ignore(key: string): void {
    const channel = this.#channelOf(key);
    const subscriber = this.#subscriber;
    // A closed connection has nothing to unsubscribe from. A rejection or a throw of it must not end the process.
    new Promise((resolve) => {
      resolve(
        isIORedis(subscriber)
          ? subscriber.unsubscribe(channel)
          : subscriber.unsubscribe(channel, this.#receive),
      );
    }).catch(() => {});
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const subscriber = this.#subscriber;
    if (isIORedis(subscriber))
      subscriber.on('message', (_channel: string, message: string) => this.#receive(message));
    // Messages that are published while the connection is down are lost.
    if (hasMethod(subscriber, 'on')) subscriber.on('ready', this.#reconnected);
  }
}

function isIORedis(subscriber: RedisSubscriber | IORedisSubscriber): subscriber is IORedisSubscriber {
  return hasMethod(subscriber, 'call') && hasMethod(subscriber, 'on');
}
