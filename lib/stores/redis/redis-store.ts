import { StoreError } from '../../errors.js';
import type {
  IdempotencyRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../../record/persistence-store.js';
import { listerOf } from '../shared/listers.js';
import { Notices } from '../shared/notices.js';
import { withoutBytes } from '../shared/outcome-bytes.js';
import { storeParts } from '../shared/store-parts.js';
import { copyOf, GRACE_MS, readRecord, type StoredFields, stateValue } from '../shared/stored-record.js';
import { type Command, type Connection, connectionOf } from './redis-client.js';
import { explained, foreignKey, isMissingScript, refuseQueued } from './redis-faults.js';
import type { RedisAccess } from './redis-listing.js';
import { checkRedisOptions, type RedisStoreOptions } from './redis-options.js';
import { claimScript, findAsTextScript, findScript, replaceScript, type Script } from './redis-scripts.js';
import { isMangled, readCharacters, readStateField, stateField } from './redis-state.js';
import { Subscription } from './redis-subscription.js';

/** Redis takes no larger value (`proto-max-bulk-len`). */
const LARGEST_STATE_BYTES = 512 * 1_024 * 1_024;

/** How long the store waits for replicas to acknowledge a write. */
const REPLICATION_MS = 1_000;

/**
 * Keeps each record in a hash of Redis or Valkey. Every operation is one round trip: a short script that the server runs
 * atomically.
 */
export class RedisStore implements PersistenceStore {
  /** Only with the option `subscriber`. */
  declare readonly changed?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #waitReplicas: number;
  readonly #publishes: boolean;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(options: RedisStoreOptions) {
    checkRedisOptions(options);
    const { client, prefix = 'retrysafe:', waitReplicas = 0, subscriber } = options;
    this.#connection = connectionOf(client) as Connection;
    this.#prefix = prefix;
    this.#waitReplicas = waitReplicas;
    this.#publishes = subscriber !== undefined;
    if (!subscriber) return;
    const channelOf = (key: string) => this.#prefix + key;
    const notices = new Notices((receiver) => new Subscription(subscriber, channelOf, receiver));
    this.changed = (key, signal) => notices.changed(key, signal);
  }

  /** For tools that examine the database. */
  get [storeParts]() {
    return { kind: 'redis' as const, connection: this.#connection, prefix: this.#prefix };
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return (await this.#write(claimScript, record, [String(now)])) as IdempotencyRecord;
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    // The channel is an argument and not a key: a client may put a prefix of its own before keys.
    const notice = this.#publishes ? [this.#prefix + record.key, record.key] : [];
    return this.#write(replaceScript, record, [token, ...notice]);
  }

  async find(
    key: string,
    { consistent = false }: { readonly consistent?: boolean } = {},
  ): Promise<IdempotencyRecord | undefined> {
    const name = this.#prefix + key;
    if (consistent) return this.#read(key, await this.#runToRead(findScript, key));
    const fields = ['token', 'expiresAt', 'state'];
    return this.#read(
      key,
      await this.#explaining(key, () => this.#connection.send(['HMGET', name, ...fields], name)),
    );
  }

  /** Lists records in the order of the server's SCAN, on a cluster one primary after the other. Needs `import 'retrysafe/listing'`. */
  async records(query: RecordQuery): Promise<RecordPage> {
    return (await listerOf<RedisAccess>('RedisStore')).records(this.#access, query);
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    return (await listerOf<RedisAccess>('RedisStore')).planRecords(this.#access, query);
  }

  get #access(): RedisAccess {
    const send = (command: Command, [name = '']: readonly string[]) => this.#connection.send(command, name);
    return {
      connection: this.#connection,
      prefix: this.#prefix,
      run: (script, names, args) => this.#run(script, names, args, (command) => send(command, names)),
    };
  }

  /** Writes the record if the script permits it. Resolves to the holder afterwards, if there is one. */
  async #write(
    script: Script,
    record: IdempotencyRecord,
    more: readonly string[],
  ): Promise<IdempotencyRecord | undefined> {
    const { key, token, expiresAt } = record;
    const name = this.#prefix + key;
    const state = this.#stateOf(record);
    // A length of time and not an instant, because the server's clock may differ.
    const keepFor = Math.max(0, expiresAt - Date.now()) + GRACE_MS;
    const args = [token, String(expiresAt), state, String(Math.ceil(keepFor)), ...more];
    const reply = await this.#explaining(key, () =>
      this.#run(script, [name], args, (command) => this.#sendWrite(command, name, token)),
    );
    return Array.isArray(reply) && reply.length === 1 ? copyOf(record) : this.#read(key, reply);
  }

  /** Sends a write, and waits for replicas where the options say so. */
  async #sendWrite(command: Command, name: string, token: string): Promise<unknown> {
    const { send, sendBoth } = this.#connection;
    if (this.#waitReplicas === 0 || !sendBoth) return send(command, name);
    const wait = ['WAIT', String(this.#waitReplicas), String(REPLICATION_MS)];
    const [reply, waited] = await sendBoth(command, wait, name);
    // An earlier write of the same call is checked like this one: the store never learned its acknowledgements.
    const isOwn = Array.isArray(reply) && ownerOf(String(reply[0])) === ownerOf(token);
    if (!isOwn) return reply;
    const acknowledged = Number(await waited);
    if (acknowledged >= this.#waitReplicas) return reply;
    throw new StoreError(
      `RedisStore: ${acknowledged} of ${this.#waitReplicas} replicas acknowledged a write within ${REPLICATION_MS / 1_000} s, so it may be lost with the server; check the replicas, or lower \`waitReplicas\``,
    );
  }

  async #run(
    script: Script,
    names: readonly string[],
    args: Readonly<Command>,
    send: (command: Command) => Promise<unknown>,
  ): Promise<unknown> {
    const rest = [String(names.length), ...names, ...args];
    try {
      return await send(['EVALSHA', script.sha, ...rest]);
    } catch (fault) {
      if (!isMissingScript(fault)) throw fault;
      return send(['EVAL', script.text, ...rest]);
    }
  }

  #runToRead(script: Script, key: string): Promise<unknown> {
    const name = this.#prefix + key;
    return this.#explaining(key, () =>
      this.#run(script, [name], [], (command) => this.#connection.send(command, name)),
    );
  }

  /** Returns the field of a record's state. A client that does not take bytes gets them in the text. */
  #stateOf({ state }: IdempotencyRecord): string | Buffer {
    const parts = this.#connection.takesBytes ? withoutBytes(state) : { state, bytes: undefined };
    return stateField(stateValue('RedisStore', parts, LARGEST_STATE_BYTES), parts.bytes);
  }

  async #read(key: string, reply: unknown): Promise<IdempotencyRecord | undefined> {
    const fields = fieldsOf(reply);
    // What another client wrote.
    const again = isMangled(fields?.state)
      ? fieldsOf(await this.#runToRead(findAsTextScript, key))
      : undefined;
    if (again) return this.#recordOf(key, again, readCharacters);
    return fields && this.#recordOf(key, fields, readStateField);
  }

  #recordOf(key: string, { token, expiresAt, state }: StoredFields, read: typeof readStateField) {
    const fields = { token, expiresAt, ...read(state) };
    return readRecord('RedisStore', key, fields, foreignKey(this.#prefix + key));
  }

  async #explaining(key: string, send: () => Promise<unknown>): Promise<unknown> {
    try {
      return await send();
    } catch (fault) {
      throw explained(fault, key, this.#prefix);
    }
  }
}

/** Returns the fields that a reply has, and nothing where there is no hash. */
function fieldsOf(reply: unknown): StoredFields | undefined {
  refuseQueued(reply);
  if (!Array.isArray(reply) || reply.length !== 3)
    throw new TypeError('the client returned no list of three fields');
  const [token, expiresAt, state] = reply as readonly unknown[];
  return token === null && expiresAt === null && state === null ? undefined : { token, expiresAt, state };
}

/** Returns the owner of a token, which is `owner.n`. */
function ownerOf(token: string): string {
  return token.slice(0, token.lastIndexOf('.'));
}
