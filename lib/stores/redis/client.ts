/** Sends one command to the server that has `key`, and resolves to its reply. */
export type RedisFunction = (command: string[], key: string) => Promise<unknown>;

/** What the store uses of a client of `ioredis` or `iovalkey`, single or cluster. */
export interface IORedisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** What the store uses of a client of `redis` (node-redis): single, pool, sentinel or cluster. */
export interface NodeRedisClient {
  // biome-ignore lint/suspicious/noExplicitAny: its kinds take their arguments in different orders
  sendCommand(...args: any[]): Promise<unknown>;
}

/** What the store uses of a client of Valkey GLIDE, single or cluster. */
export interface GlideClient {
  // biome-ignore lint/suspicious/noExplicitAny: the options of the two kinds differ
  customCommand(args: string[], options?: any): Promise<unknown>;
}

export type RedisClient = RedisFunction | IORedisClient | NodeRedisClient | GlideClient;

/** How the store talks to a server, whatever the client. */
export interface Connection {
  readonly send: RedisFunction;
  /** Sends two commands one after the other on one connection; absent where the client cannot. */
  readonly sendBoth?: (first: string[], second: string[], key: string) => Promise<readonly unknown[]>;
}

/** The connection that a client is, by what it can do; nothing where it is none. */
export function connectionOf(client: unknown): Connection | undefined {
  if (typeof client === 'function') return inOrder(client as RedisFunction);
  if (can(client, 'call')) return ofIORedis(client as unknown as IORedisClient & IORedisPipelines);
  if (can(client, 'customCommand')) return ofGlide(client as unknown as GlideClient);
  if (can(client, 'sendCommand')) return ofNodeRedis(client as unknown as NodeRedisClient);
  return undefined;
}

interface IORedisPipelines {
  pipeline?(commands: readonly string[][]): {
    exec(): Promise<readonly (readonly [unknown, unknown])[] | null>;
  };
}

function ofIORedis(client: IORedisClient & IORedisPipelines): Connection {
  const send: RedisFunction = ([command, ...args]) => client.call(command as string, ...args);
  if (!can(client, 'pipeline')) return { send };
  // In a cluster only a pipeline keeps a command that has no key with the one before it.
  const sendBoth = async (...[first, second]: [string[], string[], string]) => {
    const replies = (await client.pipeline?.([lowered(first), lowered(second)]).exec()) ?? [];
    return replies.map(([fault, reply]) => {
      if (fault) throw fault;
      return reply;
    });
  };
  return { send, sendBoth };
}

function lowered([command, ...args]: string[]): string[] {
  return [String(command).toLowerCase(), ...args];
}

function ofGlide(client: GlideClient): Connection {
  // 1 is `Decoder.String`, whatever the client's default. Only a cluster looks at the route.
  return inOrder((command, key) =>
    client.customCommand(command, { decoder: 1, route: { type: 'primarySlotKey', key } }),
  );
}

function ofNodeRedis(client: NodeRedisClient): Connection {
  if (has(client, 'masters')) return inOrder((command, key) => client.sendCommand(key, false, command));
  if (has(client, 'getSentinelNode')) return { send: (command) => client.sendCommand(false, command) };
  const send: RedisFunction = (command) => client.sendCommand(command);
  // A pool may send two commands on two connections.
  return has(client, 'totalClients') ? { send } : inOrder(send);
}

/** A client that sends what it gets in one turn in this order, on the connection that the key belongs to. */
function inOrder(send: RedisFunction): Connection {
  return {
    send,
    sendBoth: (first, second, key) => Promise.all([send(first, key), send(second, key)]),
  };
}

export function can<Name extends string>(
  value: unknown,
  name: Name,
): value is Record<Name, (...args: unknown[]) => unknown> {
  return typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function';
}

function has(value: object, name: string): boolean {
  return name in value;
}
