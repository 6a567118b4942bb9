import { AsyncLocalStorage } from 'node:async_hooks';
import { IdempotencyError, onIdempotencyEvent } from 'retrysafe';
import type { Ledger } from './ledger.js';
import type { Receipt } from './payments.js';
import type { Message } from './queue-under-test.js';

/** One delivery of a message. */
export interface Delivery {
  readonly delivery: string;
  readonly worker: string;
}

/** Notes what the queue delivers to this process, and what its consumer gets. */
export class Deliveries {
  readonly #current = new AsyncLocalStorage<Delivery & { readonly id: string }>();
  #count = 0;

  constructor(
    readonly worker: string,
    readonly ledger: Ledger,
  ) {
    onIdempotencyEvent('waited', () => this.#noteMeeting());
    onIdempotencyEvent('replayed', ({ source }) => {
      if (source === 'joined') this.#noteMeeting();
    });
  }

  /** The delivery that the running code belongs to. */
  get current(): Delivery {
    const { delivery, worker } = this.#of();
    return { delivery, worker };
  }

  /** Handles a message as the application of a consumer does: what its method throws, its consumer gets. */
  async handle(message: Message, pay: (message: Message) => Promise<Receipt>): Promise<void> {
    const { id } = message;
    const { worker, ledger } = this;
    const delivery = `${worker}/${++this.#count}`;
    ledger.add({ kind: 'received', id, delivery, worker });
    await this.#current.run({ id, delivery, worker }, async () => {
      try {
        const { payment } = await pay(message);
        ledger.add({ kind: 'answered', id, delivery, payment });
      } catch (error) {
        const code = error instanceof IdempotencyError ? error.code : (error as Error).name;
        ledger.add({ kind: 'refused', id, delivery, code });
        throw error;
      }
    });
  }

  #noteMeeting(): void {
    const { id, delivery } = this.#of();
    this.ledger.add({ kind: 'met', id, delivery });
  }

  #of() {
    const delivery = this.#current.getStore();
    if (!delivery) throw new TypeError('this code belongs to no delivery');
    return delivery;
  }
}
