import { LATEST_INSTANT } from '../record/instants.js';
import type { PastState, Reason } from '../record/record.js';
import type { RecordView } from '../record/record-view.js';
import { defined } from './defined.js';
import type { LifeEvent } from './desk.js';

/** Returns what happened in a record's life, as far as it says: the earliest first. */
export function lifeOf(view: RecordView): readonly LifeEvent[] {
  const runs: LifeEvent[] = [];
  for (const state of [...(view.past ?? []), presentOf(view)]) {
    const isFirst = !runs.some(({ what }) => what === 'claimed' || what === 'taken-over');
    runs.push(...eventsOf(state, isFirst));
  }
  return [...runs, ...comingOf(view)];
}

type State = Omit<PastState, 'status'> & {
  readonly status: PastState['status'] | 'abandoned' | 'unreadable';
};

function presentOf(view: RecordView): State {
  const { status, attempt, startedAt, renewedAt, leaseUntil, by, why, traceparent } = view;
  const known = {
    startedAt,
    renewedAt,
    leaseUntil,
    at: view.completedAt ?? view.since,
    by,
    why,
    traceparent,
  };
  return { status, attempt, ...defined(known) };
}

/** What a state tells: that its run began, and how it ended. One that an operator wrote tells of the decision alone. */
function eventsOf(state: State, isFirst: boolean): readonly LifeEvent[] {
  const { status, attempt, startedAt, renewedAt, leaseUntil, at, by, why, traceparent } = state;
  if (status === 'unreadable') return [];
  const told = defined({ attempt, by, traceparent }) as { readonly attempt: number };
  const words = why && { why: wordsOf(why) };
  if (why?.kind === 'resolved') return [{ ...told, ...defined({ at }), what: 'resolved', ...words }];
  const began: LifeEvent = {
    ...told,
    ...defined({ at: startedAt }),
    what: isFirst ? 'claimed' : 'taken-over',
  };
  const begun = startedAt === undefined ? [] : [began];
  if (status === 'in-progress' || status === 'abandoned') {
    const renewed = renewedAt === undefined ? [] : [{ ...told, at: renewedAt, what: 'renewed' as const }];
    return [...begun, ...renewed, ...lapseOf(leaseUntil, told)];
  }
  return [...begun, { ...told, ...defined({ at }), what: status, ...words }];
}

function lapseOf(leaseUntil: number | undefined, told: { readonly attempt: number }): readonly LifeEvent[] {
  if (leaseUntil === undefined) return [];
  return [{ ...told, at: leaseUntil, what: leaseUntil <= Date.now() ? 'lapsed' : 'lapses' }];
}

function comingOf({ expiresAt, attempt }: RecordView): readonly LifeEvent[] {
  return expiresAt >= LATEST_INSTANT ? [] : [{ at: expiresAt, what: 'expires', attempt }];
}

const decisions = {
  value: 'answered with a value',
  'run-again': 'may run again',
  refuse: 'refused',
  forgotten: 'forgotten',
} as const;

/** Says in words why a record has its status. Without values of a user, unless the option `describeError` says them. */
export function wordsOf(why: Reason): string {
  switch (why.kind) {
    case 'error':
      return [why.error, why.code, why.text && `(${why.text})`].filter(Boolean).join(' ');
    case 'decided':
      return 'the method decided so';
    case 'no-completion':
      return 'the completion that the method asked for is not in the store';
    case 'refused':
      return 'onAbandoned refused';
    case 'attempts-exhausted':
      return 'no further attempt may begin (maxAttempts)';
    case 'not-begun':
      return 'nothing had run';
    case 'resolved':
      return `${Object.hasOwn(decisions, why.as) ? decisions[why.as] : why.as}${why.reason === undefined ? '' : `: ${why.reason}`}`;
    default:
      return 'a reason of a later version';
  }
}
