import { beganLate, hasFailed, whyAnother } from './causes.js';
import type { History, Run, Story } from './history.js';

/** Looks at one key, and says in one sentence each what must not be. */
export type Law = (story: Story, history: History) => Iterable<string>;

/** Codes of errors after which a sender sends again, or gives up. */
const expectedRefusals = [
  'ERR_IDEMPOTENCY_STORE',
  'ERR_IDEMPOTENCY_IN_PROGRESS',
  'ERR_IDEMPOTENCY_CLAIM_LOST',
  'declined',
];
const unknownOutcome = 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN';
const failedTransaction = 'transaction failed';

function* answersAreEqual(story: Story): Iterable<string> {
  const outcomes = new Set(story.answers.map(({ run }) => run).filter((run) => !story.isGivenUp(run)));
  if (outcomes.size > 1) yield `callers got different outcomes, of ${[...outcomes].join(' and ')}`;
}

function* answersHaveAnEffect(story: Story): Iterable<string> {
  for (const { run, call, place } of story.answers) {
    const effect = story.effects.find((one) => one.run === run);
    // What a table has is read when all is over.
    if (!effect || (!effect.inTable && effect.place > place))
      yield `call ${call} returned ${run}, which had no effect`;
  }
}

function* nothingRunsAfterAnAnswer(story: Story, history: History): Iterable<string> {
  const answer = story.answers.find(({ run }) => !story.isGivenUp(run));
  if (!answer) return;
  for (const run of story.runs) {
    if (run.place > answer.place && !beganLate(history, run))
      yield `${run.run} began after call ${answer.call} had returned ${answer.run}`;
  }
}

function* attemptsGrow(story: Story, history: History): Iterable<string> {
  for (const [run, next] of successions(story)) {
    if (next.token === run.token) yield `${run.run} and ${next.run} have the same fencing token`;
    if (next.attempt <= run.attempt)
      yield `the attempt does not grow from ${run.run} (${run.attempt}) to ${next.run} (${next.attempt})`;
    if (next.place < run.place && !beganLate(history, run))
      yield `${run.run} began after ${next.run}, whose fencing token is higher`;
  }
}

/** How far an instant may be off: a fencing token is a millisecond above the one before it, whatever the time. */
const slack = 5;

function* leasesAreKept(story: Story, { rules: { tolerance } }: History): Iterable<string> {
  for (const [run, next] of successions(story)) {
    const missing = run.leaseUntil + tolerance - next.token;
    if (missing > slack && !hasFailed(run, next))
      yield `${next.run} took over from ${run.run} ${missing} ms before its lease had lapsed`;
  }
}

function* everyRunHasACause(story: Story, history: History): Iterable<string> {
  for (const [run, next] of successions(story)) {
    if (!whyAnother(history, story, run, next)) yield `nothing accounts for ${next.run} after ${run.run}`;
  }
}

function* effectsBelongToRuns({ runs, effects }: Story): Iterable<string> {
  for (const { run } of runs) {
    const count = effects.filter((one) => one.run === run).length;
    if (count > 1) yield `${run} had ${count} effects`;
  }
  for (const { run } of effects) {
    if (!runs.some((one) => one.run === run)) yield `an effect is of ${run}, which never began`;
  }
}

function* effectsAreFew(story: Story): Iterable<string> {
  const { policy, effects } = story;
  const names = effects.map(({ run }) => run).join(' and ');
  if ((policy === 'refuse' || policy === 'transaction') && effects.length > 1)
    yield `there is more than one effect, by ${names}, although the policy is "${policy}"`;
  if (policy !== 'recover') return;
  for (const [run, next] of doubles(story)) {
    const recovery = story.recoveries.find(({ token }) => token === next.token);
    if (!recovery) yield `${next.run} had an effect after that of ${run.run}, and no recovery function ran`;
    else if (recovery.place > (run.effectPlace as number))
      yield `${next.run} ran although the recovery function could see the effect of ${run.run}`;
  }
}

function* everyKeyEnds(story: Story, history: History): Iterable<string> {
  const { policy, calls, answers, refusals } = story;
  const ended = new Set([...answers, ...refusals].map(({ call }) => call));
  for (const { call, worker } of calls) {
    if (!ended.has(call) && !history.wasKilled(worker)) yield `call ${call} never ended`;
  }
  const { calmPlace } = history;
  const isAnswered = answers.some(({ place }) => place > calmPlace);
  const isRefused = refusals.some(({ place, code }) => place > calmPlace && code === unknownOutcome);
  if (!isAnswered && !(policy === 'refuse' && isRefused)) yield 'it got no result after all faults had ended';
}

function* whatStandsIsTheAnswer(story: Story): Iterable<string> {
  const { policy, record, answers, runs, recoveries } = story;
  const last = answers.at(-1);
  // A caller may have the outcome of a run whose completion was given up; a call that is refused then needs a forget.
  const isOpen = answers.every(({ run }) => story.isGivenUp(run));
  if (isOpen && policy === 'refuse' && (record?.status === 'abandoned' || record?.status === 'unknown')) {
    // An expired record is a free key.
    if (record.expiresAt < Date.UTC(9999, 11, 31))
      yield `the record is ${record.status}, and expires at ${record.expiresAt} though it was not resolved`;
    return;
  }
  if (!last) {
    yield `the record is ${record?.status ?? 'missing'}, and no call got a result`;
    return;
  }
  if (record?.status !== 'completed') {
    yield `the record is ${record?.status ?? 'missing'}, and not the result ${last.run}`;
    return;
  }
  if (record.run !== last.run) yield `the record is ${record.run}, and the last result was ${last.run}`;
  const writers = [...runs.filter(({ run }) => run === record.run), ...recoveries];
  if (!writers.some(({ token, attempt }) => token === record.token && attempt === record.attempt))
    yield `the record has attempt ${record.attempt} and token ${record.token}, which belong to no run that may write it`;
}

function* transactionsAreWhole({ policy, record, effects }: Story): Iterable<string> {
  if (policy !== 'transaction') return;
  const [effect] = effects;
  const isCompleted = record?.status === 'completed';
  if (isCompleted !== (effect !== undefined) || (isCompleted && effect?.run !== record.run))
    yield `the effect is of ${effect?.run ?? 'no run'}, and the record is ${record?.status ?? 'missing'} ${record?.run ?? ''}`;
}

function* refusalsAreExpected({ policy, refusals }: Story): Iterable<string> {
  const codes = new Set(expectedRefusals);
  if (policy === 'refuse' || policy === 'transaction') codes.add(unknownOutcome);
  if (policy === 'transaction') codes.add(failedTransaction);
  for (const { call, code } of refusals) if (!codes.has(code)) yield `call ${call} got the error ${code}`;
}

export const laws: readonly Law[] = [
  answersAreEqual,
  answersHaveAnEffect,
  nothingRunsAfterAnAnswer,
  attemptsGrow,
  leasesAreKept,
  everyRunHasACause,
  effectsBelongToRuns,
  effectsAreFew,
  everyKeyEnds,
  whatStandsIsTheAnswer,
  transactionsAreWhole,
  refusalsAreExpected,
];

/** Each run with the one that followed it. */
export function successions({ runs }: Story): [Run, Run][] {
  return runs.slice(1).map((next, index) => [runs[index] as Run, next]);
}

/** Each run that had an effect with the next one that had another. */
export function doubles({ runs }: Story): [Run, Run][] {
  const effective = runs.filter(({ effectPlace }) => effectPlace !== undefined);
  return effective.slice(1).map((next, index) => [effective[index] as Run, next]);
}
