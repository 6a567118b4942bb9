import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const worker = specs('queues/pg-boss');
const handler = 'lib/queues/pg-boss/idempotent-handler.ts';
const table = 'lib/queues/pg-boss/job-table.ts';

/** What a worker of pg-boss can do wrong. */
export const queuesPgBoss: readonly Mutant[] = [
  {
    name: 'pg-boss-redelivery-spends-a-retry',
    needsNode: 22,
    flaw: 'A duplicate of a running job that is put off has one retry less.',
    changes: [{ file: table, replace: ' retry_limit = retry_limit + 1,', by: '' }],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-attempt-of-another-put-off',
    needsNode: 22,
    flaw: 'A worker that has lost its job puts the attempt of another off, or spends its retries.',
    changes: [{ file: table, replace: 'AND retry_count = $3 AND', by: 'AND $3::int >= 0 AND' }],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-put-off-job-not-kept',
    needsNode: 22,
    flaw: 'A job that is put off beyond its retention is deleted by pg-boss.',
    changes: [
      {
        file: table,
        replace:
          "        start_after = now() + $4::float8 * interval '1 second',\n        keep_until = now() + $4::float8 * interval '1 second' + (keep_until - start_after)\n",
        by: "        start_after = now() + $4::float8 * interval '1 second'\n",
      },
    ],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-parked-after-all-retries',
    needsNode: 22,
    flaw: 'A job that no retry can help is delivered as often as its retryLimit says.',
    changes: [{ file: handler, replace: '      await table.spendRetries(job);\n', by: '' }],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-unsettled-job-completed',
    needsNode: 22,
    flaw: 'A failed job that could not be settled is completed with its batch, and lost.',
    changes: [
      {
        file: handler,
        replace: 'if (unsettled) throw (unsettled as PromiseRejectedResult).reason;',
        by: 'void unsettled;',
      },
    ],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-batch-failed-with-one',
    needsNode: 22,
    flaw: 'Where one job of a batch cannot be settled, those that still run fail with it.',
    changes: [
      {
        file: handler,
        replace: 'await Promise.allSettled(jobs.map(handleJob));',
        by: '(await Promise.all(jobs.map(handleJob))).map(() => ({ status: "fulfilled" as const, value: undefined })) as PromiseSettledResult<void>[];',
      },
    ],
    caughtBy: [worker],
  },
  {
    name: 'pg-boss-transaction-not-refused',
    needsNode: 22,
    flaw: 'A worker with `transactional` completes its job, and pg-boss rolls the work back.',
    changes: [{ file: handler, replace: 'if (transaction !== undefined)', by: 'if (transaction === null)' }],
    caughtBy: [worker],
  },
];
