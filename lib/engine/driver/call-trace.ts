import { IdempotencyError } from '../../errors.js';
import { steadyNow } from '../../process/steady-clock.js';
import type { RecordState } from '../../record/record.js';
import { soundAbout } from '../../record/sound-about.js';
import type { CallOutcome, CallTrace, RunLink } from '../../traces.js';
import type { CallState } from '../machine/state.js';

/** Takes notes of a call that is traced, for the message of its channel. */
export class TraceNotes {
  #ranSince: number | undefined;
  #links: RunLink[] = [];

  constructor(readonly trace: CallTrace) {}

  /** The method begins. */
  run(): void {
    this.#ranSince = steadyNow();
  }

  /** The method has ended. */
  ran(): void {
    if (this.#ranSince !== undefined) this.trace.ran = (steadyNow() - this.#ranSince) / 1_000;
  }

  /** The call depends on a run: on the record in this state, if that says of which span. */
  dependsOn(how: RunLink['how'], state: RecordState | undefined): void {
    const traceparent = soundAbout(state)?.traceparent;
    if (state && traceparent !== undefined) this.link(how, traceparent, state.attempt);
  }

  /** Each span has one link, by what came of it last. */
  link(how: RunLink['how'], traceparent: string, attempt: number): void {
    if (traceparent === this.trace.traceparent) return;
    const others = this.#links.filter((link) => link.traceparent !== traceparent);
    this.#links = [...others, { how, attempt, traceparent }];
  }

  is(outcome: CallOutcome): void {
    this.trace.outcome = outcome;
  }

  /** The call has ended for its caller. */
  end({ waitedMs }: CallState, attempt: number, error: unknown): void {
    const { trace } = this;
    trace.outcome ??= 'failed';
    trace.attempt = attempt;
    trace.waited = waitedMs / 1_000;
    trace.links = this.#links;
    if (error instanceof IdempotencyError) trace.code = error.code;
  }
}
