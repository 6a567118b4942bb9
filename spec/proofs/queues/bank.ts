import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a bank is asked for. */
export interface PaymentOrder {
  /** The same for the same payment: a repeated order pays nothing, and gets the receipt of the first. */
  readonly key: string;
  readonly id: string;
  readonly cents: number;
  readonly attempt: number;
}

/** A payment that was made. */
export interface Payment {
  readonly payment: string;
  readonly order: PaymentOrder;
}

/** Stands for a bank: another process for the workers, which is idempotent by a key of the request, and nothing else. */
export class Bank {
  readonly #payments = new Map<string, Payment>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<Bank> {
    const bank = new Bank();
    bank.#server.listen(0, '127.0.0.1');
    await once(bank.#server, 'listening');
    return bank;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/payments`;
  }

  get payments(): readonly Payment[] {
    return [...this.#payments.values()];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      // The worker was killed while it sent its order.
      return;
    }
    const order = JSON.parse(body) as PaymentOrder;
    const paid = this.#payments.get(order.key) ?? { payment: `bank-${this.#payments.size + 1}`, order };
    this.#payments.set(order.key, paid);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ payment: paid.payment }));
  }
}
