import { Idempotent, InMemoryStore } from 'retrysafe';
import { bullMQSettings, idempotentProcessor } from 'retrysafe/bullmq';
import { queueTiming } from 'retrysafe/queues';

interface Settlement {
  readonly id: string;
  readonly cents: number;
}

const store = new InMemoryStore(); // in production a store that all workers share
const timing = queueTiming({ visibilityTimeout: 30, isExtended: true, maxReceives: 5, workTime: '5m' });

export const bank = { pay: async (_settlement: Settlement): Promise<string> => crypto.randomUUID() };

class Settlements {
  @Idempotent({ key: 'id', fingerprint: 'cents', store, ...timing.method })
  async settle(settlement: Settlement): Promise<string> {
    return bank.pay(settlement);
  }
}

const service = new Settlements();

export const settings = bullMQSettings(timing);
export const processor = idempotentProcessor((job: { readonly data: Settlement }) =>
  service.settle(job.data),
);
