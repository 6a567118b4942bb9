import { DAY_MS, instantAfter, LATEST_INSTANT } from './instants.js';

/** The format that this version writes. A record of a newer one is never overwritten by itself. */
export const FORMAT = 1;

interface StateHeader {
  readonly format: typeof FORMAT;
  /** How many times the method was started for this key, this time included. */
  readonly attempt: number;
  /** Grows with every claim of the key: a resource that remembers the highest it saw can turn away older runners. */
  readonly fencingToken: number;
  readonly fingerprint?: string;
}

/** A call is running under a claim that lapses at `leaseUntil` unless it is renewed. */
export interface InProgressState extends StateHeader {
  readonly status: 'in-progress';
  readonly startedAt: number;
  readonly leaseUntil: number;
}

/** The method has run, and this is its outcome. */
export interface CompletedState extends StateHeader {
  readonly status: 'completed';
  readonly completedAt: number;
  readonly outcome: StoredOutcome;
}

/** Nobody knows whether the work was done. */
export interface UnknownState extends StateHeader {
  readonly status: 'unknown';
}

/** The key is free: its last run failed without an outcome, or it was forgotten. */
export interface ReleasedState extends StateHeader {
  readonly status: 'released';
}

/** What the engine writes into a record. Plain JSON, readable in a store's console. */
export type RecordState = InProgressState | CompletedState | UnknownState | ReleasedState;

/** An outcome as it is kept: plain JSON as it is, richer values as text, or the reason why there is none. */
export type StoredOutcome =
  | { readonly kind: 'value' | 'error'; readonly json: unknown }
  | { readonly kind: 'value' | 'error'; readonly devalue: string }
  | { readonly kind: 'value' | 'error'; readonly encoded: string }
  | { readonly kind: 'none'; readonly reason: string };

/** A record whose state cannot be understood. */
export interface UnreadableState {
  readonly status: 'unreadable';
  readonly reason: string;
}

const statuses: readonly unknown[] = ['in-progress', 'completed', 'unknown', 'released'];

/** Reads the state of a record that may have been written by another version, or damaged. */
export function readState({ state }: { readonly state: unknown }): RecordState | UnreadableState {
  if (typeof state !== 'object' || state === null) return unreadable('its state is no object');
  const { format, status, attempt, fencingToken, leaseUntil, outcome } = state as Record<string, unknown>;
  if (typeof format === 'number' && format > FORMAT) {
    return unreadable(`it was written by a newer version of retrysafe (format ${format})`);
  }
  if (format !== FORMAT || !statuses.includes(status))
    return unreadable('its format is not one of retrysafe');
  const isSound =
    Number.isFinite(attempt) &&
    Number.isFinite(fencingToken) &&
    (status !== 'in-progress' || Number.isFinite(leaseUntil)) &&
    (status !== 'completed' || (typeof outcome === 'object' && outcome !== null));
  return isSound ? (state as RecordState) : unreadable('parts of its state are missing');
}

function unreadable(reason: string): UnreadableState {
  return { status: 'unreadable', reason };
}

/** When a record expires after which nothing but a run can follow: never while a late duplicate may still meet it. */
export function unsettledExpiry(from: number, ttl: number | undefined): number {
  return instantAfter(from, Math.max(ttl ?? 0, DAY_MS));
}

/** How the records of attempts whose end nobody knows are kept. */
export interface Unresolved {
  /** In milliseconds; `undefined` where no option says. */
  readonly unresolvedTtl: number | 'until-resolved' | undefined;
  /** Whether `onAbandoned` may decide otherwise than to run again. */
  readonly isGuarded: boolean;
  readonly clockTolerance: number;
  readonly ttl: number | undefined;
}

/**
 * When a record expires whose attempt may have done its work without anybody knowing: an unknown one, and one in progress,
 * whose runner may die. An expired record is a free key, so where a policy guards against a second run it does not expire.
 */
export function unresolvedExpiry(from: number, kept: Unresolved): number {
  const { unresolvedTtl = kept.isGuarded ? 'until-resolved' : undefined, clockTolerance, ttl } = kept;
  if (unresolvedTtl === 'until-resolved') return LATEST_INSTANT;
  // Not before the lease may be taken over.
  return instantAfter(from, Math.max(unresolvedTtl ?? Math.max(ttl ?? 0, DAY_MS), clockTolerance));
}
