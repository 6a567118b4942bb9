import { ConfigurationError } from '../../errors.js';
import type { Check } from '../../options/checked-options.js';
import type { FailureReport } from '../core/failure-report.js';
import {
  checkMaxReceives,
  checkSettlementOptions,
  type SettlementOptions,
} from '../core/settlement-options.js';

/** How a consumer of RabbitMQ settles its messages. */
export interface IdempotentConsumerOptions extends SettlementOptions {
  /** The queue that is consumed: RabbitMQ does not say it with a message, and put-off messages go back there. At most 200 bytes. */
  readonly queue: string;
  /** With how many failures a message is given up: 2 or more. Only errors of the method itself count. */
  readonly maxReceives: number;
  /** The queue that gets what is set aside. It must be there: where it is not, messages are tried again and again. */
  readonly deadLetters?: string;
  /**
   * Instead of `deadLetters`: the queue has a dead-letter exchange of its own, to which its messages are rejected. They go there without the
   * reason, and RabbitMQ drops them where the queue has none.
   */
  readonly hasDeadLetterExchange?: true;
  /**
   * Of which type the queues are in which messages wait. Default: `'quorum'`, which RabbitMQ has since 3.10 as it is needed here. A message that
   * waits in a `'classic'` one may be lost where the broker dies as it comes back.
   */
  readonly delayQueues?: 'quorum' | 'classic';
  /** Told of each message whose method threw, or that could not be settled. Default: a line of JSON on the error output. */
  readonly report?: FailureReport;
  /** Called when RabbitMQ cancels the consumer, such as when the queue is deleted. Default: a process warning. */
  readonly onCancel?: (queue: string) => void;
}

/** The longest that RabbitMQ has is 255, and that of a delay queue is longer than its queue's. */
const LONGEST_NAME = 200;

const name: Check = (value) =>
  typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= LONGEST_NAME
    ? undefined
    : `the name of a queue, up to ${LONGEST_NAME} bytes`;

const checks: Record<Exclude<keyof IdempotentConsumerOptions, keyof SettlementOptions>, Check> = {
  queue: name,
  maxReceives: checkMaxReceives,
  deadLetters: (value, options) =>
    value === options.queue ? 'another queue than the one that is consumed' : name(value, options),
  hasDeadLetterExchange: (value, { deadLetters }) =>
    value === true && deadLetters === undefined ? undefined : 'true, and then no "deadLetters"',
  delayQueues: (value) => (value === 'quorum' || value === 'classic' ? undefined : "'quorum' or 'classic'"),
  report: aFunction,
  onCancel: aFunction,
};

function aFunction(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'a function';
}

/** @throws {ConfigurationError} that names the wrong option, and what is expected. */
export function checkConsumerOptions(options: IdempotentConsumerOptions): void {
  checkSettlementOptions(options, 'idempotentConsumer', checks, ['queue', 'maxReceives']);
  if (options.deadLetters !== undefined || options.hasDeadLetterExchange) return;
  throw new ConfigurationError(
    'idempotentConsumer: there is no option "deadLetters", so RabbitMQ would drop what is set aside; expected the name of a queue, or hasDeadLetterExchange: true',
  );
}
