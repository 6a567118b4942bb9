import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { Idempotent, type PersistenceStore } from 'retrysafe';
import { queueTiming, settlementOf } from 'retrysafe/queues';

export const [sessionTimeout, heartbeatInterval] = [30_000, 10_000]; // of the consumer, in milliseconds
// Heartbeats extend the session. Kafka counts no deliveries, so the record does: a run begins 5 times at most.
const { method } = queueTiming({ visibilityTimeout: 30, maxReceives: 6, workTime: 300, isExtended: true });

type Message = Pick<KafkaMessage, 'key' | 'value'>;
const read = ({ value }: Message) => JSON.parse(String(value));

export class Orders {
  constructor(
    readonly store: PersistenceStore, // one that all processes share
    readonly settle: (order: { readonly id: string }) => Promise<void>,
    readonly park: (topic: string, message: Message, reason: string) => Promise<unknown>,
  ) {}

  @Idempotent({
    store: (self: Orders) => self.store,
    key: (message) => read(message).id,
    fingerprint: read,
    ...method,
  })
  async take(message: Message): Promise<void> {
    await this.settle(read(message));
  }

  /** Resolves to nothing when the offset may be committed; else to seconds after which the message is tried again. */
  async handle(topic: string, message: Message): Promise<number | undefined> {
    try {
      await this.take(message);
    } catch (error) {
      const settlement = settlementOf(error);
      if (settlement.do === 'redeliver') return settlement.afterSeconds;
      if (settlement.do === 'fail') return 1;
      await this.park(topic, message, settlement.reason); // set aside before its offset is committed
    }
    return undefined;
  }

  readonly eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    // kafkajs sends no heartbeat by itself while a message is handled.
    const beats = setInterval(() => payload.heartbeat().catch(() => {}), heartbeatInterval);
    try {
      for (const message of payload.batch.messages) {
        if (!payload.isRunning() || payload.isStale()) return;
        const again = await this.handle(payload.batch.topic, message);
        // This partition alone pauses. The offset is not resolved, so the message is fetched again, and its order stays.
        if (again !== undefined) return void setTimeout(payload.pause(), again * 1_000);
        payload.resolveOffset(message.offset);
        await payload.heartbeat(); // rejects in a rebalance: another member may have the rest
      }
    } finally {
      clearInterval(beats);
    }
  };
}
