import type { QueueTiming } from '../core/queue-timing.js';

/** Options of BullMQ that fit a timing. Lengths of time are milliseconds. */
export interface BullMQSettings {
  /** Options of every worker of the queue: `new Worker(name, processor, { connection, ...worker })`. */
  readonly worker: {
    readonly lockDuration: number;
    readonly lockRenewTime: number;
    readonly stalledInterval: number;
    readonly maxStalledCount: number;
  };
  /** Options of every job: `defaultJobOptions` of the queue, or `opts` in a flow, which does not ask the queue. */
  readonly job: {
    readonly attempts: number;
    readonly backoff: { readonly type: 'fixed'; readonly delay: number };
  };
}

/** The default of BullMQ. */
const LONGEST_STALLED_INTERVAL = 30;

/**
 * Returns the options of workers and jobs of BullMQ for a timing by `queueTiming`, of which `isExtended` should be `true`: a worker extends
 * the locks of its jobs.
 *
 * A job is delivered up to `maxReceives` times after crashes of its worker, and up to as many times after errors of the method, a visibility timeout
 * apart. After a crash it is delivered again within two visibility timeouts. Any worker of a queue looks for stalled jobs, by its own options.
 */
export function bullMQSettings({ method, queue }: QueueTiming): BullMQSettings {
  const { visibilityTimeout, maxReceives } = queue;
  // What is left of a lock when its worker dies outlasts the lease, and the second after which others take that over.
  const lockRenewTime = Math.min(visibilityTimeout / 3, visibilityTimeout - method.lease - 1);
  return {
    worker: {
      lockDuration: inMilliseconds(visibilityTimeout),
      lockRenewTime: inMilliseconds(lockRenewTime),
      stalledInterval: inMilliseconds(Math.min(visibilityTimeout / 2, LONGEST_STALLED_INTERVAL)),
      // BullMQ fails a job for good that has stalled more often than that.
      maxStalledCount: maxReceives - 1,
    },
    job: {
      attempts: maxReceives,
      backoff: { type: 'fixed', delay: inMilliseconds(visibilityTimeout) },
    },
  };
}

function inMilliseconds(seconds: number): number {
  return Math.floor(seconds * 1_000);
}
