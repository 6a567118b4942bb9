import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { loopback } from './server-process.js';
import { type Address, ProxiedConnection } from './tcp-connection.js';

/**
 * What happens to a request:
 * `lose` it is forwarded, and the connection breaks before its response arrives;
 * `late` the connection breaks at once, and the request arrives when the spec delivers it;
 * `hold` it arrives when the spec delivers it, and its client waits for the response all the time;
 * `hang` it is not forwarded and gets no response; `swallow` it is forwarded and gets no response.
 *
 * Clients send many requests over one connection. What came before one passes, with its answers (with `late` they
 * are lost where they are not there yet); what comes after it, on that connection, shares its fate: it is delivered
 * with it and right after it, where that is the fate. A connection whose requests were held passes again from then
 * on; any other stays as it is, until its client gives it up or `reset` breaks it.
 */
export type TcpFate = 'pass' | 'lose' | 'late' | 'hold' | 'hang' | 'swallow';

/** A command of Redis, or a query of PostgreSQL with all its messages. */
export interface SeenRequest {
  /** Its bytes, as latin1. */
  readonly text: string;
  /** The number of its connection, from 1. */
  readonly connection: number;
  readonly fate: TcpFate;
  /** Whether the server has answered it. */
  isAnswered: boolean;
}

/** A request that was held back, with all that came after it on its connection. */
export interface HeldRequest extends SeenRequest {
  /** Resolves when the server has answered it. */
  deliver(): Promise<void>;
}

/** What is searched in the text of a request. */
export type Pattern = RegExp | string;

/** The network between clients and a Redis or PostgreSQL server, which a spec controls. It does not support encryption. */
export class TcpProxy {
  /** Every request that came, the oldest first. */
  readonly seen: SeenRequest[] = [];
  /** Those of them that were held back and not delivered yet. */
  readonly held: HeldRequest[] = [];
  readonly #target: Address;
  readonly #fates: { readonly pattern: Pattern; readonly fate: TcpFate }[] = [];
  #always: { readonly pattern: Pattern; readonly fate: TcpFate }[] = [];
  readonly #connections = new Set<ProxiedConnection>();
  readonly #watchers = new Set<() => void>();
  readonly #server: Server;
  #accepted = 0;

  /** The target is read for each connection, so that a fixture can be passed as well. */
  constructor(target: Address) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  async start(): Promise<void> {
    this.#server.listen(0, loopback);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.breakConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** What a client connects to instead. */
  get endpoint(): Address {
    return { host: loopback, port: (this.#server.address() as AddressInfo).port };
  }

  /** The next requests of that kind meet these fates, one each. */
  next(pattern: Pattern, ...fates: TcpFate[]): this {
    this.#fates.push(...fates.map((fate) => ({ pattern, fate })));
    return this;
  }

  /** Every further request of that kind meets this fate, until `heal`. */
  always(pattern: Pattern, fate: TcpFate): this {
    this.#always = [
      ...this.#always.filter((one) => String(one.pattern) !== String(pattern)),
      { pattern, fate },
    ];
    return this;
  }

  heal(): this {
    this.#always = [];
    this.#fates.length = 0;
    return this;
  }

  /** Forgets all requests and fates, and breaks the connections that do not pass any more. */
  reset(): void {
    this.heal();
    this.seen.length = 0;
    this.held.length = 0;
    for (const connection of this.#connections) if (!connection.passes) connection.destroy();
  }

  /** Breaks all connections, at both ends. */
  breakConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  of(pattern: Pattern): SeenRequest[] {
    return this.seen.filter(({ text }) => text.search(inText(pattern)) >= 0);
  }

  count(pattern: Pattern): number {
    return this.of(pattern).length;
  }

  /** Delivers the oldest of the requests that were held back. */
  deliver(): Promise<void> {
    const [held] = this.held;
    if (!held) throw new Error('nothing was held back');
    return held.deliver();
  }

  /** Resolves when so many requests of that kind have come, from any client. */
  async arrived(pattern: Pattern, count = 1): Promise<void> {
    while (this.count(pattern) < count) await this.#change();
  }

  /** Resolves when the server has answered so many requests of that kind. */
  async applied(pattern: Pattern, count = 1): Promise<void> {
    while (this.of(pattern).filter(({ isAnswered }) => isAnswered).length < count) await this.#change();
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    const connection = new ProxiedConnection(client, this.#target, this.#accepted, {
      fateOf: (text) => this.#fateOf(text),
      saw: (request) => this.seen.push(request),
      held: (request) => this.held.push(request),
      delivered: (request) => {
        const index = this.held.indexOf(request);
        if (index >= 0) this.held.splice(index, 1);
      },
      changed: () => this.#changed(),
      closed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #fateOf(text: string): TcpFate {
    const fits = ({ pattern }: { readonly pattern: Pattern }) => text.search(inText(pattern)) >= 0;
    const index = this.#fates.findIndex(fits);
    const [next] = index >= 0 ? this.#fates.splice(index, 1) : [];
    return next?.fate ?? this.#always.find(fits)?.fate ?? 'pass';
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
    });
  }

  #changed(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }
}

/** A string is searched literally: a key may have dots and brackets. */
function inText(pattern: Pattern): RegExp {
  return typeof pattern === 'string' ? new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')) : pattern;
}

/** Gives the specs of a `describe` a proxy before a server. */
export function useTcpProxy(target: Address): TcpProxy {
  const proxy = new TcpProxy(target);
  before(() => proxy.start());
  beforeEach(() => proxy.reset());
  after(() => proxy.stop());
  return proxy;
}
