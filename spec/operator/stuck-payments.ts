import { keyOf, makeIdempotent, type PersistenceStore } from 'retrysafe';
import { abandon } from 'retrysafe/testing';

export interface Payment {
  readonly id: string;
}

let count = 0;

/** An operation on one store, and what became of its calls. */
export class Payments {
  /** The ids of its runs, in their order. */
  readonly ran: string[] = [];
  /** The operation's name. No other has it: two of one name would share their outcomes. */
  readonly name: string;
  /** An operation whose failures leave it unknown whether the work was done. */
  readonly charge: (payment: Payment) => Promise<unknown>;
  readonly #fails = new Set<string>();

  constructor(store: PersistenceStore) {
    count += 1;
    this.name = `Payments.charge-${String(count).padStart(3, '0')}`;
    this.charge = makeIdempotent((payment: Payment) => this.#run(payment), {
      ...{ name: this.name, key: 'id', store, wait: 0 },
      onAbandoned: 'refuse',
      onError: () => 'unknown',
    });
  }

  async #run({ id }: Payment): Promise<unknown> {
    this.ran.push(id);
    if (this.#fails.delete(id)) throw Object.assign(new GatewayTimeout('no answer'), { code: 'ETIMEDOUT' });
    return { charged: id };
  }

  key(id: string): string {
    return keyOf(this.charge, { id });
  }

  /** Leaves a key `unknown`. Returns it. */
  async unknown(id: string): Promise<string> {
    this.#fails.add(id);
    await this.charge({ id }).catch(() => {});
    return this.key(id);
  }

  /** Leaves a key as a process does that dies. Returns it. */
  async abandoned(id: string): Promise<string> {
    await abandon(this.charge, { id });
    return this.key(id);
  }

  async completed(id: string): Promise<string> {
    await this.charge({ id });
    return this.key(id);
  }
}

class GatewayTimeout extends Error {
  override readonly name = 'GatewayTimeout';
}
