import { ConfigurationError, StoreError } from '../../errors.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { Notices } from '../shared/notices.js';
import { GRACE, recordOf, stateText } from '../shared/stored-record.js';
import { type Connection, connectionOf } from './redis-client.js';
import { explained, foreignAdvice, isMissingScript } from './redis-faults.js';
import { checkRedisOptions, type RedisStoreOptions } from './redis-options.js';
import { claimScript, findScript, replaceScript, type Script } from './redis-scripts.js';
import { Subscription } from './redis-subscription.js';

/** Redis takes no larger value, in bytes (`proto-max-bulk-len`). */
const LARGEST_STATE = 512 * 1_024 * 1_024;

/** How long replicas have to acknowledge a write, in milliseconds. */
const REPLICATION = 1_000;

type Fields = readonly unknown[];

/**
 * Keeps records in Redis or Valkey, one hash each. Every operation is one round trip: a short script that the server
 * runs in one go.
 */
export class RedisStore implements PersistenceStore {
  /** Tells a waiting call of this process what other processes did. Only with the option `subscriber`. */
  declare readonly changed?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #waitReplicas: number;
  readonly #tells: boolean;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: RedisStoreOptions) {
    checkRedisOptions(options);
    const { client, prefix = 'retrysafe:', waitReplicas = 0, subscriber } = options;
    this.#connection = connectionOf(client) as Connection;
    this.#prefix = prefix;
    this.#waitReplicas = waitReplicas;
    this.#tells = subscriber !== undefined;
    if (!subscriber) return;
    const channelOf = (key: string) => this.#prefix + key;
    const notices = new Notices((receiver) => new Subscription(subscriber, channelOf, receiver));
    this.changed = (key, signal) => notices.changed(key, signal);
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return (await this.#write(claimScript, record, [String(now)])) as IdempotencyRecord;
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    // The channel is no key, so that a client which puts a prefix of its own before keys leaves it as it is.
    const notice = this.#tells ? [this.#prefix + record.key, record.key] : [];
    return this.#write(replaceScript, record, [token, ...notice]);
  }

  async find(
    key: string,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<IdempotencyRecord | undefined> {
    const name = this.#prefix + key;
    return this.#read(
      key,
      await this.#asked(key, () =>
        consistent
          ? this.#run(findScript, name, [], (command) => this.#connection.send(command, name))
          : this.#connection.send(['HMGET', name, 'token', 'expiresAt', 'state'], name),
      ),
    );
  }

  /** Writes the record where the script lets it. Resolves to the holder afterwards, if any. */
  async #write(
    script: Script,
    record: IdempotencyRecord,
    more: readonly string[],
  ): Promise<IdempotencyRecord | undefined> {
    const { key, token, expiresAt } = record;
    const name = this.#prefix + key;
    const state = stateText('RedisStore', record, LARGEST_STATE);
    // By a length of time and not by an instant: the server's clock may be another than ours.
    const keepFor = Math.max(0, expiresAt - Date.now()) + GRACE;
    const args = [token, String(expiresAt), state, String(Math.ceil(keepFor)), ...more];
    const reply = await this.#asked(key, () =>
      this.#run(script, name, args, (command) => this.#sendWrite(command, name, token)),
    );
    return Array.isArray(reply) && reply.length === 1 ? structuredClone(record) : this.#read(key, reply);
  }

  /** Sends a write, and where replicas are to be waited for, that as well. */
  async #sendWrite(command: string[], name: string, token: string): Promise<unknown> {
    const { send, sendBoth } = this.#connection;
    if (this.#waitReplicas === 0 || !sendBoth) return send(command, name);
    const wait = ['WAIT', String(this.#waitReplicas), String(REPLICATION)];
    const [reply, waited] = await sendBoth(command, wait, name);
    // What the same call wrote before counts no more than what it writes now: its acknowledgements were never heard of.
    const isOwn = Array.isArray(reply) && ownerOf(String(reply[0])) === ownerOf(token);
    if (!isOwn) return reply;
    const acknowledged = Number(await waited);
    if (acknowledged >= this.#waitReplicas) return reply;
    throw new StoreError(
      `RedisStore: ${acknowledged} of ${this.#waitReplicas} replicas have acknowledged a write within ${REPLICATION / 1_000} s, so it may be lost with the server; see to the replicas, or lower \`waitReplicas\``,
    );
  }

  async #run(
    script: Script,
    name: string,
    args: readonly string[],
    send: (command: string[]) => Promise<unknown>,
  ): Promise<unknown> {
    try {
      return await send(['EVALSHA', script.sha, '1', name, ...args]);
    } catch (fault) {
      if (!isMissingScript(fault)) throw fault;
      return send(['EVAL', script.text, '1', name, ...args]);
    }
  }

  #read(key: string, reply: unknown): IdempotencyRecord | undefined {
    if (isQueued(reply)) {
      throw new ConfigurationError(
        'RedisStore: the client has a MULTI open, and what is sent now is done with its EXEC or not at all; give the store a connection that nothing else uses',
      );
    }
    if (!Array.isArray(reply) || reply.length !== 3)
      throw new TypeError('the client gave no list of three fields');
    const [token, expiresAt, state] = reply as Fields;
    if (token === null && expiresAt === null && state === null) return undefined;
    return recordOf('RedisStore', key, { token, expiresAt, state }, this.#prefix + key, foreignAdvice);
  }

  async #asked(key: string, send: () => Promise<unknown>): Promise<unknown> {
    try {
      return await send();
    } catch (fault) {
      throw explained(fault, key, this.#prefix);
    }
  }
}

/** What a server replies to a command while a MULTI is open on the connection. */
function isQueued(reply: unknown): boolean {
  return String(reply) === 'QUEUED';
}

/** A token is `owner.n`. */
function ownerOf(token: string): string {
  return token.slice(0, token.lastIndexOf('.'));
}
