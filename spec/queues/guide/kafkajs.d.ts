/** What the guide calls of kafkajs, which is installed in `spec/queues/clients` alone. `kafka.spec.ts` compiles the guide with its own types. */
declare module 'kafkajs' {
  export interface KafkaMessage {
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly offset: string;
  }
  export interface EachBatchPayload {
    readonly batch: { readonly topic: string; readonly messages: readonly KafkaMessage[] };
    resolveOffset(offset: string): void;
    heartbeat(): Promise<void>;
    pause(): () => void;
    isRunning(): boolean;
    isStale(): boolean;
  }
}
