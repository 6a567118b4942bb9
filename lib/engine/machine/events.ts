import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { StoredOutcome } from '../../record/record.js';
import type { CallState, MethodEnd, Request } from './state.js';

/** Why a store call has no answer. */
export type Fault =
  /** It was not answered in time. */
  | 'late'
  /** The record is larger than the store takes. */
  | 'too-large'
  /** The store is used wrongly, so that it was reached. */
  | 'misused'
  | 'other';

type Happened<Type extends string, More = unknown> = {
  readonly type: Type;
  readonly call: number;
} & Readonly<More>;

/** What happened to a call. */
export type Event =
  | { readonly type: 'begin'; readonly call: CallState }
  | Happened<'answer', { request: number; record: IdempotencyRecord | undefined }>
  | Happened<'fault', { request: number; fault: Exclude<Fault, 'late'> }>
  /** Time has passed, or another call of this process woke it. It does no harm before the deadline. */
  | Happened<'time'>
  /** The store tells that the record changed, or that it listens; or that it gives no notices any more. */
  | Happened<'notice' | 'no-notices'>
  /**
   * The method returned or threw, or the recovery function did. `stopsWithAnswer`: nothing runs on behind the answer, as in
   * Lambda.
   */
  | Happened<'ended', { end: MethodEnd; stopsWithAnswer: boolean }>
  /** The method asks for its completion. */
  | Happened<'completion', { outcome: StoredOutcome; ttlMs: number }>;

/** What an event of the library tells besides what each of them tells. */
export type Tell =
  | { readonly event: 'claimed' | 'claim-lost' | 'released' | 'unknown' | 'resolved' }
  /** `traceparent`: that of the run that it waited for, where it is known. */
  | { readonly event: 'waited'; readonly traceparent: string | undefined }
  | { readonly event: 'taken-over'; readonly from: 'released' | 'abandoned' | 'unknown' }
  | { readonly event: 'renewed'; readonly leaseUntil: number }
  | { readonly event: 'completed' | 'remembered'; readonly record: IdempotencyRecord }
  /** `unreachable`: the store did not take the outcome in time. */
  | { readonly event: 'outcome-not-stored'; readonly reason: string | 'unreachable' }
  | { readonly event: 'failed-open' };

/** Where an outcome was found. */
export type Source = 'store' | 'joined';

/** Why a call is refused before its method ran. */
export type Refusal =
  /** An equal call is running, and this one may not wait, or no longer. */
  | {
      readonly reason: 'running';
      readonly lapsesInMs: number;
      /** When the running call began, by the wall clock of its process. */
      readonly startedAt: number;
    }
  /** The key changed hands again and again. */
  | { readonly reason: 'contended' }
  /** The Lambda invocation ends too soon. */
  | { readonly reason: 'ending' }
  | { readonly reason: 'fingerprint' }
  /** By `onAbandoned: 'refuse'`. */
  | { readonly reason: 'unknown' }
  /** By `maxAttempts`. */
  | { readonly reason: 'exhausted'; readonly attempts: number; readonly recoveries: number }
  | { readonly reason: 'unreadable'; readonly why: string }
  | { readonly reason: 'store'; readonly step: Request['do'] }
  /** The record was deleted while it was taken over. */
  | { readonly reason: 'vanished' }
  /** Other calls replaced the record each time that an operator's decision did. */
  | { readonly reason: 'changing' }
  /** The record is not the one that the operator has seen. */
  | { readonly reason: 'changed' }
  /** The record has an outcome already. */
  | { readonly reason: 'completed' };

/** What a call ends with. */
export type Answer =
  /** What the method returned or threw, or what the recovery function decided. */
  | { readonly with: 'own' }
  | { readonly with: 'replay'; readonly record: IdempotencyRecord; readonly source: Source }
  /** The outcome that the method recorded itself. */
  | { readonly with: 'recorded'; readonly record: IdempotencyRecord }
  /** The outcome of the call that took over. */
  | { readonly with: 'successor'; readonly record: IdempotencyRecord; readonly source: Source }
  /** There is none of the call that took over. */
  | { readonly with: 'claim-lost' }
  /** The completion that the method asked for was not applied, or it is unknown whether it was. */
  | { readonly with: 'not-applied'; readonly isUnanswered: boolean }
  | { readonly with: 'holder'; readonly record: IdempotencyRecord | undefined }
  | { readonly with: 'freed'; readonly isFreed: boolean };

/** Why there is no completion. */
export type Denial = 'open' | 'returned' | 'applied' | 'taken' | 'lost' | 'unanswered' | 'late';

/** Why a claim is lost. */
export type Loss = 'taken' | 'lapsed' | 'not-renewed';

/** What the driver is to do, in this order. */
export type Command =
  | Request
  /** A store call was not answered within its limit; `isCutOff`: or not in time for a completion. */
  | { readonly do: 'give-up'; readonly request: Request; readonly isCutOff: boolean }
  /** A store gave an answer that none may give. */
  | {
      readonly do: 'reject';
      readonly step: Request['do'];
      readonly what: string;
      readonly isWrong: boolean;
    }
  | { readonly do: 'run' }
  | {
      readonly do: 'recover';
      readonly from: 'abandoned' | 'unknown';
      readonly attempt: number;
      readonly fencingToken: number;
    }
  /** The claim is lost: the method must stop. */
  | { readonly do: 'abort'; readonly loss: Loss }
  | { readonly do: 'grant'; readonly record: IdempotencyRecord; readonly token: string }
  | { readonly do: 'deny'; readonly why: Denial }
  | { readonly do: 'tell'; readonly attempt: number; readonly what: Tell }
  /** Another call has something to see: the event `time`, in its own asynchronous context. */
  | { readonly do: 'wake'; readonly call: number }
  | { readonly do: 'refuse'; readonly refusal: Refusal }
  | { readonly do: 'answer'; readonly answer: Answer };
