import { connect, type Socket } from 'node:net';
import { type Deferred, defer } from './defer.js';
import type { HeldRequest, SeenRequest, TcpFate } from './tcp-proxy.js';
import { type WireFormat, type WireReply, type WireRequest, wireFormatOf } from './wire-formats.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a connection needs of its proxy and reports to it. */
export interface ProxyLedger {
  fateOf(text: string): TcpFate;
  saw(request: SeenRequest): void;
  held(request: HeldRequest): void;
  delivered(request: HeldRequest): void;
  changed(): void;
  closed(): void;
}

/** A request that the server has to answer, or has not got yet. */
interface Open {
  readonly seen: SeenRequest;
  readonly bytes: Buffer;
  readonly answered: Deferred<void>;
  readonly reachesClient: boolean;
  answersLeft: number;
}

/** One connection of a client through a proxy, and the one to the server that belongs to it. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #number: number;
  readonly #ledger: ProxyLedger;
  #format: WireFormat | undefined;
  /** The fate of the last request, which those after it share. */
  #fate: TcpFate = 'pass';
  /** What the server got and has not answered, the oldest first. */
  readonly #open: Open[] = [];
  /** What the server has not got: the request that was held, and all that came after it. */
  #waiting: Open[] = [];

  constructor(client: Socket, target: Address, number: number, ledger: ProxyLedger) {
    this.#client = client;
    this.#number = number;
    this.#ledger = ledger;
    this.#server = connect({ host: target.host, port: target.port });
    for (const socket of [client, this.#server]) socket.setNoDelay(true).on('error', () => {});
    client.on('data', (chunk) => this.#fromClient(chunk));
    client.on('close', () => this.#clientLeft());
    this.#server.on('data', (chunk) => this.#fromServer(chunk));
    this.#server.on('close', () => this.#serverLeft());
  }

  get passes(): boolean {
    return this.#fate === 'pass';
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #fromClient(chunk: Buffer): void {
    this.#format ??= wireFormatOf(chunk);
    for (const request of this.#format.fromClient(chunk)) this.#meet(request);
    this.#ledger.changed();
  }

  #meet({ bytes, answers }: WireRequest): void {
    const text = bytes.toString('latin1');
    const isFirst = this.#fate === 'pass';
    if (isFirst) this.#fate = this.#ledger.fateOf(text);
    const fate = this.#fate;
    const seen: SeenRequest = { text, connection: this.#number, fate, isAnswered: false };
    this.#ledger.saw(seen);
    const reachesClient = fate === 'pass' || fate === 'hold';
    const open: Open = { seen, bytes, answered: defer(), reachesClient, answersLeft: answers };
    // The test may not await it.
    open.answered.promise.catch(() => {});
    if (fate === 'hang') return;
    if (fate === 'late' || fate === 'hold') {
      this.#waiting.push(open);
      if (isFirst) this.#hold(open);
    } else {
      this.#forward(open);
    }
  }

  #hold(open: Open): void {
    const { seen } = open;
    const held: HeldRequest = Object.assign(seen, {
      deliver: () => {
        this.#ledger.delivered(held);
        for (const waiting of this.#waiting.splice(0)) this.#forward(waiting);
        if (seen.fate === 'hold') this.#fate = 'pass';
        return open.answered.promise;
      },
    });
    this.#ledger.held(held);
    if (seen.fate === 'late') this.#client.destroy();
  }

  #forward(open: Open): void {
    if (this.#server.destroyed) {
      open.answered.reject(new Error('the server has closed the connection'));
      return;
    }
    this.#server.write(open.bytes);
    if (open.answersLeft > 0) this.#open.push(open);
    else this.#answered(open);
  }

  #fromServer(chunk: Buffer): void {
    for (const reply of this.#format?.fromServer(chunk) ?? []) this.#pass(reply);
    this.#ledger.changed();
  }

  #pass({ bytes, isAnswer }: WireReply): void {
    const [oldest] = this.#open;
    // Rows belong to the request that they are for; a notice, when nothing is open, to none.
    const reaches = oldest ? oldest.reachesClient : this.#fate === 'pass' || this.#fate === 'hold';
    if (reaches && !this.#client.destroyed) this.#client.write(bytes);
    if (!oldest || !isAnswer) return;
    oldest.answersLeft -= 1;
    if (oldest.answersLeft > 0) return;
    this.#open.shift();
    this.#answered(oldest);
  }

  #answered({ seen, answered }: Open): void {
    seen.isAnswered = true;
    answered.resolve();
    // What was answered before still arrives.
    if (seen.fate === 'lose') this.#client.destroySoon();
    if (this.#client.destroyed) this.#leaveServer();
  }

  /** The server learns that the client is gone after it has answered everything that the client sent before. */
  #leaveServer(): void {
    if (this.#open.length === 0 && this.#waiting.length === 0) this.#server.end();
  }

  #clientLeft(): void {
    this.#leaveServer();
    if (this.#server.destroyed) this.#ledger.closed();
  }

  #serverLeft(): void {
    const lost = new Error('the server closed the connection before it answered');
    for (const { answered } of [...this.#open.splice(0), ...this.#waiting.splice(0)]) answered.reject(lost);
    // A client that must never get a response does not get this either.
    if (this.#fate !== 'hang' && this.#fate !== 'swallow') this.#client.destroySoon();
    if (this.#client.destroyed) this.#ledger.closed();
  }
}
