import type { QueueTiming } from '../core/queue-timing.js';

/** Settings of pg-boss that fit the options of a method. */
export interface PgBossSettings {
  /** For `boss.createQueue()` and `boss.updateQueue()`. */
  readonly queue: {
    readonly retryLimit: number;
    readonly retryDelay: number;
    readonly expireInSeconds: number;
    readonly heartbeatSeconds?: number;
    readonly retentionSeconds: number;
    readonly deleteAfterSeconds: number;
  };
  /** For `boss.work()`. */
  readonly work: { readonly heartbeatRefreshSeconds?: number };
}

/** A shorter heartbeat is refused by pg-boss. */
const SHORTEST_HEARTBEAT = 10;
/** Without a delay, pg-boss spends all retries of a job while what it needs is down for a moment. */
const RETRY_DELAY = 5;

/**
 * Maps a timing to pg-boss. The visibility timeout is `expireInSeconds`, or, with `isExtended`, `heartbeatSeconds`, which is at least 10; then
 * `expireInSeconds` has time for the work and the wait before it. `retention` is for how long jobs wait, and for how long jobs that have ended are
 * kept. Parts of a second are rounded up.
 *
 * pg-boss itself finds expired jobs by its supervision, every 60 seconds unless `monitorIntervalSeconds` and `superviseIntervalSeconds` of its
 * constructor say otherwise.
 */
export function pgBossSettings({ method, queue }: QueueTiming): PgBossSettings {
  const { visibilityTimeout, maxReceives, retention, extendEvery } = queue;
  const retentionSeconds = Math.ceil(retention);
  const rules = {
    retryLimit: maxReceives - 1,
    retryDelay: RETRY_DELAY,
    retentionSeconds,
    deleteAfterSeconds: retentionSeconds,
  };
  if (extendEvery === undefined)
    return { queue: { ...rules, expireInSeconds: Math.ceil(visibilityTimeout) }, work: {} };
  return {
    queue: {
      ...rules,
      expireInSeconds: Math.ceil(method.wait + method.renewFor) + 1,
      heartbeatSeconds: Math.max(SHORTEST_HEARTBEAT, Math.ceil(visibilityTimeout)),
    },
    work: { heartbeatRefreshSeconds: extendEvery },
  };
}
