import { fileURLToPath } from 'node:url';
import { type Message, SQS, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { OwnServer, startIn } from './own-server.js';
import { ServerFolder } from './server-process.js';
import type { SentMessage } from './sqs-broker.js';

/**
 * A stand-in for SQS in a process of its own, that one spec controls. Of those on npm, fauxqs 2 delivers one message of a FIFO group at a time, where SQS
 * delivers several in one batch; it gives attributes that nobody asked for; with its data on disk it loses a message whose visibility is changed
 * to 0; and it needs Node.js 22.
 */
export class SqsServer extends OwnServer {
  readonly #clients: SQS[] = [];

  static async start(): Promise<SqsServer> {
    const folder = new ServerFolder('sqs');
    const file = fileURLToPath(new URL('sqs-process.js', import.meta.url));
    return new SqsServer(
      await startIn(folder, (port) => ({
        command: [process.execPath, file, String(port), folder.path],
        folder,
        ready: /serves SQS/,
      })),
    );
  }

  /** What a client is made with. */
  get connection(): SQSClientConfig {
    return connectionTo(`http://${this.host}:${this.port}`);
  }

  /** A client of its own, destroyed with the server. */
  client(more: SQSClientConfig = {}): SQS {
    const client = new SQS({ ...this.connection, ...more });
    this.#clients.push(client);
    return client;
  }

  /** Creates a queue, and returns its URL and its ARN. */
  async createQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<SqsQueue> {
    const fifo: Record<string, string> = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const client = this.client();
    const { QueueUrl = '' } = await client.createQueue({ QueueName, Attributes: { ...fifo, ...Attributes } });
    return new SqsQueue(client, QueueUrl);
  }

  /** Everything that it has at one moment, received by nobody for that. */
  async all(): Promise<SentMessage[]> {
    const response = await fetch(`http://${this.host}:${this.port}`);
    return (await response.json()) as SentMessage[];
  }

  override async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await super.stop();
  }
}

/** What a client is made with that reaches a stand-in at an endpoint. */
export function connectionTo(endpoint: string): SQSClientConfig {
  return {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  };
}

/** A queue of the stand-in, as specs look at it. */
export class SqsQueue {
  constructor(
    readonly client: SQS,
    readonly url: string,
  ) {}

  get arn(): string {
    return `arn:aws:sqs:eu-west-1:000000000000:${this.url.split('/').at(-1)}`;
  }

  /** Sends a message with this body, and returns its id. */
  async send(body: object | string, more: Partial<Parameters<SQS['sendMessage']>[0]> = {}): Promise<string> {
    const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
    const { MessageId = '' } = await this.client.sendMessage({ QueueUrl: this.url, MessageBody, ...more });
    return MessageId;
  }

  /** How many messages can be received now, and how many are hidden. */
  async counts(): Promise<{ readonly visible: number; readonly hidden: number }> {
    const { Attributes = {} } = await this.client.getQueueAttributes({
      QueueUrl: this.url,
      AttributeNames: ['All'],
    });
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages),
      hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
    };
  }

  /** Receives what is visible, up to ten messages, with all that they have. They are hidden for `visibilityTimeout` seconds. */
  async receive(visibilityTimeout?: number): Promise<Message[]> {
    const { Messages = [] } = await this.client.receiveMessage({
      QueueUrl: this.url,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
      ...(visibilityTimeout !== undefined && { VisibilityTimeout: visibilityTimeout }),
    });
    return Messages;
  }
}
