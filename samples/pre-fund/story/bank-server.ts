import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { HoldOrder, SettlementOrder } from '../app/orders.js';
import type { BankAnswer, BankStandIn } from './bank-stand-in.js';

/** What happens to one request in place of the usual, which is `carryOut`. */
export type Interception = (key: string, carryOut: () => Promise<BankAnswer>) => Promise<BankAnswer>;

/** The stand-in for the core bank as an HTTP server on this machine. */
export class BankServer {
  /** Gets the next request to do something; only that one. */
  interception: Interception | undefined;

  private constructor(
    readonly bank: BankStandIn,
    readonly server: Server,
  ) {}

  static async start(bank: BankStandIn): Promise<BankServer> {
    const server = createServer(async (request, response) => {
      const { status, body } = await started.#answer(request).catch(() => ({ status: 500, body: undefined }));
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body && JSON.stringify(body));
    });
    const started = new BankServer(bank, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  async #answer(request: IncomingMessage): Promise<BankAnswer> {
    const key = String(request.headers['idempotency-key']);
    switch (`${request.method} ${request.url}`) {
      case 'POST /holds': {
        const order = (await json(request)) as HoldOrder;
        return this.#carryOut(key, () => this.bank.placeHold(order, key));
      }
      case 'POST /settlements': {
        const order = (await json(request)) as SettlementOrder;
        return this.#carryOut(key, () => this.bank.settle(order, key));
      }
      case 'GET /holds':
        return this.bank.findHold(key);
      default:
        return { status: 404 };
    }
  }

  #carryOut(key: string, carryOut: () => Promise<BankAnswer>): Promise<BankAnswer> {
    const { interception } = this;
    this.interception = undefined;
    return interception ? interception(key, carryOut) : carryOut();
  }
}
