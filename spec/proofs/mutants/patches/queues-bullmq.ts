import { specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const file = 'lib/queues/bullmq/idempotent-processor.ts';

/** What the adapter of BullMQ can do wrong. */
export const queuesBullMQ: readonly Mutant[] = [
  {
    name: 'bullmq-delay-spends-an-attempt',
    flaw: 'A duplicate of a running call is a failure of its job, maybe the last one.',
    changes: [
      {
        file,
        replace: 'await moveToDelayed(job, settlement.afterSeconds, token);',
        by: 'void moveToDelayed;\n      if (settlement.afterSeconds >= 0) throw error;',
      },
    ],
    caughtBy: [tests('queues/bullmq', 'worker was killed')],
  },
  {
    name: 'bullmq-delayed-job-fails-too',
    flaw: 'A job that was moved to delayed is failed as well, which its worker tells as an error.',
    changes: [
      { file, replace: "throw named('DelayedError', settlement.reason, error);", by: 'throw error;' },
    ],
    caughtBy: [tests('queues/bullmq', 'worker was killed')],
  },
  {
    name: 'bullmq-delayed-too-shortly',
    flaw: 'A job is delayed by milliseconds where the error says seconds, so that it meets the same lease hundreds of times.',
    changes: [{ file, replace: 'afterSeconds * 1_000', by: 'afterSeconds' }],
    caughtBy: [tests('queues/bullmq', 'worker was killed')],
  },
  {
    name: 'bullmq-parked-by-attempts',
    flaw: 'What no retry can help is tried again until the attempts of the job are spent.',
    changes: [
      {
        file,
        replace: "throw named('UnrecoverableError', settlement.reason, error);",
        by: 'throw new Error(settlement.reason, { cause: error });',
      },
    ],
    caughtBy: [tests('queues/bullmq', 'failed set at once')],
  },
  {
    name: 'bullmq-move-that-failed-fails-the-job',
    flaw: 'A job that could not be moved to delayed is failed, and its last attempt spent.',
    changes: [{ file, replace: '  } catch {}', by: '  } catch (error) {\n    throw error;\n  }' }],
    caughtBy: [tests('queues/bullmq-crashes', 'in the middle of moving')],
  },
  {
    name: 'bullmq-moved-jobs-settled-again',
    flaw: 'A job that its processor moved itself, such as to wait for its children, is settled a second time.',
    changes: [{ file, replace: '      if (isMoved(error)) throw error;\n', by: '' }],
    caughtBy: [tests('queues/bullmq', 'moved itself')],
  },
  {
    name: 'bullmq-two-crashes-lose-a-job',
    flaw: 'A job whose worker was killed twice is failed for good, as by default.',
    changes: [
      {
        file: 'lib/queues/bullmq/bullmq-settings.ts',
        replace: 'maxStalledCount: maxReceives - 1,',
        by: 'maxStalledCount: 1,',
      },
    ],
    caughtBy: [tests('queues/bullmq-crashes', 'loses nothing'), specs('queues/bullmq-settings')],
  },
  {
    name: 'bullmq-lock-ends-before-the-lease',
    flaw: 'A lock is renewed so late that it may end before the lease of the worker that died, and a redelivery always meets that.',
    changes: [
      {
        file: 'lib/queues/bullmq/bullmq-settings.ts',
        replace: 'Math.min(visibilityTimeout / 3, visibilityTimeout - method.lease - 1)',
        by: 'visibilityTimeout / 2 + 0 * method.lease',
      },
    ],
    caughtBy: [specs('queues/bullmq-settings')],
  },
];
