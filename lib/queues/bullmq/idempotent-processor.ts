import { ConfigurationError } from '../../errors.js';
import { settle } from '../core/settlement.js';
import { checkSettlementOptions, type SettlementOptions } from '../core/settlement-options.js';

/** What the adapter calls of a job of BullMQ, or of the job of a sandboxed processor. */
export interface DelayableJob {
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
}

/** A processor of BullMQ. */
export type JobProcessor<Job, Result> = (job: Job, token?: string, signal?: AbortSignal) => Promise<Result>;

/**
 * Returns a processor for a worker of BullMQ 5 or 6 that settles a job by the advice of the error with which this one ends:
 *
 * - `retry-later`: the job is moved to delayed, and spends no attempt. So a duplicate of a running call comes again when that has ended, or its
 *   lease has lapsed, also where the job has one attempt only.
 * - `fix-request`, `fix-code`, `ask-human`, and an error that is the outcome of its key: the job is in the failed set at once, whatever its
 *   attempts. Its reason is the name and the message of the error, which is the `cause` of what the event `failed` tells.
 * - Any other error is thrown as it is: then `attempts` and `backoff` of the job decide.
 *
 * It also works as what the file of a sandboxed processor exports. `maxStartedAttempts` of the worker counts each delivery, so do without it.
 *
 * @throws {ConfigurationError} at once, for a wrong option.
 */
export function idempotentProcessor<Job, Result>(
  processor: JobProcessor<Job, Result>,
  options: SettlementOptions = {},
): JobProcessor<Job & DelayableJob, Result> {
  checkSettlementOptions(options, 'idempotentProcessor');
  if (typeof processor !== 'function') throw noFunction();
  // BullMQ makes a signal for processors with three parameters.
  return async function idempotent(job, token, signal) {
    try {
      return await processor(job, token, signal);
    } catch (error) {
      if (isMoved(error)) throw error;
      const settlement = settle(error, options);
      if (settlement.do === 'fail') throw error;
      if (settlement.do === 'park') throw named('UnrecoverableError', settlement.reason, error);
      await moveToDelayed(job, settlement.afterSeconds, token);
      throw named('DelayedError', settlement.reason, error);
    }
  };
}

/**
 * Where that fails, the job stays as it is: another worker has it, or it comes again as a stalled one when its lock has expired. As a failure it
 * would spend an attempt, and maybe the last one.
 */
async function moveToDelayed(
  job: DelayableJob,
  afterSeconds: number,
  token: string | undefined,
): Promise<void> {
  try {
    await job.moveToDelayed(Math.ceil(Date.now() + afterSeconds * 1_000), token);
  } catch {}
}

/** The processor itself has moved its job, or limits the rate: it is not to be settled a second time. */
function isMoved(error: unknown): boolean {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown };
  return MOVED.includes(name as string) || message === RATE_LIMITED;
}

const MOVED = ['DelayedError', 'WaitingError', 'WaitingChildrenError'];
const RATE_LIMITED = 'bullmq:rateLimitExceeded';

/** BullMQ knows its errors by their names, too. A sandbox sends own properties. With a failed job it keeps the message and the stack. */
function named(name: 'DelayedError' | 'UnrecoverableError', message: string, cause: unknown): Error {
  const error = new Error(message, { cause });
  const { stack = error.stack } = (cause ?? {}) as Partial<Error>;
  return Object.defineProperties(error, { name: { value: name }, stack: { value: stack } });
}

function noFunction(): ConfigurationError {
  return new ConfigurationError(
    'idempotentProcessor: the processor is no function; for a sandboxed processor, wrap the function that its file exports',
  );
}
