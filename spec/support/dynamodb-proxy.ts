import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { DynamoDBFixture } from './dynamodb.js';
import { type DynamoDBRequest, describeRequest, type RequestKind } from './dynamodb-requests.js';
import { Traffic } from './dynamodb-traffic.js';

/**
 * What happens to a request:
 * `lose` it is applied, and the connection breaks before its response arrives;
 * `late` the connection breaks at once, and the request arrives when the spec delivers it;
 * `hold` it arrives when the spec delivers it, and its client waits for the response all the time;
 * `hang` it is not applied and gets no response; `swallow` it is applied and gets no response;
 * or a fault of DynamoDB's: it is not applied, and its client gets that fault.
 */
export type Fate = 'pass' | 'lose' | 'late' | 'hold' | 'hang' | 'swallow' | DynamoDBFault;

/** A fault as DynamoDB words it. */
export interface DynamoDBFault {
  readonly name: string;
  readonly status: number;
}

export function fault(name: string, status = 400): DynamoDBFault {
  return { name, status };
}

/** What the engine did with a request. */
export interface EngineAnswer {
  readonly status: number;
  /** The name of the fault, where it is one. */
  readonly fault: string | undefined;
}

/** A request that came to the proxy. */
export interface Seen extends DynamoDBRequest {
  readonly fate: Fate;
  /** Nothing until the engine has answered. */
  answer?: EngineAnswer;
}

/** A request that was held back. */
export interface Held extends Seen {
  deliver(): Promise<EngineAnswer>;
}

interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** The network between clients and an engine, which a spec controls. */
export class DynamoDBProxy {
  /** Every request that came, the oldest first. */
  readonly seen: Seen[] = [];
  /** Those of them that were held back and not delivered yet. */
  readonly held: Held[] = [];
  readonly traffic = new Traffic();
  readonly #dynamoDB: Pick<DynamoDBFixture, 'endpoint' | 'client'>;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #fates: { readonly kind: RequestKind; readonly fate: Fate }[] = [];
  readonly #always = new Map<RequestKind, Fate>();
  readonly #server: Server;

  constructor(dynamoDB: Pick<DynamoDBFixture, 'endpoint' | 'client'>) {
    this.#dynamoDB = dynamoDB;
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A client whose requests go through the proxy. */
  client(config: DynamoDBClientConfig = {}): DynamoDBClient {
    return this.traffic.watch(this.#dynamoDB.client({ endpoint: this.endpoint, ...config }));
  }

  /** A client that reaches the engine without the proxy, as another machine does. */
  directClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
    return this.traffic.watch(this.#dynamoDB.client(config));
  }

  /** The next requests of that kind meet these fates, one each. */
  next(kind: RequestKind, ...fates: Fate[]): this {
    this.#fates.push(...fates.map((fate) => ({ kind, fate })));
    return this;
  }

  /** Every further request of that kind meets this fate, until `heal`. */
  always(kind: RequestKind, fate: Fate): this {
    this.#always.set(kind, fate);
    return this;
  }

  heal(): this {
    this.#always.clear();
    this.#fates.length = 0;
    return this;
  }

  /** Forgets all requests and fates. */
  reset(): void {
    this.heal();
    this.seen.length = 0;
    this.held.length = 0;
  }

  /** Breaks all connections of clients. What they sent still arrives. */
  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  of(kind: RequestKind): Seen[] {
    return this.seen.filter((one) => one.kind === kind);
  }

  count(kind: RequestKind): number {
    return this.of(kind).length;
  }

  /** Delivers the oldest of the requests that were held back. */
  deliver(): Promise<EngineAnswer> {
    const held = this.held.shift();
    if (!held) throw new Error('nothing was held back');
    return held.deliver();
  }

  /** Resolves when every request of this process has its answer, but for those that get none for now. */
  quiet(): Promise<void> {
    return this.traffic.quiet();
  }

  /** Resolves when so many requests of that kind have come, from any process. */
  async arrived(kind: RequestKind, count = 1): Promise<void> {
    while (this.count(kind) < count) await this.traffic.change();
  }

  /** Resolves when the engine has answered so many requests of that kind. */
  async applied(kind: RequestKind, count = 1): Promise<void> {
    while (this.of(kind).filter(({ answer }) => answer).length < count) await this.traffic.change();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming).catch(() => undefined);
    // Its client was killed in the middle of it.
    if (!body) return;
    const request = describeRequest(incoming.headers, body);
    const seen: Seen = { ...request, fate: this.#fateOf(request.kind) };
    outgoing.once('close', () => this.traffic.unpark(seen.sending));
    const apply = async () => {
      const answer = await this.#forward(incoming, body);
      seen.answer = { status: answer.status, fault: faultOf(answer) };
      this.traffic.changed();
      return answer;
    };
    this.seen.push(seen);
    // Where the engine is gone, its client gets no response, as without a proxy.
    await this.#meet(seen, outgoing, apply).catch(() => outgoing.destroy());
    this.traffic.changed();
  }

  async #meet(seen: Seen, outgoing: ServerResponse, apply: () => Promise<RawAnswer>): Promise<void> {
    const { fate } = seen;
    if (typeof fate === 'object') return respond(outgoing, said(fate));
    switch (fate) {
      case 'pass':
        return respond(outgoing, await apply());
      case 'lose':
        await apply();
        outgoing.destroy();
        return;
      case 'late':
        outgoing.destroy();
        this.#hold(seen, apply);
        return;
      case 'hold':
        this.traffic.park(seen.sending);
        this.#hold(seen, async () => {
          this.traffic.unpark(seen.sending);
          respond(outgoing, await apply());
        });
        return;
      case 'hang':
        this.traffic.park(seen.sending);
        return;
      case 'swallow':
        await apply();
        this.traffic.park(seen.sending);
    }
  }

  #hold(seen: Seen, apply: () => Promise<unknown>): void {
    const deliver = async () => {
      await apply();
      return seen.answer as EngineAnswer;
    };
    this.held.push(Object.assign(seen, { deliver }));
  }

  #fateOf(kind: RequestKind): Fate {
    const index = this.#fates.findIndex((one) => one.kind === kind);
    const [next] = index >= 0 ? this.#fates.splice(index, 1) : [];
    return next?.fate ?? this.#always.get(kind) ?? 'pass';
  }

  async #forward({ method, headers }: IncomingMessage, body: Buffer): Promise<RawAnswer> {
    const { connection: _, host: __, ...others } = headers;
    const { hostname, port } = new URL(this.#dynamoDB.endpoint);
    const onward = request({ hostname, port, method, headers: others, agent: this.#agent });
    onward.end(body);
    const [response] = (await once(onward, 'response')) as [IncomingMessage];
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      body: await bodyOf(response),
    };
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function respond(outgoing: ServerResponse, { status, contentType, body }: RawAnswer): void {
  outgoing.writeHead(status, { 'content-type': contentType, 'content-length': body.byteLength });
  outgoing.end(body);
}

function said({ name, status }: DynamoDBFault): RawAnswer {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: `${name}, says the spec` };
  return { status, contentType: 'application/x-amz-json-1.0', body: Buffer.from(JSON.stringify(body)) };
}

function faultOf({ status, body }: RawAnswer): string | undefined {
  if (status < 400) return undefined;
  const { __type } = JSON.parse(body.toString()) as { readonly __type: string };
  return __type.split('#').at(-1);
}

/** Gives the specs of a `describe` a proxy before their engine. Where requests are signed for it they are pending. */
export function useDynamoDBProxy(dynamoDB: DynamoDBFixture): DynamoDBProxy {
  const proxy = new DynamoDBProxy(dynamoDB);
  before(async function () {
    if (new URL(dynamoDB.endpoint).protocol === 'http:') return proxy.start();
    console.error(`PENDING: ${this.test?.parent?.title}: no proxy can stand before ${dynamoDB.endpoint}`);
    this.skip();
  });
  beforeEach(() => proxy.reset());
  after(() => proxy.stop());
  return proxy;
}
