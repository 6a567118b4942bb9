export type { IdempotentHandlerOptions } from './handler-options.js';
export { idempotentHandler } from './idempotent-handler.js';
export type { JetStreamHeaders, JetStreamMessage, JetStreamPublisher } from './jetstream.js';
export { type NatsSettings, natsSettings } from './nats-settings.js';
