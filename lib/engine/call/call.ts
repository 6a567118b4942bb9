import { InProgressError, type StoreStep } from '../../errors.js';
import {
  type IdempotencyEvent,
  type IdempotencyEventName,
  type IdempotencyEvents,
  publish,
} from '../../events.js';
import type { Identity } from '../../key/identity.js';
import { kindOfData } from '../../options/wrong-option.js';
import { LeaseTerm, steadyNow } from '../../process/steady-clock.js';
import { backoff, pause } from '../../process/timers.js';
import { warnOnce } from '../../process/warnings.js';
import { instantAfter } from '../../record/instants.js';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { type RecordState, unresolvedExpiry, unsettledExpiry } from '../../record/record.js';
import { LAMBDA_MARGIN_MS } from '../../request/events/lambda.js';
import { askOption, type OptionFault } from '../../settings/asked-option.js';
import { computedTtl, DEFAULT_TTL_MS, EXPECTED_TTL } from '../../settings/duration-checks.js';
import type { Settings } from '../../settings/settings.js';
import { ask, type CallLimits, type StoreResult } from './store-calls.js';

const LONGEST_STORE_CALL_MS = 5_000;

/** What an event tells besides what every event tells. */
type Details<N extends IdempotencyEventName> = Omit<IdempotencyEvents[N], keyof IdempotencyEvent>;

/** One call of one operation: what it asks for, and how much time it has. */
export class Call {
  readonly startedAt = Date.now();
  readonly #beganAt = steadyNow();
  readonly key: string;
  readonly fingerprint: string | undefined;
  /** Which attempt at the key this call is about, as far as it knows. */
  attempt = 1;
  /** Whether anybody was ever seen to hold the key: then the call never runs without a claim. */
  hasSeenHolder = false;
  /** Whether this process forgot the key since the call began: what it is told may be what was forgotten. */
  isForgotten = false;
  /** The outcome of another call that this one answers with. */
  replayed: { readonly record: IdempotencyRecord; readonly source: 'store' | 'joined' | 'kept' } | undefined;
  /** The record of its own outcome, once it stands. */
  recorded: IdempotencyRecord | undefined;
  #waited = 0;
  #turns = 0;
  /** The fencing token of the latest run that it was told of. */
  #latest = Number.NEGATIVE_INFINITY;

  constructor(
    readonly operation: string,
    readonly settings: Settings,
    readonly store: PersistenceStore,
    identity: Identity,
    readonly self: unknown,
    readonly args: readonly unknown[],
    /** When the Lambda invocation ends that this call belongs to, by the steady clock; else never. */
    readonly endsAt: number,
  ) {
    this.key = identity.key;
    this.fingerprint = identity.fingerprint;
  }

  /** The term of a lease that is taken or renewed now. */
  newTerm(): LeaseTerm {
    const now = steadyNow();
    const endsAt = Math.min(now + this.settings.lease, this.endsAt);
    return new LeaseTerm(instantAfter(Date.now(), Math.floor(endsAt - now)), endsAt);
  }

  /** When a record expires by which this call frees its key. */
  unsettledExpiry(from: number): number {
    return unsettledExpiry(from, this.#fixedTtl);
  }

  /** When a record expires by which this call runs, or says that nobody knows how it ended. */
  unresolvedExpiry(from: number): number {
    const { unresolvedTtl, onAbandoned, clockTolerance } = this.settings;
    const isGuarded = onAbandoned !== 'run';
    return unresolvedExpiry(from, { unresolvedTtl, isGuarded, clockTolerance, ttl: this.#fixedTtl });
  }

  get #fixedTtl(): number | undefined {
    const { ttl } = this.settings;
    return typeof ttl === 'number' ? ttl : undefined;
  }

  /** Milliseconds that this call may still wait for somebody else's outcome. Running does not count. */
  get waitLeft(): number {
    return Math.min(this.settings.wait - this.#waited, this.endsAt - LAMBDA_MARGIN_MS - steadyNow());
  }

  /** Charges the time that `wait` takes to the call's one budget. */
  async waiting<T>(wait: () => Promise<T>): Promise<T> {
    const from = steadyNow();
    try {
      return await wait();
    } finally {
      this.#waited += steadyNow() - from;
    }
  }

  /** Takes note of the run that holds the key, or did where that was merely found and may be stale. */
  sees({ attempt, fencingToken }: RecordState, isFound = false): void {
    if (isFound && fencingToken <= this.#latest) return;
    this.attempt = attempt;
    this.#latest = fencingToken;
  }

  /** Whether a record is of an earlier run than one that the call was told of. */
  isOutdated({ state }: IdempotencyRecord): boolean {
    return state.fencingToken < this.#latest;
  }

  /**
   * To be awaited where the key has changed hands, before it is asked for once more: time and again not without a pause, and
   * no longer than the call may wait.
   *
   * @throws {InProgressError} where it may wait no longer.
   */
  async nextTurn(): Promise<void> {
    this.#turns += 1;
    // Whoever loses a race once is better off at once.
    if (this.#turns === 1) return;
    const left = this.waitLeft;
    if (left > 0) return this.waiting(() => pause(Math.min(backoff(this.#turns), left)));
    throw new InProgressError(
      `${this.operation}: other calls took the key again and again while this one asked for it (key ${this.key}); try again in a second, or let duplicates \`wait\` longer`,
      { operation: this.operation, key: this.key, retryAfter: 1 },
    );
  }

  get isEnding(): boolean {
    return this.endsAt - steadyNow() < LAMBDA_MARGIN_MS;
  }

  /** @throws {InProgressError} where the invocation ends too soon to begin anything. */
  refuseIfEnding(): void {
    if (!this.isEnding) return;
    throw new InProgressError(
      `${this.operation}: less than ${LAMBDA_MARGIN_MS} ms are left of this Lambda invocation, so nothing was begun (key ${this.key}); let the sender try again, or give the function a longer timeout`,
      { operation: this.operation, key: this.key, retryAfter: 1 },
    );
  }

  /** Asks the store, for so long as a call of it may take. Publishes a fault; never throws. */
  ask<T>(
    step: StoreStep,
    send: () => Promise<T>,
    limits: Partial<CallLimits> = {},
    check: (answer: T) => void = () => {},
  ): Promise<StoreResult<T>> {
    const { limitMs = Number.POSITIVE_INFINITY, isAwaited = true, cutOff } = limits;
    const longestMs = Math.min(LONGEST_STORE_CALL_MS, this.settings.lease / 3, this.endsAt - steadyNow());
    const onFault = ({ fault, isLate }: { readonly fault: unknown; readonly isLate?: true }) => {
      // Whoever had less time than a store may take learned nothing about the store.
      if (!(isLate && limitMs < longestMs))
        this.publish('store-failed', () => ({ step, error: fault, failedOpen: false }));
    };
    return ask(send, { limitMs: Math.min(longestMs, limitMs), isAwaited, cutOff }, { check, onFault });
  }

  /** Milliseconds for which an outcome is kept. A failing ttl function costs a warning, never the outcome. */
  ttlOf(result: unknown): number {
    const { ttl } = this.settings;
    if (typeof ttl === 'number') return ttl;
    const asked = askOption(() => ttl(result, ...this.args));
    const computed = 'value' in asked ? computedTtl(asked.value) : undefined;
    if (computed !== undefined) return computed;
    this.tellOption(
      'ttl',
      'value' in asked ? { fault: `it returned ${kindOfData(asked.value)}` } : asked,
      'gave no time to keep an outcome for, so it is kept for a day',
      EXPECTED_TTL,
    );
    return DEFAULT_TTL_MS;
  }

  /** Tells that the function of an option gave nothing to go by: once as a warning, and each time as an event. */
  tellOption(option: 'ttl' | 'onError', { fault, error }: OptionFault, what: string, expected: string): void {
    this.publish('option-failed', () => ({ option, reason: fault, error }));
    warnOnce(
      `${option}:${this.operation}`,
      option === 'ttl' ? 'RETRYSAFE_TTL' : 'RETRYSAFE_ON_ERROR',
      `${this.operation}: option "${option}" ${what}, since ${fault}; expected ${expected}`,
    );
  }

  publish<N extends IdempotencyEventName>(name: N, more: () => Details<N>): void {
    publish(name, () => ({ ...this.#facts(), ...more() }) as IdempotencyEvents[N]);
  }

  #facts(): IdempotencyEvent {
    const duration = (steadyNow() - this.#beganAt) / 1_000;
    return { operation: this.operation, key: this.key, attempt: this.attempt, duration };
  }
}
