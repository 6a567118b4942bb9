import type { SqsClient } from 'retrysafe/sqs';
import type { PreFundService } from '../app/pre-fund-service.js';
import { SettlementConsumer } from '../app/settlement-consumer.js';
import { lambdaContext, sqsEvent } from './events.js';
import { say } from './terminal.js';

/** Stands for the queue of settlements, its dead-letter queue, and what Lambda does between the queue and the function. */
export class SettlementQueue {
  /** The bodies of the messages that were parked. */
  readonly parked: string[] = [];
  readonly #consumer: SettlementConsumer;
  readonly #client: SqsClient = {
    sendMessage: async ({ MessageBody, MessageAttributes }) => {
      this.parked.push(MessageBody);
      say('parked', `${MessageAttributes['retrysafe-code']?.StringValue}: ${MessageBody}`);
    },
    changeMessageVisibility: async ({ VisibilityTimeout }) =>
      say('lost', `a message comes back in ${VisibilityTimeout} s`),
  };

  constructor(service: PreFundService) {
    this.#consumer = new SettlementConsumer(service, {
      client: this.#client,
      queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/settlements',
      parkingUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/failed-settlements',
      report: ({ id, error }) => say('answered', `${id}: ${(error as Error).name}`, 'red'),
    });
  }

  /** Delivers messages in a batch, and resolves to the ids of those that failed. */
  async deliver(messages: Readonly<Record<string, string>>, receiveCount: number): Promise<string[]> {
    const event = sqsEvent(messages, receiveCount);
    const { batchItemFailures } = await this.#consumer.handle(event, lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }
}
