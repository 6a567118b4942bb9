import type { NoticeReceiver, NoticeSource } from '../shared/notices.js';
import { quoted } from '../shared/sql-tables.js';
import { isPool } from './postgres-client.js';
import { channelOf, digest } from './postgres-schema.js';

/** What the store calls of a connection of `pg` that only listens. */
export interface PgListener {
  // biome-ignore lint/suspicious/noExplicitAny: its events have different arguments
  on(event: string, listener: (...args: any[]) => void): unknown;
  query(text: string): Promise<unknown>;
}

/** The same of PGlite and `postgres` (postgres.js), which deliver notices by themselves. */
export interface ChannelListener {
  listen(channel: string, listener: (payload: string) => void): Promise<unknown>;
}

export type PostgresListener = PgListener | ChannelListener;

export function isListener(value: unknown): value is PostgresListener {
  return value !== null && value !== undefined && (listens(value) || (isConnection(value) && !isPool(value)));
}

function listens(value: unknown): value is ChannelListener {
  return typeof (value as Partial<ChannelListener>).listen === 'function';
}

function isConnection(value: unknown): value is PgListener {
  const { on, query } = value as Partial<PgListener>;
  return typeof on === 'function' && typeof query === 'function';
}

/** Returns the message for a key: a text of fixed length, without anything of the application's. */
export const messageOf = digest;

/** Notices of one table, on one channel for all its keys. */
export class TableNotices implements NoticeSource {
  readonly #listener: PostgresListener;
  readonly #channel: string;
  readonly #receiver: NoticeReceiver;
  /** The keys that calls wait for, by their messages. */
  readonly #keys = new Map<string, string>();
  #listening: Promise<unknown> | undefined;
  #isAttached = false;
  #hasEnded = false;

  constructor(listener: PostgresListener, table: string, receiver: NoticeReceiver) {
    this.#listener = listener;
    this.#channel = channelOf(table);
    this.#receiver = receiver;
  }

  async listen(key: string): Promise<void> {
    if (this.#hasEnded) throw ended();
    this.#keys.set(messageOf(key), key);
    this.#listening ??= this.#begin();
    try {
      await this.#listening;
    } catch (fault) {
      // The next call that waits tries again.
      this.#listening = undefined;
      throw fault;
    }
  }

  ignore(key: string): void {
    this.#keys.delete(messageOf(key));
  }

  #begin(): Promise<unknown> {
    const listener = this.#listener;
    if (listens(listener)) return listener.listen(this.#channel, (payload) => this.#receive(payload));
    this.#attach(listener);
    return listener.query(`LISTEN ${quoted(this.#channel)}`);
  }

  #attach(listener: PgListener): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    listener.on('notification', ({ channel, payload }: { channel: string; payload?: string }) => {
      if (channel === this.#channel) this.#receive(String(payload));
    });
    // There is no listener for `error`: the application decides what to do about a broken connection.
    listener.on('end', () => {
      this.#hasEnded = true;
      this.#receiver.fail(ended());
    });
  }

  #receive(message: string): void {
    const key = this.#keys.get(message);
    if (key !== undefined) this.#receiver.notify(key);
  }
}

function ended(): Error {
  return new Error('the connection that the store listens on has ended');
}
