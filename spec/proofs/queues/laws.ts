import type { History, Run, Story } from './history.js';

/** Looks at one message, and says in one sentence each what must not be. */
export type Law = (story: Story, history: History) => Iterable<string>;

/** How far an instant may be off: a fencing token is a millisecond above the one before it, whatever the time. */
const slack = 5;

function* messagesAreKnown({ sent }: Story): Iterable<string> {
  if (sent.length === 0) yield 'it was never sent';
}

function* nothingHappensTwice({ effects }: Story): Iterable<string> {
  if (effects.length > 1) yield `twice: it has ${effects.length} effects, ${namesOf(effects)}`;
}

function* nothingIsLost(story: Story, history: History): Iterable<string> {
  if (story.what === 'poison' || isOpen(story, history)) return;
  if (isGivenUp(story, history)) return;
  if (story.parked.length > 0) yield `parked: it is no poison, and was set aside: ${story.parked[0]?.reason}`;
  else if (story.effects.length === 0) yield 'lost: it has no effect, and is neither open nor set aside';
  else if (story.answers.length === 0) yield 'lost: no consumer got its outcome, and it is not open';
}

function* answersAreTheEffect({ answers, effects }: Story): Iterable<string> {
  for (const { delivery, payment } of answers) {
    if (!effects.some((effect) => effect.payment === payment))
      yield `delivery ${delivery} got ${payment}, and the effects are ${namesOf(effects)}`;
  }
}

function* poisonIsSetAside(
  { what, runs, effects, answers, parked }: Story,
  history: History,
): Iterable<string> {
  if (what !== 'poison') return;
  const { maxAttempts } = history.rules;
  if (parked.length === 0) yield 'it is poison, and was not set aside';
  if (runs.length > maxAttempts) yield `it is poison, and had ${runs.length} runs of at most ${maxAttempts}`;
  if (effects.length + answers.length > 0) yield 'it is poison, and ended well';
}

/** Each attempt has one run in the ledger, but for those that could not say so. */
function* attemptsAreCounted(story: Story, history: History): Iterable<string> {
  const { runs, record } = story;
  const attempts = new Set(runs.map(({ attempt }) => attempt));
  if (attempts.size < runs.length) yield `two of its runs have the same attempt: ${[...attempts]}`;
  if (!record) {
    if (runs.length > 0) yield `it had ${runs.length} runs, and there is no record`;
    return;
  }
  const last = runs.at(-1)?.attempt ?? 0;
  if (record.attempt < last) yield `its record is of attempt ${record.attempt}, and attempt ${last} has run`;
  const missing = missingRuns(story);
  const silent = story.received.filter((one) => couldNotSay(story, history, one)).length;
  if (missing > silent)
    yield `its record counts ${record.attempt} attempts, the ledger ${attempts.size} runs, and ${silent} deliveries could not say whether they ran`;
}

function* recordsAreSettled(story: Story, history: History): Iterable<string> {
  const { what, record, runs, effects } = story;
  if (!record) return;
  if (record.status === 'in-progress') yield 'its record is in progress, and nobody works on it';
  const isEnded = what !== 'poison' && !isGivenUp(story, history) && !isOpen(story, history);
  if (isEnded && record.status !== 'completed') yield `its record is ${record.status}`;
  if (what !== 'in-transaction' || record.status !== 'completed') return;
  const [effect] = effects;
  if (effect?.attempt !== record.attempt)
    yield `its record was completed by attempt ${record.attempt} of ${runs.length}, and the effect is of ${effect?.attempt}`;
}

function* leasesAreKept({ runs }: Story, { rules: { lease, tolerance } }: History): Iterable<string> {
  for (const [run, next] of successions(runs)) {
    const missing = run.token + lease + tolerance - next.token;
    if (missing > slack && !run.hasFailed)
      yield `attempt ${next.attempt} began ${missing} ms before the lease of ${run.attempt} can have lapsed`;
  }
}

function* everyRunHasACause({ runs }: Story, history: History): Iterable<string> {
  for (const [run, next] of successions(runs)) {
    // What became of an attempt between them nobody knows.
    if (next.attempt > run.attempt + 1) continue;
    if (!run.hasFailed && !history.isHit(run.worker, run.token, next.at) && !hasOutlasted(run, next, history))
      yield `nothing accounts for attempt ${next.attempt} after ${run.attempt}`;
  }
}

/** By law and name. */
export const laws: readonly Law[] = [
  messagesAreKnown,
  nothingHappensTwice,
  nothingIsLost,
  answersAreTheEffect,
  poisonIsSetAside,
  attemptsAreCounted,
  recordsAreSettled,
  leasesAreKept,
  everyRunHasACause,
];

/** Whether the queue still has it, as far as can be told: something is open, and nothing of it has ended. */
export function isOpen({ answers, parked }: Story, history: History): boolean {
  const open = history.of('over').at(-1)?.open ?? 0;
  return open > 0 && answers.length === 0 && parked.length === 0;
}

/**
 * Whether an ordinary message was set aside because its attempts or deliveries were spent by what was done to its workers and to the broker
 * alone: no run of it ended by itself, and it has at most one effect. Each death of the broker may have spent a delivery that no worker saw.
 */
export function isGivenUp({ what, parked, runs, effects, received }: Story, history: History): boolean {
  if (what === 'poison' || parked.length === 0 || effects.length > 1) return false;
  if (runs.some(({ hasFailed }) => hasFailed)) return false;
  const { maxAttempts } = history.rules;
  const spent = received.filter(({ worker, at }) => history.isHit(worker, at)).length;
  return runs.length >= maxAttempts || spent + history.of('up').length >= maxAttempts;
}

/** How many attempts its record counts that no run has told of. */
export function missingRuns({ record, runs }: Story): number {
  return Math.max(0, (record?.attempt ?? 0) - new Set(runs.map(({ attempt }) => attempt)).size);
}

/**
 * Whether a delivery may have made a claim and not told of its run: its worker was killed or suspended between, or it could not know whether
 * its claim was written.
 */
function couldNotSay(
  { runs, refusals }: Story,
  history: History,
  received: Story['received'][number],
): boolean {
  const { delivery, worker, at } = received;
  if (runs.some((run) => run.delivery === delivery)) return false;
  const code = refusals.find((one) => one.delivery === delivery)?.code;
  return code === 'ERR_IDEMPOTENCY_STORE' || history.isHit(worker, at);
}

/** Whether a run went on for longer than its lease can be renewed for. A run that has asked for its completion renews it no more. */
function hasOutlasted(run: Run, next: Run, { rules: { lease, renewFor, tolerance } }: History): boolean {
  const took = next.token - run.token + slack;
  return took >= (run.completingAt === undefined ? renewFor : lease) + tolerance;
}

/** Each run with the one that followed it. */
function successions(runs: readonly Run[]): [Run, Run][] {
  return runs.slice(1).map((next, index) => [runs[index] as Run, next]);
}

function namesOf(effects: Story['effects']): string {
  return effects.map(({ payment }) => payment).join(' and ') || 'none';
}
