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
  /**
   * Sends two commands one after the other on one connection; absent where the client cannot. Resolves to the first
   * one's reply, and to what the second one will reply.
   */
  readonly sendBoth?: SendBoth;
}

type SendBoth = (
  first: string[],
  second: string[],
  key: string,
) => Promise<readonly [unknown, Promise<unknown> | undefined]>;

/** The connection that a client is, by what it can do; nothing where it is none. */
export function connectionOf(client: unknown): Connection | undefined {
  if (isMistaken(client)) return undefined;
  if (typeof client === 'function') return inOrder(client as RedisFunction);
  if (can(client, 'call')) return ofIORedis(client as unknown as IORedisClient & IORedisCluster);
  if (can(client, 'customCommand')) return ofGlide(client as unknown as GlideClient);
  if (can(client, 'sendCommand')) return ofNodeRedis(client as unknown as NodeRedisClient);
  return undefined;
}

/** A class in place of a client of it, which is a function as well; or a pipeline, whose commands are sent when it is told. */
function isMistaken(client: unknown): boolean {
  return typeof client === 'function'
    ? /^class\b/.test(Function.prototype.toString.call(client))
    : (client as { readonly isPipeline?: unknown } | null | undefined)?.isPipeline === true;
}

interface IORedisCluster {
  readonly isCluster?: boolean;
  pipeline(commands: readonly string[][]): {
    exec(): Promise<readonly (readonly [unknown, unknown])[] | null>;
  };
}

function ofIORedis(client: IORedisClient & IORedisCluster): Connection {
  const send: RedisFunction = ([command, ...args]) => client.call(command as string, ...args);
  if (!client.isCluster) return inOrder(send);
  // Only a pipeline keeps a command that has no key with the one before it.
  return atOneNode(send, async (first, second) => {
    const replies = await client.pipeline([lowered(first), lowered(second)]).exec();
    return paired(
      (replies ?? []).map(async ([fault, reply]) => {
        if (fault) throw fault;
        return reply;
      }),
    );
  });
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

interface NodeRedisCluster extends NodeRedisClient {
  getNodeClientForKey?(key: string, isReadonly: boolean): Promise<NodeRedisClient>;
}

function ofNodeRedis(client: NodeRedisClient): Connection {
  if (has(client, 'masters')) return ofNodeRedisCluster(client);
  if (has(client, 'getSentinelNode')) return { send: (command) => client.sendCommand(false, command) };
  const send: RedisFunction = (command) => client.sendCommand(command);
  // A pool may send two commands on two connections.
  return has(client, 'totalClients') ? { send } : inOrder(send);
}

function ofNodeRedisCluster(client: NodeRedisCluster): Connection {
  const send: RedisFunction = (command, key) => client.sendCommand(key, false, command);
  if (!can(client, 'getNodeClientForKey')) return inOrder(send);
  // From version 6 on a cluster sends WAIT to all its nodes, whatever the key.
  return atOneNode(send, async (first, second, key) => {
    const node = await client.getNodeClientForKey(key, false);
    return paired([node.sendCommand(first), node.sendCommand(second)]);
  });
}

/** A client that sends what it gets in one turn in this order, on the connection that the key belongs to. */
function inOrder(send: RedisFunction): Connection {
  const sendBoth: SendBoth = (first, second, key) =>
    paired([first, second].map(async (command) => send(command, key)));
  return { send, sendBoth };
}

/** A client of a cluster that does not follow a key that has moved, where it sends both commands to one node. */
function atOneNode(send: RedisFunction, sendBoth: SendBoth): Connection {
  return {
    send,
    async sendBoth(first, second, key) {
      try {
        return await sendBoth(first, second, key);
      } catch (fault) {
        if (!/^(MOVED|ASK)\b/.test(String((fault as Partial<Error> | undefined)?.message))) throw fault;
        // One alone does follow, and then the client knows where the key is. Sent again it finds what it has written.
        await send(first, key);
        return sendBoth(first, second, key);
      }
    },
  };
}

async function paired([first, second]: readonly Promise<unknown>[]): ReturnType<SendBoth> {
  // Nobody asks for it where the first one fails.
  second?.catch(() => {});
  return [await first, second];
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
