import { History, type Story } from './history.js';
import { isGivenUp, isOpen, laws, missingRuns } from './laws.js';
import type { Line, Rules } from './ledger.js';

/** What happened, in figures. */
export interface Tally {
  readonly messages: number;
  /** Copies of messages that the producer sent again. */
  readonly duplicates: number;
  readonly killed: number;
  /** Of them, those that poison killed. */
  readonly killedByPoison: number;
  readonly suspended: number;
  readonly restarts: number;
  readonly deliveries: number;
  /** Deliveries that found the lease of another run, or joined it. */
  readonly met: number;
  readonly runs: number;
  /** Attempts in records whose runs were killed before they could tell. */
  readonly untold: number;
  readonly effects: number;
  readonly poison: number;
  readonly parkedPoison: number;
  /** Ordinary messages that were set aside since kills alone spent their attempts. */
  readonly givenUp: number;
  readonly lost: number;
  readonly twice: number;
  readonly stuck: number;
  readonly seconds: number;
}

export interface Verdict {
  readonly rules: Rules;
  /** Each in one sentence, with the story of its message. */
  readonly violations: readonly string[];
  readonly tally: Tally;
}

/** Judges what happened, by the lines of a ledger and nothing else. */
export function judge(lines: readonly Line[]): Verdict {
  const history = new History(lines);
  const { rules, stories } = history;
  const violations = history
    .of('crashed')
    .map(({ worker, said }) => `worker ${worker} ended by itself: ${said}`);
  const open = history.of('over').at(-1)?.open;
  if (open === undefined) violations.push('the torture did not come to its end');
  else if (open > 0) {
    const left = stories.filter((story) => isOpen(story, history)).map(({ id }) => id);
    violations.push(
      `stuck: the queue still has ${open} messages; without an end are ${left.join(', ') || 'none'}`,
    );
  }
  for (const story of stories) {
    for (const law of laws) {
      for (const what of law(story, history))
        violations.push(`${story.id}: ${what}\n${told(story, history)}`);
    }
  }
  return { rules, violations, tally: tallyOf(history) };
}

function tallyOf(history: History): Tally {
  const { stories } = history;
  const poison = stories.filter(({ what }) => what === 'poison');
  const ordinary = stories.filter(({ what }) => what !== 'poison');
  const killed = history.of('killed');
  const over = history.of('over').at(-1);
  const sum = (of: (story: Story) => number) => stories.reduce((all, story) => all + of(story), 0);
  const count = (some: readonly Story[], is: (story: Story) => boolean) => some.filter(is).length;
  return {
    messages: stories.length,
    duplicates: sum(({ sent }) => Math.max(0, sent.length - 1)),
    killed: killed.length,
    killedByPoison: killed.filter(({ by }) => by === 'poison').length,
    suspended: history.of('stopped').length,
    restarts: history.of('up').length,
    deliveries: sum(({ received }) => received.length),
    met: sum(({ met }) => new Set(met.map(({ delivery }) => delivery)).size),
    runs: sum(({ runs }) => runs.length),
    untold: sum(missingRuns),
    effects: sum(({ effects }) => effects.length),
    poison: poison.length,
    parkedPoison: count(poison, ({ parked }) => parked.length > 0),
    givenUp: count(ordinary, (story) => isGivenUp(story, history)),
    lost: count(ordinary, (story) => isLost(story, history)),
    twice: count(stories, ({ effects }) => effects.length > 1),
    stuck: over?.open ?? 0,
    seconds: over?.seconds ?? 0,
  };
}

function isLost(story: Story, history: History): boolean {
  const { effects, answers } = story;
  return (
    (effects.length === 0 || answers.length === 0) && !isGivenUp(story, history) && !isOpen(story, history)
  );
}

/** The lines about a message and its workers, times in milliseconds since it was sent. */
function told(story: Story, history: History): string {
  const start = story.sent[0]?.at ?? 0;
  return history
    .about(story)
    .map(({ at, ...line }) => `    ${at - start} ms ${JSON.stringify({ ...line, id: undefined })}`)
    .join('\n');
}
