import { steadyNow } from '../../process/steady-clock.js';
import { startTimer } from '../../process/timers.js';
import type { MessageFailure } from './failure-report.js';
import { settle } from './settlement.js';
import type { SqsClient, SqsMessage } from './sqs-client.js';
import { checkSqsOptions, type SqsOptions } from './sqs-options.js';
import { parkedMessage } from './sqs-parking.js';
import { tellOfFailure } from './tell-of-failure.js';

/**
 * What becomes of a message whose method threw: SQS deletes one that is parked, and delivers one again that is kept. About one that failed
 * the queue's own rules decide.
 */
export type SqsEnd = 'parked' | 'kept' | 'failed';

const LONGEST_SETTLING_MS = 5_000;
/** Is left of an invocation, for its response. */
const RESPONSE_MS = 200;
/** SQS hides a message for 12 hours after its receipt, which may be so long before its method begins: Lambda's longest batching window. */
const LONGEST_HIDING_SECONDS = 12 * 3_600 - 300;

/** Settles the failed messages of one queue by operations of SQS. */
export class SqsSettling {
  readonly #options: SqsOptions;

  /** @throws {ConfigurationError} for a wrong option, which it names. */
  constructor(options: SqsOptions, where: string) {
    checkSqsOptions(options, where);
    this.#options = options;
  }

  /**
   * Settles a message whose method threw, within 5 seconds, and within what is left of the Lambda invocation. Never rejects: a message that
   * cannot be settled is kept.
   */
  async settle(message: SqsMessage, error: unknown, remainingMs = Number.POSITIVE_INFINITY): Promise<SqsEnd> {
    const { client, parkingUrl } = this.#options;
    const settlement = settle(error, this.#options);
    const { id } = message;
    const isPark = settlement.do === 'park';
    if (!client || settlement.do === 'fail' || (isPark && parkingUrl === undefined)) {
      this.#report({ id, error, settlement: { do: 'fail', reason: settlement.reason } });
      return 'failed';
    }
    this.#report({ id, error, settlement });
    try {
      const limitMs = Math.min(LONGEST_SETTLING_MS, remainingMs - RESPONSE_MS);
      await within(limitMs, () =>
        isPark
          ? client.sendMessage(parkedMessage(parkingUrl as string, message, settlement.reason, error))
          : this.#postpone(client, message, settlement.afterSeconds, error),
      );
      return isPark ? 'parked' : 'kept';
    } catch (fault) {
      const reason = `it could not be settled (${settlement.do}), and comes back with its visibility timeout`;
      this.#report({ id, error: fault, settlement: { do: 'fail', reason } });
      return 'kept';
    }
  }

  /** SQS spends a receive each time, so that each time the message stays away for twice as long. */
  async #postpone(
    client: SqsClient,
    message: SqsMessage,
    afterSeconds: number,
    error: unknown,
  ): Promise<void> {
    const { queueUrl = '', retryDelay } = this.#options;
    const saysWhen = typeof (error as { readonly retryAfter?: unknown } | null)?.retryAfter === 'number';
    if (!saysWhen && retryDelay === undefined) return;
    const wanted = Math.ceil(afterSeconds * 2 ** Math.min(message.receives - 1, 16));
    const hidden = Math.ceil((steadyNow() - message.begunAt) / 1_000);
    const longest = Math.max(0, LONGEST_HIDING_SECONDS - hidden);
    await client.changeMessageVisibility({
      QueueUrl: queueUrl,
      ReceiptHandle: message.receiptHandle,
      VisibilityTimeout: Math.min(wanted, longest),
    });
  }

  #report(failure: MessageFailure): void {
    tellOfFailure(failure, this.#options.report);
  }
}

/** Clients of AWS wait for ever unless they are told otherwise, and Lambda ends an invocation with all of its batch. */
async function within(limitMs: number, work: () => Promise<unknown>): Promise<void> {
  const late = () => new DOMException('SQS was not asked, or did not respond in time', 'TimeoutError');
  if (limitMs <= 0) throw late();
  let stop = () => {};
  const limit = new Promise<never>((_, reject) => {
    stop = startTimer(limitMs, () => reject(late()), { isAwaited: true });
  });
  try {
    await Promise.race([work(), limit]);
  } finally {
    stop();
  }
}
