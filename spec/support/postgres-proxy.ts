import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Client, type ClientConfig, type Pool, type PoolConfig } from 'pg';
import { restOfTurn } from './deployment.js';
import type { PostgresFixture } from './postgres.js';
import {
  answerOf,
  describeStatement,
  type Message,
  MessageReader,
  type PostgresStatement,
  type StatementKind,
} from './postgres-statements.js';

/**
 * What happens to a statement:
 * `lose` it is done, and the connection breaks before its answer arrives;
 * `late` the connection breaks at once, and the statement arrives when the spec delivers it;
 * `hold` it arrives when the spec delivers it, and its client waits for the answer all the time;
 * `hang` it is not done and never answered; `swallow` it is done and never answered.
 */
export type Fate = 'pass' | 'lose' | 'late' | 'hold' | 'hang' | 'swallow';

/** What the server did with a statement. */
export interface ServerAnswer {
  /** The SQLSTATE, where it is an error. */
  readonly code?: string;
  /** What was done, such as `UPDATE 1`. */
  readonly tag?: string;
}

/** A statement that came to the proxy. */
export interface Seen extends PostgresStatement {
  /** Nothing until the server has answered. */
  answer?: ServerAnswer;
}

/** A statement that was held back. */
export interface Held extends Seen {
  deliver(): Promise<ServerAnswer>;
}

/** What the clients of this process wait for, so that fake time passes no faster than they are answered. */
export class PostgresTraffic {
  #asked = 0;
  #parked = 0;
  readonly #watchers = new Set<() => void>();

  /** Has every query of the client counted. */
  watch<T extends { query: unknown; connect?: unknown }>(client: T): T {
    for (const method of ['query', 'connect'] as const) {
      const original = client[method] as ((...args: unknown[]) => unknown) | undefined;
      if (!original) continue;
      client[method] = ((...args: unknown[]) => {
        const answer = original.apply(client, args);
        return answer instanceof Promise ? this.#count(answer) : answer;
      }) as never;
    }
    return client;
  }

  park(): () => void {
    this.#parked += 1;
    this.changed();
    let isParked = true;
    return () => {
      if (!isParked) return;
      isParked = false;
      this.#parked -= 1;
      this.changed();
    };
  }

  /** Resolves when every query has its answer, but for those that get none for now. */
  async quiet(): Promise<void> {
    for (let calmTurns = 0; calmTurns < 5; calmTurns += 1) {
      while (this.#asked > this.#parked) {
        calmTurns = 0;
        await this.change();
      }
      await restOfTurn();
    }
  }

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
    });
  }

  changed(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }

  async #count<T>(answer: Promise<T>): Promise<T> {
    this.#asked += 1;
    try {
      return await answer;
    } finally {
      this.#asked -= 1;
      this.changed();
    }
  }
}

// Of connections that a spec loses, some are for ever in use; and none is closed because fake time passes.
const pooled = { max: 20, idleTimeoutMillis: 0 } as const;

/** The network between clients and a server of PostgreSQL, in the hands of a spec. */
export class PostgresProxy {
  /** Every statement that came, the oldest first. */
  readonly seen: Seen[] = [];
  /** Those of them that were held back and not delivered yet. */
  readonly held: Held[] = [];
  readonly traffic = new PostgresTraffic();
  readonly #fates: { readonly kind: StatementKind; readonly fate: Fate }[] = [];
  readonly #always = new Map<StatementKind, Fate>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(readonly postgres: PostgresFixture) {
    this.#server = createServer((socket) => new Connection(this, socket, this.#open()));
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.disconnect();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What a client whose statements go through the proxy is made with. */
  get connection(): ClientConfig {
    const { user, password, database } = new Client(this.postgres.connection);
    return { host: '127.0.0.1', port: this.port, user, password: password ?? undefined, database };
  }

  /** A pool whose statements go through the proxy. */
  pool(options: PoolConfig = {}): Pool {
    return this.traffic.watch(this.postgres.pool({ ...this.connection, ...pooled, ...options }));
  }

  /** A pool that reaches the server by itself, as another machine does. */
  directPool(options: PoolConfig = {}): Pool {
    return this.traffic.watch(this.postgres.pool({ ...pooled, ...options }));
  }

  /** The next statements of that kind meet these fates, one each. */
  next(kind: StatementKind, ...fates: Fate[]): this {
    this.#fates.push(...fates.map((fate) => ({ kind, fate })));
    return this;
  }

  /** Every further statement of that kind meets this fate, until `heal`. */
  always(kind: StatementKind, fate: Fate): this {
    this.#always.set(kind, fate);
    return this;
  }

  heal(): this {
    this.#always.clear();
    this.#fates.length = 0;
    return this;
  }

  /** Breaks every connection, and forgets what came and what was to happen. */
  reset(): void {
    this.disconnect();
    this.heal();
    this.seen.length = 0;
    this.held.length = 0;
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  of(kind: StatementKind): Seen[] {
    return this.seen.filter((one) => one.kind === kind);
  }

  count(kind: StatementKind): number {
    return this.of(kind).length;
  }

  /** Delivers the oldest of the statements that were held back. */
  deliver(): Promise<ServerAnswer> {
    const held = this.held.shift();
    if (!held) throw new Error('nothing was held back');
    return held.deliver();
  }

  /** Resolves when every query of this process has its answer, but for those that get none for now. */
  quiet(): Promise<void> {
    return this.traffic.quiet();
  }

  /** Resolves when so many statements of that kind have come, from whichever process. */
  async arrived(kind: StatementKind, count = 1): Promise<void> {
    while (this.count(kind) < count) await this.traffic.change();
  }

  /** Resolves when the server has answered so many statements of that kind. */
  async applied(kind: StatementKind, count = 1): Promise<void> {
    while (this.of(kind).filter(({ answer }) => answer).length < count) await this.traffic.change();
  }

  /** @internal */
  fateOf(kind: StatementKind): Fate {
    const index = this.#fates.findIndex((one) => one.kind === kind);
    const [next] = index >= 0 ? this.#fates.splice(index, 1) : [];
    return next?.fate ?? this.#always.get(kind) ?? 'pass';
  }

  /** @internal */
  keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // A broken connection is what specs are about.
    socket.on('error', () => {});
    return socket;
  }

  #open(): Socket {
    const { host, port } = new Client(this.postgres.connection);
    return this.keep(connect({ host, port, noDelay: true }));
  }
}

/** One client's connection. Its client sends a statement when the one before is answered. */
class Connection {
  #request: Message[] = [];
  #answer: ServerAnswer = {};
  /** Called when the server is ready for the next statement. */
  #ready: ((answer: ServerAnswer) => void) | undefined;
  #isHeard = true;
  /** Whether the server is to be left alone although its client is gone. */
  #isLate = false;

  constructor(
    readonly proxy: PostgresProxy,
    readonly client: Socket,
    readonly server: Socket,
  ) {
    proxy.keep(client).setNoDelay(true);
    const fromClient = new MessageReader(true);
    const fromServer = new MessageReader();
    client.on('data', (chunk) => {
      for (const message of fromClient.read(chunk)) this.#take(message);
    });
    server.on('data', (chunk) => {
      for (const message of fromServer.read(chunk)) this.#give(message);
    });
    client.once('close', () => {
      if (!this.#isLate) server.destroy();
    });
    server.once('close', () => client.destroy());
  }

  #take(message: Message): void {
    const isPart = message.type !== undefined && 'PBDESQC'.includes(message.type);
    if (!isPart) {
      this.server.write(message.bytes);
      return;
    }
    this.#request.push(message);
    if (message.type !== 'S' && message.type !== 'Q') return;
    const request = this.#request.splice(0);
    const seen: Seen = describeStatement(request);
    this.proxy.seen.push(seen);
    const apply = () =>
      new Promise<ServerAnswer>((resolve) => {
        this.#answer = {};
        this.#ready = (answer) => {
          seen.answer = answer;
          resolve(answer);
          this.proxy.traffic.changed();
        };
        this.server.write(Buffer.concat(request.map(({ bytes }) => bytes)));
      });
    void this.#meet(this.proxy.fateOf(seen.kind), seen, apply);
    this.proxy.traffic.changed();
  }

  async #meet(fate: Fate, seen: Seen, apply: () => Promise<ServerAnswer>): Promise<void> {
    const { held, traffic } = this.proxy;
    switch (fate) {
      case 'pass':
        await apply();
        return;
      case 'lose':
        this.#isHeard = false;
        await apply();
        this.client.destroy();
        return;
      case 'late': {
        this.#isLate = true;
        this.client.destroy();
        const deliver = async () => {
          const answer = await apply();
          this.server.destroy();
          return answer;
        };
        held.push(Object.assign(seen, { deliver }));
        return;
      }
      case 'hold': {
        const unpark = this.#park();
        const deliver = () => {
          unpark();
          return apply();
        };
        held.push(Object.assign(seen, { deliver }));
        return;
      }
      case 'hang':
        this.#park();
        return;
      case 'swallow':
        this.#isHeard = false;
        await apply();
        this.#park();
    }
    traffic.changed();
  }

  #park(): () => void {
    const unpark = this.proxy.traffic.park();
    this.client.once('close', unpark);
    return unpark;
  }

  #give(message: Message): void {
    this.#answer = { ...this.#answer, ...answerOf(message) };
    if (this.#isHeard) this.client.write(message.bytes);
    if (message.type !== 'Z') return;
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.(this.#answer);
  }
}

/** Gives the specs of a `describe` a proxy before their server. Where there is none they are pending. */
export function usePostgresProxy(postgres: PostgresFixture): PostgresProxy {
  const proxy = new PostgresProxy(postgres);
  before(function () {
    postgres.needsServer(this);
    return proxy.start();
  });
  beforeEach(() => proxy.reset());
  // What is never answered would keep the fixture from ending its pools.
  afterEach(() => proxy.disconnect());
  after(() => proxy.stop());
  return proxy;
}
