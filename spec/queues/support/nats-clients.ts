import type { JetStreamHeaders, JetStreamMessage, JetStreamPublisher } from 'retrysafe/nats';
import { loadClient, loaded } from '../load-client.js';

/** What is called of the clients of NATS. */
export interface NatsClients {
  connect(options: object): Promise<NatsConnection>;
  jetstream(connection: NatsConnection): JetStreamClient;
  jetstreamManager(connection: NatsConnection): Promise<JetStreamManager>;
  headers(): NatsHeaders;
}

export interface NatsConnection {
  close(): Promise<void>;
  flush(): Promise<void>;
}

export interface NatsHeaders extends JetStreamHeaders {
  get(name: string): string;
}

export interface NatsMessage extends JetStreamMessage {
  readonly headers: NatsHeaders | undefined;
  string(): string;
}

export interface Messages extends AsyncIterable<NatsMessage> {
  stop(): void;
}

interface ConsumerInfo {
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
}

export interface JetStreamClient extends JetStreamPublisher {
  publish(subject: string, data: Uint8Array | string, options?: object): Promise<unknown>;
  readonly consumers: {
    get(stream: string, name: string): Promise<{ consume(options?: object): Promise<Messages> }>;
  };
}

export interface JetStreamManager {
  readonly streams: {
    add(settings: object): Promise<unknown>;
    delete(name: string): Promise<unknown>;
    info(name: string, options?: object): Promise<{ readonly state: { readonly messages: number } }>;
    getMessage(stream: string, query: object): Promise<StoredMessage | null>;
  };
  readonly consumers: {
    add(stream: string, settings: object): Promise<unknown>;
    info(stream: string, name: string): Promise<ConsumerInfo>;
  };
}

export interface StoredMessage {
  readonly data: Uint8Array;
  readonly seq: number;
  readonly header: NatsHeaders;
}

export async function loadNats(context: Mocha.Context): Promise<NatsClients> {
  await loadClient(context, '@nats-io/transport-node');
  return natsClients();
}

/** The same where no spec is at hand. */
export async function natsClients(): Promise<NatsClients> {
  const modules = await Promise.all(['@nats-io/transport-node', '@nats-io/jetstream'].map(loaded));
  return Object.assign({}, ...modules) as NatsClients;
}
