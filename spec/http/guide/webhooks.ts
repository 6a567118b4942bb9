import { Idempotent, type PersistenceStore } from 'retrysafe';
import { settlementOf } from 'retrysafe/queues';
import { type Delivery, readers } from './webhook-signatures.js';

export type Provider = keyof typeof readers;
export type WebhookEvent = { provider: Provider } & NonNullable<ReturnType<(typeof readers)[Provider]>>;

export class Webhooks {
  constructor(
    readonly store: PersistenceStore, // one that all processes share
    readonly secrets: Readonly<Record<Provider, string>>,
    readonly queue: { send(event: WebhookEvent): Promise<void> },
    readonly parked: { send(event: WebhookEvent, reason: string): Promise<void> },
  ) {}

  @Idempotent({
    store: ({ store }: Webhooks) => store,
    key: '[provider, id]',
    scope: 'account',
    fingerprint: 'compared',
    wait: 2,
    ttl: '30d',
  })
  async take(event: WebhookEvent): Promise<void> {
    await this.queue.send(event);
  }

  /** Resolves to the status to answer with. */
  async receive(provider: Provider, delivery: Delivery): Promise<200 | 401 | 500 | 503> {
    const read = readers[provider](delivery, this.secrets[provider]);
    if (!read) return 401; // before any record is made
    const event: WebhookEvent = { provider, ...read };
    try {
      await this.take(event);
      return 200;
    } catch (error) {
      const settlement = settlementOf(error);
      if (settlement.do === 'redeliver') return 503;
      if (settlement.do === 'fail' || settlement.advice === 'fix-code') return 500;
      await this.parked.send(event, settlement.reason);
      return 200;
    }
  }
}
