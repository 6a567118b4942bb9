/** What is read of a message of amqplib. */
export interface AmqpMessage {
  readonly content: Buffer;
  readonly fields: {
    readonly deliveryTag: number;
    readonly redelivered: boolean;
    readonly exchange: string;
    readonly routingKey: string;
  };
  readonly properties: {
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
    readonly messageId?: unknown;
  };
}

/** Options of `assertQueue`. */
export interface AmqpQueueOptions {
  readonly durable: true;
  readonly arguments: Readonly<Record<string, string | number>>;
}

/** What is called, here and to begin to consume, of a channel that `createConfirmChannel()` of amqplib made. A plain channel never says what became of a message. */
export interface AmqpConfirmChannel {
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: object,
    callback: (error: unknown) => void,
  ): boolean;
  ack(message: AmqpMessage): void;
  nack(message: AmqpMessage, allUpTo: boolean, requeue: boolean): void;
  assertQueue(queue: string, options: AmqpQueueOptions): Promise<unknown>;
  on(event: 'return', listener: (message: AmqpMessage) => void): unknown;
  waitForConfirms(): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  consume(queue: string, onMessage: (message: AmqpMessage | null) => void): Promise<unknown>;
}
