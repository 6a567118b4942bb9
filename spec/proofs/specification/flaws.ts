import type { Bounds } from './scenarios.js';

/** The specification with one flaw: a line of protocol.pml that is otherwise, and which guarantee that breaks. */
export interface Flaw {
  readonly flaw: string;
  readonly guarantee: string;
  readonly instead: readonly [of: string, comes: string];
  readonly bounds?: Partial<Bounds>;
}

export const flaws: readonly Flaw[] = [
  {
    flaw: 'takes over what is completed',
    guarantee: 'one_outcome',
    instead: ['(rec.status == released ||', '(rec.status == completed || rec.status == released ||'],
  },
  {
    flaw: 'lets an operator resolve what is completed',
    guarantee: 'one_outcome',
    instead: ['rec.status != completed && (rec.status != released || to == completed) &&', 'true &&'],
    bounds: { decisions: 1, resolves: true, horizon: 2 },
  },
  {
    flaw: 'lets a call take over what an operator has completed',
    guarantee: 'one_outcome',
    instead: [
      '(rec.status == released || (POLICY',
      '((rec.status == completed && rec.owner == OPERATOR) || rec.status == released || (POLICY',
    ],
    bounds: { decisions: 1, resolves: true, horizon: 2 },
  },
  {
    flaw: 'takes a claim over before it has lapsed by every clock',
    guarantee: 'one_runner',
    instead: ['rec.lease + TOLERANCE <= time', 'rec.lease <= time'],
    bounds: { ahead: 1, horizon: 4 },
  },
  {
    flaw: 'has a store that ignores which record a write follows',
    guarantee: 'no_zombie_writes',
    instead: ['rec.owner == w.afterOwner && rec.n == w.afterN))', 'rec.status != absent))'],
  },
  {
    flaw: 'has a store that compares the owner and not the token',
    guarantee: 'no_zombie_writes',
    instead: ['rec.owner == w.afterOwner && rec.n == w.afterN))', 'rec.owner == w.afterOwner))'],
  },
  {
    flaw: 'has a store that claims although the key is held',
    guarantee: 'one_runner',
    instead: ['rec.status == absent || rec.expires <= w.asOf :', 'true :'],
  },
  {
    flaw: 'completes what has not run',
    guarantee: 'no_silent_skip',
    instead: ['(phase[c] == returned || (phase[c] == failed && is_in(c, ran)))', '(phase[c] != idle)'],
  },
  {
    flaw: 'frees the key when the outcome cannot be stored',
    guarantee: 'no_second_run',
    instead: [
      'is_mine(c) && phase[c] == failed && has_room(c, at) && expiry >= at)',
      'is_mine(c) && (phase[c] == failed || phase[c] == returned) && has_room(c, at) && expiry >= at)',
    ],
  },
  {
    flaw: 'runs again after a failure',
    guarantee: 'at_most_once_per_call',
    instead: [
      'when(phase[c] == calling && at < until[c] && !is_in(c, mustAsk));',
      'when((phase[c] == calling || phase[c] == failed) && at < until[c] && !is_in(c, mustAsk));',
    ],
  },
  {
    flaw: 'lets an unknown outcome expire',
    guarantee: 'an_unknown_outcome_stays',
    instead: ['(is_guarded -> NEVER :', '(false -> NEVER :'],
    bounds: { policy: 'refuse', horizon: 4 },
  },
  {
    flaw: 'takes over abandoned work that is to be refused',
    guarantee: 'an_unknown_outcome_stays',
    instead: ['(POLICY != REFUSE && (rec', '(true && (rec'],
    bounds: { policy: 'refuse' },
  },
  {
    flaw: 'runs abandoned work without asking',
    guarantee: 'on_abandoned_decides',
    instead: ['at < until[c] && !is_in(c, mustAsk));', 'at < until[c]);'],
    bounds: { policy: 'ask' },
  },
  {
    flaw: 'begins one attempt too many',
    guarantee: 'attempts_end',
    instead: ['(may_begin(rec.attempt + 1) ||', '(true ||'],
    bounds: { attempts: 1 },
  },
  {
    flaw: 'begins another attempt since a recovery function says so, though there was the last one',
    guarantee: 'attempts_end',
    instead: ['is_in(c, hasAsked) && may_begin(tries))', 'is_in(c, hasAsked))'],
    bounds: { attempts: 1, policy: 'ask' },
  },
  {
    flaw: 'says of a claim that holds that its attempts are exhausted',
    guarantee: 'one_runner',
    instead: [
      '(rec.status == unknown || rec.status == released || is_lapsed(at)) &&',
      '(rec.status != completed) &&',
    ],
    bounds: { attempts: 1 },
  },
  {
    flaw: 'begins a run when its lease is over',
    guarantee: 'no_run_under_a_lapsed_claim',
    instead: ['at < until[c] && !is_in(c, mustAsk));', '!is_in(c, mustAsk));'],
  },
  {
    flaw: 'takes the time for a fencing token, whatever the last one was',
    guarantee: 'fencing_tokens_grow',
    instead: ['(at > rec.fence -> at : rec.fence + 1)', 'at'],
    bounds: { ahead: 1 },
  },
];
