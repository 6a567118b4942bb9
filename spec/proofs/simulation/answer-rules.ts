import { isDeepStrictEqual } from 'node:util';
import {
  AttemptsExhaustedError,
  ClaimLostError,
  ConfigurationError,
  FingerprintError,
  IdempotencyError,
  InProgressError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  StoreError,
} from 'retrysafe';
import type { CallState, Checker } from './checker.js';
import { Declined } from './operation.js';
import { markIn, type Result } from './results.js';

/** A call may join a run that has ended and is about to be recorded: so much later than by the ttl it gets the outcome. */
const RECORDING = 10_000;
/** What a call may take besides its own work, its `wait`, and time in which its process is frozen, in milliseconds. */
const OVERHEAD = 60_000;

export type Ending = { readonly value: unknown } | { readonly error: unknown };

/** The rules about answers: whose outcome a call may end with, and when. */
export class AnswerRules {
  /** Every object that a call returned: none is returned twice. */
  readonly #given = new WeakSet<object>();
  /** The longest that a call took besides what it may take. */
  longestOverhead = 0;

  constructor(readonly checker: Checker) {}

  answered(call: CallState, ending: Ending): void {
    this.#checkTime(call);
    this.#checkAnswer(call, ending);
    this.#checkTaken(call, ending);
    if ('value' in ending && call.own.has(ending.value)) {
      this.checker.counted('ending: own value that is no outcome');
    } else if ('value' in ending) {
      this.#outcome(call, ending, markIn(String((ending.value as { mark?: string } | undefined)?.mark)));
      this.#checkCopy(call, ending.value);
    } else if (call.own.has(ending.error)) this.checker.counted('ending: own error');
    else if (ending.error instanceof IdempotencyError) this.#refused(call, ending.error);
    else this.#outcome(call, ending, markIn(String((ending.error as Error | undefined)?.message)));
  }

  /** A value or a remembered error has to be an outcome of this very key, equal in all that it consists of. */
  #outcome(call: CallState, ending: Ending, mark: string | undefined): void {
    const { checker } = this;
    const { index } = call.plan;
    const result = mark === undefined ? undefined : checker.results.get(mark);
    if (!result) {
      checker.violated(
        'answers are outcomes',
        `call ${index} ended with ${describe(ending)}, which no run produced`,
      );
      return;
    }
    const whose = result.call === call ? 'own' : result.call ? "another call's" : "an operator's";
    checker.counted(`ending: ${whose} ${'value' in ending ? 'value' : 'remembered error'}`);
    if (result.key !== call.plan.key)
      checker.violated('answers are outcomes', `call ${index} got the outcome of another key`);
    if (this.#isForAnotherRequest(call, result))
      checker.violated('fingerprints are kept', `call ${index} got the outcome of another request`);
    if (!isEqual(ending, result))
      checker.violated(
        'replays are equal',
        `call ${index} got ${describe(ending)} in place of ${describe(result.content)}`,
      );
    this.#checkForgotten(call, result);
    if (!this.#stood(call, result))
      checker.violated(
        'answers are outcomes',
        `call ${index} got ${mark}, which did not stand when it called`,
      );
  }

  #isForAnotherRequest(call: CallState, { call: other, mark }: Result): boolean {
    const { options, payloads, recorded } = this.checker;
    if (!options.fingerprint || call.isAudit || other?.isAudit) return false;
    if (other) return other.plan.payload !== call.plan.payload;
    // An operator's answer is for the request whose record it replaced, if that said which one it was.
    const fingerprint = recorded.get(mark)?.at(-1)?.record?.state.fingerprint;
    return fingerprint !== undefined && payloads.get(fingerprint) !== call.plan.payload;
  }

  /** A call that begins when an operator has decided gets what was decided, or is refused for a reason of its own. */
  #checkAnswer(call: CallState, ending: Ending): void {
    const { checker } = this;
    const { key, index } = call.plan;
    const answer = checker.decisions.answerTo(key);
    if (!answer || answer.version.at >= call.startedAt || checker.isLossy(key)) return;
    // What a process keeps, or reads first, or what a call of it had that began before, may be from before the decision.
    const { readFirst, keepLocal } = checker.options;
    if (call.ranOpen || call.hasJoined || (!call.isAudit && (readFirst || keepLocal > 0))) return;
    const { as, by, reason, mark } = answer.decision;
    if (isRefusalOfItsOwn(ending)) return;
    checker.counted(`after a decision: ${as}`);
    const isDecided =
      as === 'value'
        ? 'value' in ending && markIn(String((ending.value as { mark?: string } | undefined)?.mark)) === mark
        : 'error' in ending &&
          ending.error instanceof OutcomeUnavailableError &&
          [by ?? answer.decision.host.name, reason ?? '', 'an operator decided'].every((word) =>
            (ending.error as Error).message.includes(word),
          );
    if (!isDecided)
      checker.violated(
        'calls get what was decided',
        `call ${index} ended with ${describe(ending)}, and the key was resolved by "${as}"`,
      );
  }

  /** A call whose key was taken from it does not end as if it had kept it, where it can know. */
  #checkTaken(call: CallState, ending: Ending): void {
    const { checker } = this;
    if (!call.takenBy || call.isUnrecorded || call.heard < call.asked) return;
    // What the operator wrote may be lost, so that the call's own record is followed.
    if (checker.isLossy(call.plan.key)) return;
    const [error, value] = 'error' in ending ? [ending.error, undefined] : [undefined, ending.value];
    const mark = markIn(String((value as { mark?: string } | undefined)?.mark ?? (error as Error)?.message));
    const isOwn = call.own.has(error ?? value) || (mark && checker.results.get(mark)?.call === call);
    const isRecorded = mark !== undefined && checker.recorded.has(mark);
    checker.counted(`after its key was taken: ${isOwn ? 'own' : error ? (error as Error).name : 'a value'}`);
    if (isOwn && !isRecorded && !(error instanceof ClaimLostError))
      checker.violated(
        'a call knows that an operator took its key',
        `call ${call.plan.index} ended with ${describe(ending)}, and its key was resolved by "${call.takenBy.as}"`,
      );
  }

  #checkForgotten(call: CallState, { key, mark }: Result): void {
    const { checker } = this;
    if (!checker.isForgotten(call, mark)) return;
    // A first read may be stale, unless this process stores what it shows.
    const { readFirst, keepLocal } = checker.options;
    const isLossy = [...checker.lossy].some((lossy) => checker.ids.get(lossy) === key);
    if (isLossy || (readFirst && keepLocal === 0)) return;
    checker.violated(
      'what was forgotten stays so',
      `call ${call.plan.index} got ${mark}, which its process had forgotten`,
    );
  }

  #stood(call: CallState, result: Result): boolean {
    if (result.call?.isUnrecorded || result.call?.ranOpen) return true;
    // A result that no record can hold still reaches its own caller.
    if (result.call === call && call.plan.method.result === 'unstorable') return true;
    const versions = this.checker.recorded.get(result.mark) ?? [];
    return versions.some(({ record }) => (record?.expiresAt ?? 0) + RECORDING > call.startedAt);
  }

  #refused(call: CallState, error: IdempotencyError): void {
    const { checker } = this;
    const { index } = call.plan;
    checker.counted(`ending: ${error.name}${error instanceof StoreError ? ` (${error.step})` : ''}`);
    checker.told(error);
    if (call.isAudit && !(error instanceof OutcomeUnavailableError)) {
      checker.violated(
        'no key stays in progress',
        `after everything a call of ${call.plan.key} ended with ${error}`,
      );
    }
    const { onAbandoned, fingerprint, maxAttempts } = checker.options;
    const hasRun = call.runs + call.recoveries > 0;
    const isFit =
      error instanceof OutcomeUnavailableError ||
      (error instanceof OutcomeUnknownError && (onAbandoned !== 'run' || hasRun)) ||
      (error instanceof AttemptsExhaustedError && call.runs === 0 && maxAttempts !== undefined) ||
      (error instanceof InProgressError && call.runs === 0) ||
      (error instanceof FingerprintError && call.runs === 0 && fingerprint) ||
      (error instanceof ClaimLostError && hasRun) ||
      (error instanceof StoreError && call.runs === 0 && error.step !== undefined) ||
      (error instanceof ConfigurationError &&
        call.recoveries > 0 &&
        call.plan.recovery.answers === 'nonsense');
    if (!isFit) checker.violated('errors are the expected ones', `call ${index} ended with ${error}`);
  }

  #checkTime(call: CallState): void {
    const { checker } = this;
    const took = checker.clock.now - call.startedAt;
    const overhead =
      took - call.busy - (call.isAudit ? 0 : checker.options.wait * 1_000) - call.host.frozenFor;
    this.longestOverhead = Math.max(this.longestOverhead, overhead);
    if (!call.isAudit && overhead > OVERHEAD)
      checker.violated('every call ends in time', `call ${call.plan.index} took ${took} ms`);
  }

  #checkCopy(call: CallState, value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    if (this.#given.has(value))
      this.checker.violated('every call has a copy of its own', `call ${call.plan.index} shares its answer`);
    this.#given.add(value);
  }
}

/** Whether a call was refused because of its own request, the store, or the time that it had. */
function isRefusalOfItsOwn(ending: Ending): boolean {
  if (!('error' in ending)) return false;
  const { error } = ending;
  return error instanceof StoreError || error instanceof FingerprintError || error instanceof InProgressError;
}

function isEqual(ending: Ending, { content }: Result): boolean {
  if ('value' in content) return 'value' in ending && isDeepStrictEqual(ending.value, content.value);
  if (!('error' in ending)) return false;
  const { error } = ending as { readonly error: Error };
  // One of a class that the options list comes back as its instance, another one as an error with its name.
  const isInstance = !(content.error instanceof Declined) || error instanceof Declined;
  return isInstance && error.name === content.error.name && error.message === content.error.message;
}

function describe(ending: Ending): string {
  return 'value' in ending
    ? `the value ${String((ending.value as { mark?: string })?.mark)}`
    : `the error ${ending.error}`;
}
