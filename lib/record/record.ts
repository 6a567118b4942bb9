import { DAY_MS, fullHourAfter, LATEST_INSTANT } from './instants.js';

/** The format that this version writes. A record of a newer format is overwritten by `forget` only. */
export const FORMAT = 1 as const;

interface StateHeader {
  readonly format: typeof FORMAT;
  /** How many times the method was started for this key, this time included. */
  readonly attempt: number;
  /** Grows with every claim of the key. A resource that remembers the highest token it saw can refuse older runs. */
  readonly fencingToken: number;
  readonly fingerprint?: string;
  /** How many recovery functions in a row were asked about an attempt and came to no decision, the one that runs included. */
  readonly recoveries?: { readonly of: number; readonly count: number };
  /** The last attempt that may begin, by an operator's decision, whatever the option `maxAttempts` says. */
  readonly permitted?: number;
  /** The attempt after which no other may begin. Where it is another one than the present, it says nothing. */
  readonly exhausted?: number;
  /** For people alone: no rule of the engine reads it. A record of an earlier version has none. */
  readonly about?: About;
}

/** What a record says of itself to the people who look after it: who, why, and what was before. */
export interface About {
  /**
   * The fencing token of the run that it is about. An earlier version keeps these fields when it takes a key over: where the record's own
   * fencing token is another one, this is about the run before. Absent in a completed record, which an earlier version never keeps.
   */
  readonly run?: number;
  /** When the call began whose run it is about, in epoch milliseconds. A record in progress has that itself. */
  readonly startedAt?: number;
  /** Since when the record is `unknown` or `released`, or when it was resolved, in epoch milliseconds. */
  readonly at?: number;
  /** When its lease was last renewed, in epoch milliseconds. Only in progress. */
  readonly renewedAt?: number;
  /** Who wrote it: the host and process, the request id of a Lambda invocation, what the option `runtime` says, or an operator. */
  readonly by?: string;
  /** Why there is no outcome, or what an operator decided. */
  readonly why?: Reason;
  /** The W3C `traceparent` of the span of its run, where one was active. */
  readonly traceparent?: string;
  /** What the record was before, the latest last: no more than the last few. */
  readonly past?: readonly PastState[];
}

/** Why a record has the status that it has. */
export type Reason =
  /** The method threw, or the recovery function. Never the message, unless the option `describeError` says so. */
  | { readonly kind: 'error'; readonly error: string; readonly code?: string; readonly text?: string }
  /** The method returned `release()` or `unknown()`. */
  | { readonly kind: 'decided' }
  /** The method asked for its completion, which is not in the store. */
  | { readonly kind: 'no-completion' }
  /** The recovery function of `onAbandoned` refused. */
  | { readonly kind: 'refused' }
  /** The method was started as often as `maxAttempts` permits, or its recovery function was. */
  | { readonly kind: 'attempts-exhausted' }
  /** Nothing has run under the claim: the key was given back. */
  | { readonly kind: 'not-begun' }
  /** An operator decided. */
  | { readonly kind: 'resolved'; readonly as: ResolvedAs; readonly reason?: string };

/** What an operator decided about a key. */
export type ResolvedAs = 'value' | 'run-again' | 'refuse' | 'forgotten';

/** What a record was before it was taken over, or resolved. */
export interface PastState extends Omit<About, 'run' | 'past'> {
  readonly status: RecordState['status'];
  readonly attempt: number;
  /** When the lease ended, of a run that was abandoned. */
  readonly leaseUntil?: number;
}

/** A call is running. Its claim lapses at `leaseUntil` unless it is renewed. */
export interface InProgressState extends StateHeader {
  readonly status: 'in-progress';
  readonly startedAt: number;
  readonly leaseUntil: number;
}

/** The method has run. This is its outcome. */
export interface CompletedState extends StateHeader {
  readonly status: 'completed';
  readonly completedAt: number;
  readonly outcome: StoredOutcome;
}

/** It is not known whether the work was done. */
export interface UnknownState extends StateHeader {
  readonly status: 'unknown';
}

/** The key is free: its last run failed without an outcome, or `forget` freed it. */
export interface ReleasedState extends StateHeader {
  readonly status: 'released';
}

/** What the engine writes into a record: plain JSON, readable in a store's console. */
export type RecordState = InProgressState | CompletedState | UnknownState | ReleasedState;

/** A stored outcome: plain JSON as it is, other values as text, or the reason why no outcome is stored. */
export type StoredOutcome =
  | { readonly kind: 'value' | 'error'; readonly json: unknown }
  | { readonly kind: 'value' | 'error'; readonly devalue: string }
  | { readonly kind: 'value' | 'error'; readonly encoded: string }
  // What a codec made of the text of one of these. Another name, so that no text is taken for one that another codec wrote.
  | { readonly kind: 'value' | 'error'; readonly encodedText: string }
  | OutcomeOfBytes
  | { readonly kind: 'value'; readonly encodedBytes: string }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * A stored outcome of bytes. Its JSON is not called `json`, so that no version that knows nothing of the bytes replays it without them.
 * A store may keep the bytes apart from the text of the state, as long as it returns them as they were written.
 */
export type OutcomeOfBytes = {
  readonly kind: 'value';
  /** An object: what belongs to the bytes. */
  readonly head: unknown;
  readonly base64: string;
};

/** The state of a record that cannot be read. */
export interface UnreadableState {
  readonly status: 'unreadable';
  readonly reason: string;
}

/** Returns from when on a claim in progress has lapsed for other calls, whose clocks may be ahead. The one place of this rule. */
export function lapsesAt(
  { leaseUntil }: Pick<InProgressState, 'leaseUntil'>,
  clockTolerance: number,
): number {
  return leaseUntil + clockTolerance;
}

/** Reads the state of a record that may have been written by another version, or damaged. */
export function readState({ state }: { readonly state: unknown }): RecordState | UnreadableState {
  if (typeof state !== 'object' || state === null) return unreadable('its state is not an object');
  const { format, status, attempt, fencingToken, leaseUntil, outcome } = state as Record<string, unknown>;
  if (typeof format === 'number' && format > FORMAT) {
    return unreadable(`it was written by a newer version of retrysafe (format ${format})`);
  }
  if (format !== FORMAT || !isStatus(status)) return unreadable('its format is not one of retrysafe');
  const isSound =
    Number.isFinite(attempt) &&
    Number.isFinite(fencingToken) &&
    (status !== 'in-progress' || Number.isFinite(leaseUntil)) &&
    (status !== 'completed' || (typeof outcome === 'object' && outcome !== null));
  return isSound ? (state as RecordState) : unreadable('parts of its state are missing');
}

function isStatus(value: unknown): value is RecordState['status'] {
  switch (value) {
    case 'in-progress':
    case 'completed':
    case 'unknown':
    case 'released':
      return true;
    default:
      return false;
  }
}

/**
 * Returns what a record tells of itself, as far as it is about its own run: an earlier version that takes a key over keeps what it does
 * not know.
 */
export function aboutOf({ about, status, fencingToken }: RecordState): About | undefined {
  if (typeof about !== 'object' || about === null) return undefined;
  return status === 'completed' || about.run === fencingToken ? about : undefined;
}

type FieldOf<State> = State extends unknown ? keyof State : never;

// By its type, so that the compiler asks for a field that is added to a status.
const fieldNames: Record<FieldOf<RecordState>, true> = {
  format: true,
  status: true,
  attempt: true,
  fencingToken: true,
  fingerprint: true,
  recoveries: true,
  permitted: true,
  exhausted: true,
  startedAt: true,
  leaseUntil: true,
  completedAt: true,
  outcome: true,
  about: true,
};
const knownFields: ReadonlySet<string> = new Set(Object.keys(fieldNames));
const noFields: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * Returns the fields of a record's state that this version does not know, so that the next unfinished record keeps what a
 * later version of the same format has written there. Returns the same frozen object for each state that has none.
 */
export function unknownFields(state: RecordState): Readonly<Record<string, unknown>> {
  // Without a list of the names: almost every state has no other field.
  for (const name in state) if (!knownFields.has(name)) return unknownFieldsOf(state);
  return noFields;
}

function unknownFieldsOf(state: RecordState): Readonly<Record<string, unknown>> {
  const fields = Object.entries(state).filter(([name]) => !knownFields.has(name));
  // The other name was inherited, as from an object prototype that a program has extended.
  return fields.length === 0 ? noFields : Object.fromEntries(fields);
}

function unreadable(reason: string): UnreadableState {
  return { status: 'unreadable', reason };
}

/**
 * Returns when a record expires that allows another run, such as one that a failed call released: after its `ttl`, and not before
 * late duplicates have arrived. It is a full hour, so that few of a key's writes change what a store has an index on.
 */
export function unsettledExpiry(from: number, ttl: number | undefined): number {
  return fullHourAfter(from, Math.max(ttl ?? 0, DAY_MS));
}

/** What decides how long the record of an attempt with an unknown outcome is stored. */
export interface Unresolved {
  /** In milliseconds; `undefined` if the option is not set. */
  readonly unresolvedTtl: number | 'until-resolved' | undefined;
  /** Whether `onAbandoned` may decide something else than another run. */
  readonly isGuarded: boolean;
  readonly clockTolerance: number;
  readonly ttl: number | undefined;
}

/**
 * Returns when a record expires whose attempt may have done its work without recording it: an unknown one, and one in progress,
 * since its process may crash. An expired record frees its key. So the record does not expire if the policy guards against a
 * second run. Otherwise it is a full hour, as `unsettledExpiry` says.
 */
export function unresolvedExpiry(from: number, options: Unresolved): number {
  const { unresolvedTtl = options.isGuarded ? 'until-resolved' : undefined, clockTolerance, ttl } = options;
  if (unresolvedTtl === 'until-resolved') return LATEST_INSTANT;
  // The record stays until its lease can be taken over.
  return fullHourAfter(from, Math.max(unresolvedTtl ?? Math.max(ttl ?? 0, DAY_MS), clockTolerance));
}
