import { ConfigurationError } from '../../errors.js';
import { type Check, checkedOptions } from '../../options/checked-options.js';
import { type Duration, milliseconds } from '../../options/duration.js';
import { amountOf } from '../../options/wrong-option.js';
import { durationCheck } from '../../settings/duration-checks.js';

/** What a queue and its work are like. Durations are seconds, or texts with a unit. */
export interface QueueTimingOptions {
  /**
   * How long the queue keeps a delivered message from other consumers: the visibility timeout of SQS, the ack wait of JetStream, the lock
   * duration of BullMQ, the expiration of pg-boss.
   */
  readonly visibilityTimeout: Duration;
  /** How often the queue delivers a message at most before it gives it up: at least 2. */
  readonly maxReceives: number;
  /** How long one run of the method takes at most. In Lambda: the timeout of the function. */
  readonly workTime: Duration;
  /** Whether the consumer extends the visibility while the method runs. Default: `false`. */
  readonly isExtended?: boolean;
  /** How long after the first delivery a duplicate may come: the retention of the queue and of its dead letters. Default: `'4d'`. */
  readonly retention?: Duration;
}

/** Options and settings that fit each other. Lengths of time are seconds. */
export interface QueueTiming {
  /** Options of the method: `@Idempotent({ key, ...timing.method })`. */
  readonly method: {
    readonly lease: number;
    readonly wait: number;
    readonly renewFor: number;
    readonly ttl: number;
    readonly maxAttempts: number;
  };
  /** Settings of the queue. */
  readonly queue: {
    readonly visibilityTimeout: number;
    readonly maxReceives: number;
    readonly retention: number;
    /** How often the visibility is extended while the method runs. Absent where it is not. */
    readonly extendEvery?: number;
  };
}

/** Other processes take a lease over so many seconds after its end: the default of `clockTolerance`. */
const CLOCK_TOLERANCE = 1;
/** A shorter lease lapses in a pause of the process. */
const SHORTEST_LEASE = 2;
const LONGEST_LEASE = 30;
const LONGEST_WAIT = 10;

const length = (mostSeconds: number, leastMs = 1) =>
  durationCheck({ leastMs, mostSeconds, example: "300 or '5m'" });

const checks: Record<keyof QueueTimingOptions, Check> = {
  // The longest that SQS has is 12 hours.
  visibilityTimeout: length(43_200, 1_000),
  maxReceives: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 2
      ? undefined
      : 'a whole number, 2 or more: a crash spends one delivery, and the next one goes on',
  workTime: length(43_200),
  isExtended: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  retention: length(2_678_400),
};

/**
 * Computes `lease`, `wait`, `renewFor`, `ttl` and `maxAttempts` of a method from what its queue and its work are like, together with the
 * settings of the queue that they are right for. Where a worker dies, its lease has lapsed when the message comes back. A duplicate that
 * waited still has time to run. The last delivery finds the count of attempts spent, so that the message is parked and the record says why.
 *
 * @throws {ConfigurationError} for settings with which a message comes back while its run goes on, or meets the lease of a dead one.
 */
export function queueTiming(options: QueueTimingOptions): QueueTiming {
  checkedOptions('queueTiming', options, {
    checks,
    required: ['visibilityTimeout', 'maxReceives', 'workTime'],
    shown: (option) => (option === 'isExtended' ? undefined : amountOf),
  });
  const { maxReceives, isExtended = false } = options;
  const visibilityTimeout = seconds(options.visibilityTimeout);
  const workTime = seconds(options.workTime);
  const retention = seconds(options.retention ?? '4d');
  // What is extended every third of its time has two thirds of it left where the worker dies.
  const untilRedelivery = isExtended ? (visibilityTimeout * 2) / 3 : visibilityTimeout - workTime;
  const spare = untilRedelivery - CLOCK_TOLERANCE;
  if (spare < SHORTEST_LEASE) throw tooShort(workTime, isExtended);
  const lease = Math.min(LONGEST_LEASE, rounded(spare));
  return {
    method: {
      lease,
      wait: rounded(Math.min(LONGEST_WAIT, workTime, spare)),
      renewFor: Math.max(workTime, lease),
      ttl: retention + maxReceives * visibilityTimeout,
      maxAttempts: maxReceives - 1,
    },
    queue: {
      visibilityTimeout,
      maxReceives,
      retention,
      ...(isExtended && { extendEvery: rounded(visibilityTimeout / 3) }),
    },
  };
}

function tooShort(workTime: number, isExtended: boolean): ConfigurationError {
  const least = CLOCK_TOLERANCE + SHORTEST_LEASE;
  const longer = isExtended
    ? `at least ${(least * 3) / 2} s`
    : `at least ${rounded(workTime + least)} s, which is workTime and ${least} s`;
  const otherwise = isExtended ? '' : '; or extend it while the method runs, and say so by isExtended: true';
  return new ConfigurationError(
    `queueTiming: option "visibilityTimeout" is too short: a message would come back while its run goes on, or meet the lease of one that died, and each time one of its deliveries is spent; expected ${longer}${otherwise}`,
  );
}

function seconds(duration: Duration): number {
  return (milliseconds(duration) as number) / 1_000;
}

/** Durations of options are whole milliseconds. */
function rounded(lengthSeconds: number): number {
  return Math.floor(lengthSeconds * 1_000) / 1_000;
}
