import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to a request. `lose`: the connection breaks once the server has answered. `cut`: it breaks in the middle of the answer.
 * `leave`: it breaks as soon as the server has the request.
 */
export type Fate = 'pass' | 'lose' | 'cut' | 'leave';

/** What a client sent, and what the server answered. */
export interface Exchange {
  readonly key: string | undefined;
  readonly status: number;
  readonly isReplay: boolean;
}

/** The network between an HTTP client and a server, which a spec controls. */
export class LossyProxy {
  readonly exchanges: Exchange[] = [];
  readonly #fates: Fate[] = [];
  readonly #server: Server;
  readonly #watchers: (() => void)[] = [];

  constructor(readonly target: number) {
    this.#server = createServer((request, response) => this.#forward(request, response));
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next requests meet these fates, one each. Those after them pass. */
  next(...fates: Fate[]): void {
    this.#fates.push(...fates);
  }

  /** Resolves once the server has given an answer with this status. */
  async answered(status: number): Promise<void> {
    while (!this.exchanges.some((one) => one.status === status))
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const fate = this.#fates.shift() ?? 'pass';
    const { method, url, headers } = incoming;
    const forwarded = httpRequest({ host: '127.0.0.1', port: this.target, method, path: url, headers });
    incoming.pipe(forwarded);
    if (fate === 'leave') incoming.on('end', () => incoming.socket.destroy());
    forwarded.on('error', () => outgoing.destroy());
    forwarded.on('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      this.exchanges.push({
        key: headers['idempotency-key'] as string | undefined,
        status: response.statusCode as number,
        isReplay: response.headers['idempotency-replayed'] === 'true',
      });
      for (const wake of this.#watchers.splice(0)) wake();
      if (fate === 'lose') return void incoming.socket.destroy();
      outgoing.writeHead(response.statusCode as number, response.rawHeaders);
      if (fate !== 'cut') return void outgoing.end(body);
      outgoing.write(body.subarray(0, body.length / 2), () => incoming.socket.destroy());
    });
  }
}
