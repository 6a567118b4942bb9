import type { History, Run, Story } from './history.js';

/** What became of a run that another one followed. */
export const causes = [
  'failed',
  'killed',
  'given up',
  'frozen',
  'store out of reach',
  'outlived its lease in a transaction',
] as const;
export type Cause = (typeof causes)[number];

/** Why `next` could run after `run`, as far as anything in the ledger accounts for it. */
export function whyAnother(history: History, { policy }: Story, run: Run, next: Run): Cause | undefined {
  if (hasFailed(run, next)) return 'failed';
  // Nothing but a release frees the key of an operation that refuses.
  if (policy === 'refuse') return undefined;
  if (history.wasKilled(run.worker, next.place)) return 'killed';
  if (run.events.has('outcome-not-stored')) return 'given up';
  // A lease that lapses for want of time lacks its renewal, which is due when a third of it is over.
  if (history.frozenTime(run.worker, run.token, next.token) >= history.rules.lease / 3) return 'frozen';
  if (run.events.has('store-failed')) return 'store out of reach';
  if (run.isCompleting) return 'outlived its lease in a transaction';
  return undefined;
}

/** Whether the method had thrown by then, so that its key was free at once. */
export function hasFailed({ failedPlace }: Run, next: Run): boolean {
  return failedPlace !== undefined && failedPlace < next.place;
}

/**
 * Whether a process was frozen between its claim and the first line of its method, for longer than the claim held:
 * nothing can be read in between.
 */
export function beganLate(history: History, { worker, token, at }: Run): boolean {
  const { lease, tolerance } = history.rules;
  return at >= token + lease + tolerance && history.frozenTime(worker, token, at) > 0;
}
