import type { AmqpConfirmChannel, AmqpMessage } from 'retrysafe/rabbitmq';
import { loadClient } from '../load-client.js';

/** What the specs call of amqplib. */
export interface Amqplib {
  connect(url: string, options?: { readonly recovery: object }): Promise<AmqpConnection>;
}

export interface AmqpConnection {
  createConfirmChannel(): Promise<AmqpChannel>;
  createChannel(): Promise<AmqpChannel>;
  close(): Promise<void>;
  on(event: string, listener: () => void): unknown;
  readonly connection: { readonly stream: { destroy(error: Error): void } };
}

export type AmqpChannel = AmqpConfirmChannel & {
  sendToQueue(queue: string, content: Buffer, options?: object, callback?: (error: unknown) => void): boolean;
  publish(exchange: string, key: string, content: Buffer, options?: object): boolean;
  get(queue: string, options?: object): Promise<AmqpMessage | false>;
  deleteQueue(queue: string): Promise<unknown>;
  purgeQueue(queue: string): Promise<unknown>;
  assertQueue(queue: string, options?: object): Promise<unknown>;
  assertExchange(exchange: string, type: string): Promise<unknown>;
  bindQueue(queue: string, exchange: string, key: string): Promise<unknown>;
  close(): Promise<void>;
  on(event: string, listener: (value: never) => void): unknown;
};

export async function loadAmqplib(context: Mocha.Context): Promise<Amqplib> {
  const { default: amqplib } = await loadClient<{ default: Amqplib }>(context, 'amqplib');
  return amqplib;
}

/** Ends a connection as the death of its process does. */
export async function cut(connection: AmqpConnection): Promise<void> {
  const closed = new Promise<void>((resolve) => connection.on('close', resolve));
  connection.connection.stream.destroy(new Error('cut'));
  await closed;
}
