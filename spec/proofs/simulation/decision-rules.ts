import {
  type IdempotencyRecord,
  InProgressError,
  NotResolvedError,
  type RecordView,
  StoreError,
} from 'retrysafe';
import type { Ending } from './answer-rules.js';
import type { Checker } from './checker.js';
import type { Host } from './clock.js';
import type { Version } from './database.js';
import type { Decisive } from './history.js';
import { confidential } from './operation.js';
import { markIn } from './results.js';
import type { Fault } from './write-rules.js';

/** A record tells of so many states before its own. */
const MOST_PAST = 5;

/** What an operator decides about a key, as far as it has come. */
export interface Decision {
  readonly host: Host;
  readonly key: string;
  readonly as: 'forgotten' | 'value' | 'run-again' | 'refuse';
  readonly isForced: boolean;
  /** Who decides, and why, where the operator says so. */
  readonly by: string | undefined;
  readonly reason: string | undefined;
  /** The version that was seen, where it decides about no other one. */
  token: string | undefined;
  /** Whether another version stood when it began. */
  isStale: boolean;
  /** The mark in its value. */
  mark: string | undefined;
  /** How many requests it has sent, and how many of them had an answer in time. */
  asked: number;
  heard: number;
}

/** An outcome by an operator, and the version that has it. */
export interface Answer {
  readonly decision: Decision;
  readonly version: Version;
}

/** The rules about operators: what a decision may write, what it is told of that, and what calls get after it. */
export class DecisionRules {
  readonly #byToken = new Map<string, Decision>();
  readonly #answers = new Map<string, Answer>();

  constructor(readonly checker: Checker) {}

  begins(host: Host, { kind, key, isForced, by, reason, ...act }: Decisive): Decision {
    const as = 'as' in act ? act.as : 'forgotten';
    this.checker.counted(`decision: ${as}${isForced ? ' by force' : ''}`);
    return {
      host,
      key,
      as,
      isForced,
      by,
      reason,
      token: undefined,
      isStale: false,
      mark: undefined,
      asked: 0,
      heard: 0,
    };
  }

  /** It looked at the record, and decides about that version alone. */
  seen(decision: Decision, view: RecordView): void {
    const { checker } = this;
    const { past = [] } = view;
    if (JSON.stringify(view).includes(confidential))
      checker.violated('messages of methods stay with them', 'a view has the message of an error');
    if (past.length > MOST_PAST) checker.violated('a record tells a short past', `of ${past.length} states`);
    decision.token = view.token;
  }

  /** It is sent to the store, after it was considered for a while. */
  decides(decision: Decision): void {
    const { token } = decision;
    if (token === undefined) return;
    decision.isStale = this.#standing(decision.key)?.token !== token;
    this.checker.counted(`decision: about ${decision.isStale ? 'an outdated' : 'the standing'} version`);
  }

  sends({ token }: IdempotencyRecord, decision: Decision): void {
    this.#byToken.set(token, decision);
  }

  /** Whose decision a record is, if it is one. */
  of({ token }: IdempotencyRecord): Decision | undefined {
    return this.#byToken.get(token);
  }

  /** What every equal call has to get now, where an operator decided it. */
  answerTo(id: string): Answer | undefined {
    const answer = this.#answers.get(id);
    const { record } = answer?.version ?? {};
    if (!record || record.expiresAt <= this.checker.latestNow) return undefined;
    return this.#standing(id)?.token === record.token ? answer : undefined;
  }

  /** What is wrong with a version that an operator has written. */
  *faults(
    before: IdempotencyRecord | undefined,
    { state }: IdempotencyRecord,
    decision: Decision,
    isHeld: boolean,
  ): Generator<Fault> {
    const { as, isForced, token, reason } = decision;
    if (!before) {
      yield ['a decision is about a record', `"${as}" made one`];
      return;
    }
    const old = before.state;
    const change = `by "${as}" ${old.status} became ${state.status}`;
    if (token !== undefined && before.token !== token)
      yield ['a decision is about the version that was seen', `${change}, which was another one`];
    if (old.status === 'completed' && as !== 'forgotten') yield ['no decision overwrites an outcome', change];
    if (isHeld && !isForced) yield ['one unlapsed claim', `${change}, whose claim holds, without force`];
    if (state.status !== (isAnswer(decision) ? 'completed' : 'released') || !isAsDecided(state, decision))
      yield ['a record has what was decided', change];
    if (old.status === 'released' && !isAnswer(decision))
      yield ['a record has what was decided', 'a key was freed that was free'];
    const [attempt, fingerprint] = as === 'forgotten' ? [0, undefined] : [old.attempt, old.fingerprint];
    if (state.attempt !== attempt || state.fingerprint !== fingerprint)
      yield ['a decision keeps what was asked for', `${change}, attempt ${old.attempt} ${state.attempt}`];
    if (state.fencingToken !== old.fencingToken)
      yield ['fencing tokens grow', `${change}, and ${old.fencingToken} ${state.fencingToken}`];
    const why = state.about?.why;
    if (why?.kind !== 'resolved' || why.as !== as || why.reason !== reason)
      yield ['a record says what was decided', change];
  }

  /** An operator's record has come to stand. */
  wrote(id: string, version: Version, decision: Decision): void {
    this.checker.counted(`decided: ${decision.as}`);
    if (isAnswer(decision)) this.#answers.set(id, { decision, version });
  }

  /** The operator was told what came of it. */
  ended(decision: Decision, ending: Ending): void {
    const { checker } = this;
    const { as, key, isForced, isStale, token } = decision;
    const what = 'value' in ending ? String(ending.value) : String((ending.error as Error).name);
    const kind = as === 'forgotten' ? 'forget' : `resolve (${as})`;
    checker.counted(`${kind}: ${what}`);
    const isWritten = checker.versionsOfId(key).some(({ record }) => record && this.of(record) === decision);
    // An answer may have been lost, and with a failover what was written.
    const isSure = decision.heard === decision.asked && !checker.isLossy(key);
    if (isSure && (what === 'true') !== isWritten)
      checker.violated(
        'an operator is told what was written',
        `${what}, and it was ${isWritten ? '' : 'not '}written`,
      );
    if (isStale && what !== 'NotResolvedError' && what !== 'false' && what !== 'StoreError')
      checker.violated(
        'a decision is about the version that was seen',
        `it ended with ${what}, and another version stood`,
      );
    if ('value' in ending) return;
    const { error } = ending;
    const isFit =
      error instanceof StoreError ||
      (error instanceof InProgressError && !isForced) ||
      (error instanceof NotResolvedError && (token !== undefined || as !== 'forgotten'));
    if (!isFit) checker.violated('errors are the expected ones', `a decision ended with ${error}`);
    checker.told(error);
  }

  #standing(id: string): IdempotencyRecord | undefined {
    return this.checker.versionsOfId(id).at(-1)?.record;
  }
}

/** Whether equal calls get an outcome by it, or hear that there is none. */
export function isAnswer({ as }: Decision): boolean {
  return as === 'value' || as === 'refuse';
}

function isAsDecided(state: IdempotencyRecord['state'], { as, mark }: Decision): boolean {
  if (state.status !== 'completed') return true;
  const { outcome } = state;
  return as === 'refuse' ? outcome.kind === 'none' : markIn(JSON.stringify(outcome)) === mark;
}
