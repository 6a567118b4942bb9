import { IdempotencyError, type IdempotencyRecord } from 'retrysafe';
import { type End, ProtocolTrace } from '../specification/protocol-trace.js';
import type { Ending } from './answer-rules.js';
import type { CallState, Checker } from './checker.js';
import type { Host } from './clock.js';
import type { Step } from './database.js';
import type { Decision } from './decision-rules.js';
import type { History } from './history.js';
import { markIn } from './results.js';
import type { StoreModel } from './store-model.js';

/** What happens to each key of a history, as a trace that the specification is asked about. */
export class ProtocolTraces {
  readonly #byId = new Map<string, ProtocolTrace>();
  readonly #calls: CallState[] = [];
  readonly #start: number;
  #isOver = false;

  constructor(
    readonly history: History,
    readonly model: StoreModel,
    readonly checker: Checker,
  ) {
    this.#start = checker.clock.now;
  }

  /** Those of which the specification says something. */
  get all(): readonly ProtocolTrace[] {
    for (const call of this.#calls)
      if (call.ranOpen) this.#of(call).leftOut ??= 'a method ran without a claim';
    return [...this.#byId.values()];
  }

  begins(call: CallState): void {
    // What comes after everything has other options.
    this.#isOver ||= call.isAudit;
    if (this.#isOver) return;
    this.#calls.push(call);
    this.#of(call).begins(this.#now, call.plan.index);
  }

  /** The method begins, or the recovery function. */
  starts(call: CallState, isRecovery: boolean): void {
    if (this.#isOver) return;
    const now = this.checker.clock.nowAt(call.host);
    if (isRecovery) this.#of(call).asks(this.#now, call.plan.index, now);
    else this.#of(call).runs(this.#now, call.plan.index, now);
  }

  stops(call: CallState, end: End): void {
    if (this.#isOver) return;
    this.#of(call).ends(this.#now, call.plan.index, end);
  }

  ends(call: CallState, ending: Ending): void {
    if (this.#isOver) return;
    const { index } = call.plan;
    const isRefused = 'error' in ending && ending.error instanceof IdempotencyError;
    if (isRefused && call.runs + call.recoveries === 0) this.#of(call).givesUp(this.#now, index);
    // Nothing is promised about what a process keeps when others forget it, or about a first read that is stale.
    const { keepLocal, readFirst } = this.history.options;
    if (isRefused || keepLocal > 0 || (readFirst && this.model.hasStaleReads)) return;
    const text =
      'value' in ending ? (ending.value as { mark?: string } | undefined)?.mark : String(ending.error);
    const result = this.checker.results.get(markIn(String(text)) ?? '');
    if (!result || call.own.has('error' in ending ? ending.error : ending.value)) return;
    // A call that joined another one gets what that one may have, which began before it.
    const isRecorded = this.checker.recorded.has(result.mark) && !call.hasJoined;
    this.#of(call).answers(this.#now, index, result.call?.plan.index, isRecorded);
  }

  /** A write leaves a process. `call` is the one that sends it, as far as that is known, or `decision` the one that it carries out. */
  sends(
    record: IdempotencyRecord,
    {
      token,
      host,
      call,
      decision,
      isHandedOut = false,
    }: {
      readonly token?: string;
      readonly host: Host;
      readonly call: CallState | undefined;
      readonly decision?: Decision | undefined;
      readonly isHandedOut?: boolean;
    },
  ): void {
    if (this.#isOver) return;
    const { checker } = this;
    this.#ofKey(record.key).sends(this.#now, {
      record,
      token,
      now: checker.clock.nowAt(host),
      call: call?.plan.index,
      isHandedOut,
      ...(decision && { operator: { isForced: decision.isForced } }),
    });
  }

  wrote(key: string, step: Step, record: IdempotencyRecord | undefined): void {
    if (this.#isOver) return;
    const trace = this.#ofKey(key);
    if (step === 'failover') trace.leftOut ??= 'the database lost what it had confirmed';
    // A record that was deleted had expired, and was absent already.
    else if (record) trace.arrives(this.#now, record);
  }

  /** By the clock that is furthest behind. */
  get #now(): number {
    return this.checker.clock.now - Math.floor(this.history.options.clockTolerance / 2);
  }

  #of({ plan: { key } }: CallState): ProtocolTrace {
    const known = this.#byId.get(key);
    if (known) return known;
    const { seed, options } = this.history;
    const trace = new ProtocolTrace(
      `${this.model.name}/${seed}/${key}`,
      {
        policy: options.onAbandoned === 'asks' ? 'ask' : options.onAbandoned,
        lease: options.lease * 1_000,
        tolerance: options.clockTolerance,
        ...(options.maxAttempts !== undefined && { attempts: options.maxAttempts }),
      },
      this.#start,
    );
    this.#byId.set(key, trace);
    return trace;
  }

  #ofKey(key: string): ProtocolTrace {
    return this.#of({ plan: { key: this.checker.ids.get(key) ?? key } } as CallState);
  }
}
