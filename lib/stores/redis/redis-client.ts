import { hasMethod, hasProperty } from '../shared/client-shape.js';

/** Sends one command to the server that keeps `key`, and resolves to its reply. */
export type RedisFunction = (command: string[], key: string) => Promise<unknown>;

/** What the store calls of a client of `ioredis` or `iovalkey`, single or cluster. */
export interface IORedisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** What the store calls of a client of `redis` (node-redis): single, pool, sentinel or cluster. */
export interface NodeRedisClient {
  // biome-ignore lint/suspicious/noExplicitAny: its kinds take their arguments in different orders
  sendCommand(...args: any[]): Promise<unknown>;
}

/** What the store calls of a client of Valkey GLIDE, single or cluster. */
export interface GlideClient {
  // biome-ignore lint/suspicious/noExplicitAny: the options of the two kinds differ
  customCommand(args: string[], options?: any): Promise<unknown>;
}

export type RedisClient = RedisFunction | IORedisClient | NodeRedisClient | GlideClient;

/** A command: a part with bytes only for a connection that takes them. */
export type Command = (string | Buffer)[];

type Send = (command: Command, key: string) => Promise<unknown>;

/** How the store sends commands to a server, by any client. */
export interface Connection {
  readonly send: Send;
  /** Whether it takes bytes, and returns texts as bytes. Any other may take the bytes of a reply for UTF-8. */
  readonly takesBytes: boolean;
  /**
   * Sends two commands in order on one connection. Absent where the client cannot. Resolves to the reply to the first,
   * and to a promise of the reply to the second.
   */
  readonly sendBoth?: SendBoth;
  /** What the client puts before the keys of commands by itself, and not before a pattern. Absent where that is nothing. */
  readonly keyPrefix?: string | undefined;
  /** Returns the primaries of a cluster. Absent where the client is for a single server. */
  readonly primaries?: () => Promise<readonly Primary[]>;
}

/** A server that has keys of its own. */
export interface Primary {
  readonly address: string;
  /** Sends it a command that has no key. */
  readonly send: (command: string[]) => Promise<unknown>;
}

type SendBoth = (
  first: Command,
  second: string[],
  key: string,
) => Promise<readonly [unknown, Promise<unknown> | undefined]>;

/** Returns how to send commands by a client, told by its methods, or `undefined` for what is no client. */
export function connectionOf(client: unknown): Connection | undefined {
  if (isMistaken(client)) return undefined;
  if (typeof client === 'function') return inOrder(client as Send, false);
  if (hasMethod(client, 'call')) return ofIORedis(client as unknown as IORedisClient & IORedisCluster);
  if (hasMethod(client, 'customCommand')) return ofGlide(client as unknown as GlideClient);
  if (hasMethod(client, 'sendCommand')) return ofNodeRedis(client as unknown as NodeRedisClient);
  return undefined;
}

/** Whether it is a class, which is a function too, or a pipeline, which sends its commands later. */
function isMistaken(client: unknown): boolean {
  return typeof client === 'function'
    ? /^class\b/.test(Function.prototype.toString.call(client))
    : (client as { readonly isPipeline?: unknown } | null | undefined)?.isPipeline === true;
}

interface IORedisCluster {
  readonly isCluster?: boolean;
  readonly options?: { readonly keyPrefix?: string };
  nodes(
    role: 'master',
  ): readonly (IORedisClient & { readonly options: { readonly host?: string; readonly port?: number } })[];
  pipeline(commands: readonly Command[]): {
    exec(): Promise<readonly (readonly [unknown, unknown])[] | null>;
  };
}

function ofIORedis(client: IORedisClient & IORedisCluster): Connection {
  const takesBytes = hasMethod(client, 'evalshaBuffer');
  // By the method of the command, since `callBuffer` loses the command's name where a client makes pipelines of what it sends.
  const send: Send = ([command, ...args]) => {
    const name = bufferName(command);
    return hasMethod<string>(client, name)
      ? (client[name]?.(...args) as Promise<unknown>)
      : client.call(command as string, ...(args as string[]));
  };
  const keyPrefix = client.options?.keyPrefix;
  if (!client.isCluster) return { ...inOrder(send, takesBytes), keyPrefix };
  const primaries = async () => {
    // A cluster that is not connected yet knows no nodes.
    await client.call('PING');
    return client.nodes('master').map((node) => ({
      address: `${node.options.host}:${node.options.port}`,
      send: ([command, ...args]: string[]) => node.call(command as string, ...args),
    }));
  };
  // Only a pipeline sends a command without a key to the node of the command before it.
  const ordered = atOneNode(send, takesBytes, async ([command, ...args], second) => {
    const first = [takesBytes ? bufferName(command) : lowered(command), ...args];
    const [other, ...others] = second;
    const replies = await client.pipeline([first, [lowered(other), ...others]]).exec();
    return paired(
      (replies ?? []).map(async ([fault, reply]) => {
        if (fault) throw fault;
        return reply;
      }),
    );
  });
  return { ...ordered, keyPrefix, primaries };
}

function lowered(command: unknown): string {
  return String(command).toLowerCase();
}

/** The name of ioredis' method that sends a command and returns texts as bytes. */
function bufferName(command: unknown): string {
  return `${lowered(command)}Buffer`;
}

function ofGlide(client: GlideClient): Connection {
  // 0 is `Decoder.Bytes`, whatever the client's default is. Only a cluster reads the route.
  const sendBy = (command: Command, route: object) =>
    client.customCommand(command as string[], { decoder: 0, route });
  const connection = inOrder((command, key) => sendBy(command, { type: 'primarySlotKey', key }), true);
  if (!hasMethod(client, 'fcallWithRoute')) return connection;
  const primaries = async () => {
    const ranges = await connection.send(['CLUSTER', 'SLOTS'], '');
    // By address, because GLIDE 2.5 takes the route of a slot's number for that of a key.
    const addresses = new Map(
      (ranges as readonly (readonly [number, number, readonly [unknown, unknown]])[]).map(
        ([, , [host, port]]) => [`${host}:${port}`, { host: String(host), port: Number(port) }],
      ),
    );
    return [...addresses].map(([address, of]) => ({
      address,
      send: (command: string[]) => sendBy(command, { type: 'routeByAddress', ...of }),
    }));
  };
  return { ...connection, primaries };
}

/** Lets node-redis return texts as bytes: from version 5 on, where 36 is `RESP_TYPES.BLOB_STRING`, and in version 4. */
const asBytes = { typeMapping: { 36: Buffer }, returnBuffers: true };

interface NodeRedisCluster extends NodeRedisClient {
  readonly masters: readonly { readonly address: string }[];
  nodeClient(master: object): NodeRedisClient | Promise<NodeRedisClient>;
  getNodeClientForKey?(key: string, isReadonly: boolean): Promise<NodeRedisClient>;
}

function ofNodeRedis(client: NodeRedisClient): Connection {
  if (hasProperty(client, 'masters')) return ofNodeRedisCluster(client as NodeRedisCluster);
  if (hasProperty(client, 'getSentinelNode'))
    return { send: (command) => client.sendCommand(false, command, asBytes), takesBytes: true };
  const send: Send = (command) => client.sendCommand(command, asBytes);
  // A pool may send two commands on two connections.
  return hasProperty(client, 'totalClients') ? { send, takesBytes: true } : inOrder(send, true);
}

function ofNodeRedisCluster(client: NodeRedisCluster): Connection {
  const send: Send = (command, key) => client.sendCommand(key, false, command, asBytes);
  const primaries = async () =>
    client.masters.map((master) => ({
      address: master.address,
      send: async (command: string[]) => (await client.nodeClient(master)).sendCommand(command),
    }));
  const { getNodeClientForKey } = client;
  if (!getNodeClientForKey) return { ...inOrder(send, true), primaries };
  // From version 6 on a cluster sends WAIT to all its nodes and ignores the key.
  const ordered = atOneNode(send, true, async (first, second, key) => {
    const node = await getNodeClientForKey.call(client, key, false);
    return paired([node.sendCommand(first, asBytes), node.sendCommand(second)]);
  });
  return { ...ordered, primaries };
}

/** For a client that sends the commands of one turn in their order, on the connection of the key. */
function inOrder(send: Send, takesBytes: boolean): Connection {
  const sendBoth: SendBoth = (first, second, key) =>
    paired([first, second].map(async (command) => send(command, key)));
  return { send, takesBytes, sendBoth };
}

/** For a client of a cluster that does not follow a moved key while it sends two commands to one node. */
function atOneNode(send: Send, takesBytes: boolean, sendBoth: SendBoth): Connection {
  return {
    send,
    takesBytes,
    async sendBoth(first, second, key) {
      try {
        return await sendBoth(first, second, key);
      } catch (fault) {
        if (!/^(MOVED|ASK)\b/.test(String((fault as Partial<Error> | undefined)?.message))) throw fault;
        // A command alone does follow, and then the client knows the node. Sent again, the command finds its own write.
        await send(first, key);
        return sendBoth(first, second, key);
      }
    },
  };
}

async function paired([first, second]: readonly Promise<unknown>[]): ReturnType<SendBoth> {
  // If the first fails, the second is not awaited, and its rejection would be unhandled.
  second?.catch(() => {});
  return [await first, second];
}
