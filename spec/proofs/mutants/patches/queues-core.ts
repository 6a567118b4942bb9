import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const settlement = 'lib/queues/core/settlement.ts';
const timing = 'lib/queues/core/queue-timing.ts';

/** What a consumer is told of an error, and which lengths of time fit a queue. */
export const queuesCore: readonly Mutant[] = [
  {
    name: 'queues-late-redelivery-ignored',
    flaw: 'A duplicate of a running call comes back before the lease can have lapsed.',
    changes: [
      {
        file: settlement,
        replace: "typeof retryAfter === 'number' && retryAfter >= 0",
        by: "typeof retryAfter === 'number' && retryAfter < 0",
      },
    ],
    caughtBy: [specs('queues/core/settlement')],
  },
  {
    name: 'queues-advice-of-others',
    flaw: "The application's advice overrules that of an error of the library.",
    changes: [
      {
        file: settlement,
        replace: 'error instanceof IdempotencyError ? error.advice : advised(error, options)',
        by: 'advised(error, options) ?? (error instanceof IdempotencyError ? error.advice : undefined)',
      },
    ],
    caughtBy: [specs('queues/core/settlement')],
  },
  {
    name: 'queues-recorded-error-retried',
    flaw: 'A message whose error is the outcome of its key is delivered as often as its queue can.',
    changes: [
      { file: settlement, replace: 'return isRecordedError(error)', by: 'return isRecordedError(undefined)' },
    ],
    caughtBy: [specs('queues/core/settlement')],
  },
  {
    name: 'queues-lease-outlasts-visibility',
    flaw: 'A message comes back to the lease of a worker that has died.',
    changes: [{ file: timing, replace: 'visibilityTimeout - workTime;', by: 'visibilityTimeout;' }],
    caughtBy: [specs('queues/core/queue-timing')],
  },
  {
    name: 'queues-attempts-outlast-deliveries',
    flaw: 'The queue gives a message up in silence, before its attempts are exhausted.',
    changes: [{ file: timing, replace: 'maxAttempts: maxReceives - 1', by: 'maxAttempts: maxReceives' }],
    caughtBy: [specs('queues/core/queue-timing')],
  },
];
