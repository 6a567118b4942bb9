import {
  type IdempotencyEvent,
  type IdempotencyEventName,
  type IdempotencyEvents,
  isHeard,
  publish,
} from '../../events.js';
import { kindOfData } from '../../options/wrong-option.js';
import { steadyNow } from '../../process/steady-clock.js';
import { warnOnce } from '../../process/warnings.js';
import { askOption, type OptionFault } from '../../settings/asked-option.js';
import { computedTtl, DEFAULT_TTL_MS, EXPECTED_TTL } from '../../settings/duration-checks.js';
import type { PreparedCall } from './prepared-call.js';

/** What an event tells besides what every event tells. */
type Details<N extends IdempotencyEventName> = Omit<IdempotencyEvents[N], keyof IdempotencyEvent>;

/** Tells of one call: by events, and by warnings once in a process. */
export class Telling {
  /** Which attempt at the key the next event is about. */
  attempt = 1;
  /** Whether the method decided that its outcome is not stored. */
  isIntended = false;

  constructor(
    readonly call: PreparedCall,
    /** When the call began, by the steady clock. */
    readonly beganAt: number,
  ) {}

  publish<N extends IdempotencyEventName>(name: N, more?: Details<N>): void {
    if (isHeard(name)) publish(name, { ...this.#facts(), ...more } as IdempotencyEvents[N]);
  }

  /** The function of an option gave nothing to go by. */
  optionFailed(
    option: 'ttl' | 'onError' | 'describeError',
    { fault, error }: OptionFault,
    what: string,
    expected: string,
  ): void {
    this.publish('option-failed', { option, reason: fault, error });
    this.#warn(
      option,
      warningCodes[option],
      `option "${option}" ${what}, since ${fault}; expected ${expected}`,
    );
  }

  outcomeNotStored(reason: string): void {
    this.publish('outcome-not-stored', { reason });
    if (this.isIntended) return;
    this.#warn(
      'unkept',
      'RETRYSAFE_OUTCOME_NOT_STORED',
      `the key is completed without its outcome, so that duplicates get an OutcomeUnavailableError: ${reason}`,
    );
  }

  /** The store did not take the outcome while the caller waited. */
  storeUnreachable(isOpen: boolean, stopsWithAnswer: boolean): void {
    this.publish('outcome-not-stored', { reason: 'the store cannot be reached' });
    const unless = stopsWithAnswer ? '' : 'unless it does before the lease ends, ';
    const next = isOpen
      ? 'it ran without a claim, so the next equal call knows nothing of it and runs again'
      : `${unless}\`onAbandoned\` decides about the next equal call`;
    this.#warn(
      'not-stored',
      'RETRYSAFE_OUTCOME_NOT_STORED',
      `the method ran, but the store did not take its outcome (key ${this.call.key}); ${next}`,
    );
  }

  noNotices(): void {
    this.#warn(
      'notices',
      'RETRYSAFE_NOTICES',
      'the store gives no notices, so a call that waits for another asks it again and again; check the connection that the store listens on',
    );
  }

  #warn(subject: string, code: `RETRYSAFE_${string}`, message: string): void {
    const { operation } = this.call;
    warnOnce(`${subject}:${operation}`, code, `${operation}: ${message}`);
  }

  #facts(): IdempotencyEvent {
    const { operation, key } = this.call;
    const duration = (steadyNow() - this.beganAt) / 1_000;
    return { operation, key, attempt: this.attempt, duration };
  }
}

const warningCodes = {
  ttl: 'RETRYSAFE_TTL',
  onError: 'RETRYSAFE_ON_ERROR',
  describeError: 'RETRYSAFE_DESCRIBE_ERROR',
} as const;

/** Returns for how many milliseconds an outcome is kept. A ttl function that fails costs a warning, never the outcome. */
export function ttlOf({ settings: { ttl }, args }: PreparedCall, result: unknown, telling: Telling): number {
  if (typeof ttl === 'number') return ttl;
  const asked = askOption(() => ttl(result, ...args));
  const computed = 'value' in asked ? computedTtl(asked.value) : undefined;
  if (computed !== undefined) return computed;
  telling.optionFailed(
    'ttl',
    'value' in asked ? { fault: `it returned ${kindOfData(asked.value)}` } : asked,
    'gave no time to keep an outcome for, so it is kept for a day',
    EXPECTED_TTL,
  );
  return DEFAULT_TTL_MS;
}
