export type { AmqpConfirmChannel, AmqpMessage, AmqpQueueOptions } from './amqp-channel.js';
export type { IdempotentConsumerOptions } from './consumer-options.js';
export { idempotentConsumer } from './idempotent-consumer.js';
export { type RabbitMQQueues, type RabbitMQSettings, rabbitMQSettings } from './rabbitmq-settings.js';
