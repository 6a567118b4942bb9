import type { Check, PassedOptions } from '../../options/checked-options.js';
import type { Duration } from '../../options/duration.js';
import type { FailureReport } from './failure-report.js';
import { checkSettlementOptions, type SettlementOptions } from './settlement-options.js';
import type { SqsClient } from './sqs-client.js';

/** How failed messages of an SQS queue are settled. */
export interface SqsOptions extends SettlementOptions {
  /**
   * The client `SQS` of `@aws-sdk/client-sqs`. It comes with `queueUrl`. Without one the queue's own rules decide about each failed message.
   * Default: none.
   */
  readonly client?: SqsClient;
  /** The URL of the queue, on which the client needs the permission `sqs:ChangeMessageVisibility`. */
  readonly queueUrl?: string;
  /**
   * The URL of the queue that messages are parked in, such as the dead-letter queue; the client needs the permission `sqs:SendMessage` on it.
   * Without one a message that no delivery can end is received as often as `maxReceiveCount` says. Default: none.
   */
  readonly parkingUrl?: string;
  /**
   * After how long a message is delivered again whose error says `retry-later` and not when, such as a `StoreError`. Default: the visibility
   * timeout of the queue. A shorter time spends the receives of a message sooner: those of 5 seconds are spent by a minute without the store.
   */
  readonly retryDelay?: Duration;
  /** Told of each failed message, and of each that could not be settled. Default: a line of JSON in the error output. */
  readonly report?: FailureReport;
}

/**
 * Checks the options of a consumer of SQS.
 *
 * @throws {ConfigurationError} that names the wrong option, and what is expected.
 */
export function checkSqsOptions(options: unknown, where: string): void {
  const hasClient = (options as SqsOptions | null | undefined)?.client !== undefined;
  checkSettlementOptions(options, where, checks, hasClient ? ['queueUrl'] : []);
}

const checks: Readonly<Record<string, Check>> = {
  client: (value) =>
    hasMethod(value, 'sendMessage') && hasMethod(value, 'changeMessageVisibility')
      ? undefined
      : 'a client with sendMessage() and changeMessageVisibility(), such as `new SQS()` of @aws-sdk/client-sqs; `new SQSClient()` has neither',
  queueUrl: checkUrl,
  parkingUrl: (value, options) =>
    value === options.queueUrl ? 'the URL of another queue than queueUrl' : checkUrl(value, options),
  report: (value) => (typeof value === 'function' ? undefined : 'a function of a failure'),
};

function checkUrl(value: unknown, { client }: PassedOptions): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return 'the URL of a queue';
  return client === undefined ? 'it together with the option "client"' : undefined;
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null)?.[name] === 'function';
}
