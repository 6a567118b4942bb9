import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Reason, RecordState, ResolvedAs, StoredOutcome } from '../../record/record.js';
import type { Settings } from '../../settings/settings.js';
import { type Entries, FewMap } from './few-map.js';
import { ENDLESS_TERM, type Moment, NEVER, NO_TERM, type Term } from './moment.js';

/** The options that the machine's rules read. Lengths of time are in milliseconds. */
export type Rules = Pick<
  Settings,
  | 'ttl'
  | 'lease'
  | 'renewFor'
  | 'wait'
  | 'clockTolerance'
  | 'onAbandoned'
  | 'maxAttempts'
  | 'unresolvedTtl'
  | 'onStoreFailure'
  | 'readFirst'
  | 'keepLocal'
>;

/** What a call is doing. [The architecture](../../../docs/architecture.md#the-machine) has the table and the diagram. */
export type Phase =
  | 'new'
  /** Waits for an equal call of this process. */
  | 'joining'
  /** Reads the record first, by the option `readFirst`. */
  | 'peeking'
  | 'claiming'
  | 'taking-over'
  /** Renews a claim whose answer came late, before anything runs under it. */
  | 'lengthening'
  /** Frees a claim at the end of a Lambda invocation, since nothing may begin any more. */
  | 'giving-back'
  /** Writes that no attempt at the key may begin any more. */
  | 'exhausting'
  /** Pauses before it claims once more. */
  | 'retrying'
  /** Waits for the call that holds the key. */
  | 'waiting'
  /** Reads the record while it waits. */
  | 'looking'
  /** Asks by a write that cannot apply who took over its claim. */
  | 'probing'
  /** Runs the recovery function of `onAbandoned`. */
  | 'recovering'
  /** Counts the attempt that the recovery function asked for. */
  | 'counting'
  | 'running'
  /** The method has ended, and a renewal is under way. */
  | 'ending'
  /** Reads whether the completion that the method wrote itself is there. */
  | 'checking'
  /** Writes how the method ended. */
  | 'recording'
  /** Pauses before it writes that once more. */
  | 'resting'
  /** Reads the record for `inspect` or `forget`. */
  | 'inspecting'
  /** Writes the released record of `forget`. */
  | 'freeing'
  /** Pauses before it frees the key once more. */
  | 'yielding'
  | 'done';

/** What becomes of a call's claim. */
export type ClaimPhase =
  | 'none'
  | 'held'
  | 'renewing'
  /** The lease lapsed, or another call took over. */
  | 'lost'
  /** The method has ended, so nothing renews it any more. */
  | 'ended'
  /** The method runs without a claim, since the store could not be reached. */
  | 'open';

/** What a call is for: it runs the method, or looks after its record. */
export type Purpose = 'run' | 'inspect' | 'resolve';

/** What an operator decides about a key. */
export interface Resolution {
  readonly as: ResolvedAs;
  /** Whether the key is taken even from a call that is running. */
  readonly isForced: boolean;
  /** The only version of the record that is replaced. Else any. */
  readonly token: string | undefined;
  readonly reason: string | undefined;
  /** What equal calls get from now on, and for how long. Only of `value` and `refuse`. */
  readonly outcome: StoredOutcome | undefined;
  readonly ttlMs: number;
}

/** How a run of this process ended, for the calls that joined it. */
export type LocalEnd =
  | { readonly record: IdempotencyRecord }
  /** Without an outcome that others could have: those who joined line up behind one that asks the store. */
  | 'released'
  /** Otherwise: each asks the store. */
  | 'ended'
  /** Its claim does not hold any longer. */
  | 'sent-away';

/** What a call is told that had joined another one. */
export interface Told {
  readonly end: LocalEnd;
  readonly attempt: number;
  readonly traceparent: string | undefined;
}

/** The state that a claim was taken over from. */
export interface TakenOver {
  readonly from: 'released' | 'abandoned' | 'unknown';
  readonly state: RecordState;
  readonly token: string;
}

/** How the method ended, or the recovery function. */
export type MethodEnd =
  | {
      readonly kind: 'value';
      readonly outcome: StoredOutcome;
      readonly ttlMs: number;
      /** Whether it returned what it asked its completion for. */
      readonly isAsCompleted: boolean;
    }
  /** `restore`: it has not begun after all. `refuse`: a recovery function decided so. */
  | {
      readonly kind: 'error';
      readonly decision: 'release' | 'unknown' | 'restore' | 'refuse';
      readonly why?: Reason | undefined;
    }
  | {
      readonly kind: 'error';
      readonly decision: 'remember';
      readonly outcome: StoredOutcome;
      readonly ttlMs: number;
    }
  /** The recovery function decided that the method runs. */
  | { readonly kind: 'run' };

/** A store call that has not been answered. A call has at most one. */
export interface Request {
  readonly do: 'claim' | 'replace' | 'find';
  readonly n: number;
  /** What a claim and a replace write. */
  readonly record: IdempotencyRecord | undefined;
  /** The token that a replace follows. */
  readonly token: string;
  /** The `now` of a claim. */
  readonly now: number;
  readonly isConsistent: boolean;
  /** What a replace is for, if it is no step of the call itself: a renewal, or one that a completion needs. */
  readonly renews: 'lease' | 'completion' | undefined;
  /** For how long it is awaited, in milliseconds, and until when by the steady clock. */
  readonly limitMs: number;
  readonly giveUpAt: number;
  /** Whether the store had as long as it may take. With less time, a call learns nothing about the store. */
  readonly isFair: boolean;
}

/** A completion that the method asked for. */
export interface Ask {
  readonly outcome: StoredOutcome;
  readonly ttlMs: number;
  /** Until when a renewal that is under way may delay it. */
  readonly patienceEndsAt: number;
  tries: number;
  hasRenewed: boolean;
}

/** What is written about the end of a run, and for how long. */
export interface Recording {
  readonly status: 'completed' | 'released' | 'unknown';
  outcome: StoredOutcome | undefined;
  readonly ttlMs: number;
  readonly completedAt: number;
  /** The number of the first record that says so. An earlier one is the method's own completion. */
  readonly from: number;
  tries: number;
  readonly mostTries: number;
  /** By the steady clock. */
  until: number;
  /** Whether it follows a record of this call. A run without a claim has none. */
  follows: boolean;
}

/** What an operation asks for in one call. */
export interface CallFacts {
  readonly purpose: Purpose;
  readonly key: string;
  readonly fingerprint: string | undefined;
  /** The random identity of the call. Its tokens begin with it. */
  readonly owner: string;
  /** When the Lambda invocation ends, by the steady clock; else `Infinity`. */
  readonly endsAt: number;
  /** Who makes the call, and the `traceparent` of its span: for people who read its records. */
  readonly by?: string | undefined;
  readonly traceparent?: string | undefined;
  /** Only of the purpose `resolve`. */
  readonly resolution?: Resolution | undefined;
}

/** One call. Plain data without methods: it can be copied, compared and hashed. */
export class CallState implements CallFacts {
  readonly purpose: Purpose;
  readonly key: string;
  readonly fingerprint: string | undefined;
  readonly owner: string;
  readonly endsAt: number;
  readonly by: string | undefined;
  /** Set before the call begins. */
  traceparent: string | undefined;
  readonly resolution: Resolution | undefined;
  /** Which calls of this process are equal: the key and the fingerprint. */
  readonly slot: string;
  /** By the wall clock. */
  readonly startedAt: number;
  phase: Phase = 'new';
  phaseSince: number;
  /** When this phase goes on by itself, by the steady clock. */
  dueAt: number = NEVER;
  /** Whether the caller has its answer. Recording may go on behind it. */
  isAnswered = false;

  /** Which attempt at the key the call is about, as far as it knows. */
  attempt = 1;
  /** The fencing token of the latest run that it was told of. */
  latestRun: number = Number.NEGATIVE_INFINITY;
  /** Whether any call was ever seen to hold the key. Then this one never runs without a claim. */
  hasSeenHolder = false;

  request: Request | undefined = undefined;
  requests = 0;
  tries = 0;
  /** How often it claimed, paused because the key changed hands, and paused to read. */
  claims = 0;
  turns = 0;
  looks = 0;
  /** Milliseconds that it has waited for other calls. */
  waitedMs = 0;

  claim: ClaimPhase = 'none';
  /** How many records it has made. The number is in their tokens. */
  sent = 0;
  /** Its last record that is known to be in the store. */
  confirmed: IdempotencyRecord | undefined = undefined;
  /** For how long that one lets it run. */
  term: Term = NO_TERM;
  /** The terms of what was sent since. */
  sentTerms: { readonly token: string; readonly term: Term }[] = [];
  /** Whether a record that was sent since may be in the store. */
  isInDoubt = false;
  /** Whether the last write showed an earlier record of this call. Only one can come to stand so. */
  showedEarlierWrite = false;
  /** Another call's record, which holds the key. */
  holder: IdempotencyRecord | undefined = undefined;
  takenOver: TakenOver | undefined = undefined;
  renewUntil: number = NEVER;
  renewsAt: number = NEVER;
  mayRenew = false;
  /** The completions that the method asked for and does not have yet, and the last that it has. */
  asks: Ask[] = [];
  issued: IdempotencyRecord | undefined = undefined;

  /** From when on the claim that it waits for may be taken over, by the wall clock. */
  lapsesAt: number = NEVER;
  /** When the present pause between two reads ends at the latest. */
  lookUntil: number = NEVER;
  /** When the next read is no read too many. */
  mayLookAt: number = Number.NEGATIVE_INFINITY;
  /** Whether the store tells of changes, and whether it did since the last read. */
  notices: 'unknown' | 'on' | 'none' = 'unknown';
  isNoticed = false;

  /** The call that it joined, those that joined it, and what it was told about its own. */
  leader: number | undefined = undefined;
  followers: number[] = [];
  told: Told | undefined = undefined;
  joinsFrom: 'new' | 'waiting' = 'new';
  /** For how long others may join it: until it knows its claim, without end. */
  joinableFor: Term = ENDLESS_TERM;

  /** Whether it ran the method. Then it waits for the call that took over, and claims no more. */
  hasRun = false;
  /** Whether nothing runs on behind the answer, as in Lambda. */
  stopsWithAnswer = false;
  end: MethodEnd | undefined = undefined;
  recording: Recording | undefined = undefined;

  /** Until when `forget` tries again while other calls replace the record, by the steady clock. */
  freesUntil: number = NEVER;

  constructor(
    readonly id: number,
    { purpose, key, fingerprint, owner, endsAt, by, traceparent, resolution }: CallFacts,
    now: Moment,
  ) {
    this.purpose = purpose;
    this.key = key;
    this.fingerprint = fingerprint;
    this.owner = owner;
    this.endsAt = endsAt;
    this.by = by;
    this.traceparent = traceparent;
    this.resolution = resolution;
    // A key ends with a digest and a fingerprint has no space, so no key is the slot of another.
    this.slot = fingerprint === undefined ? key : `${key} ${fingerprint}`;
    this.startedAt = now.wall;
    this.phaseSince = now.steady;
  }
}

/** One call at one moment, and the rules that it follows. */
export interface Situation {
  readonly rules: Rules;
  readonly call: CallState;
  readonly now: Moment;
}

/** The calls of one process on one store. Data alone, too: what two maps have in them. */
export interface ProcessState {
  lastId: number;
  readonly calls: Entries<number, CallState>;
  /** The call of each slot that equal calls join. */
  readonly leaders: Entries<string, number>;
}

export function newProcess(): ProcessState {
  return { lastId: 0, calls: new FewMap(), leaders: new FewMap() };
}
