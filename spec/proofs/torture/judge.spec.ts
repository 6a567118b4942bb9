import { expect } from 'chai';
import {
  answered,
  began,
  called,
  calm,
  completing,
  continued,
  effect,
  event,
  failed,
  inTable,
  killed,
  once,
  pastOf,
  record,
  recovering,
  refused,
  refusedForGood,
  renewed,
  returned,
  standsOnce,
  standsTakenOver,
  stopped,
  takenOver,
  unknownOutcome,
  untilKilled,
} from './hand-written.js';
import { judge } from './judge.js';

function violationsOf(...lines: Parameters<typeof pastOf>): string[] {
  const { violations } = judge(pastOf(...lines));
  // The other policies had no part in it.
  const ofKeys = violations.filter((violation) => !/nothing was called/.test(violation));
  return ofKeys.map((violation) => violation.split('\n')[0]?.replace(/^postgres\/\w+\/0: /, '') ?? '');
}

describe('the judge of the torture', () => {
  describe('finds no fault with', () => {
    const good: Readonly<Record<string, Parameters<typeof pastOf>>> = {
      'a run and its replay': ['run', ...once, ...standsOnce],
      'a run after a lapsed lease, whose process was killed': [
        'run',
        ...untilKilled,
        ...takenOver,
        ...standsTakenOver,
      ],
      'a zombie that gets the answer of its successor': [
        'run',
        ...once.slice(0, 3),
        [1_150, stopped('A')],
        ...takenOver,
        [4_000, continued('A')],
        [4_010, returned('A')],
        [4_020, answered('A', 'B')],
        ...standsTakenOver,
      ],
      'a run that began, as far as it could say, when it was a zombie already': [
        'run',
        [1_000, called('A')],
        [1_001, stopped('A')],
        ...takenOver,
        [4_000, continued('A')],
        [4_001, began('A', 1, 1_000)],
        [4_100, effect('A')],
        [4_200, answered('A', 'B')],
        ...standsTakenOver,
      ],
      'a run after one that declined, at once': [
        'run',
        ...once.slice(0, 2),
        [1_020, failed('A')],
        [1_030, refused('A', 'declined')],
        [1_040, called('B')],
        [1_045, began('B', 2, 1_040)],
        [1_050, effect('B')],
        [1_060, answered('B', 'B')],
        [9_000, calm],
        [9_010, called('Z')],
        [9_020, answered('Z', 'B')],
        [9_030, record('completed', 2, 1_040, 'B')],
      ],
      'two answers, where the first was given although the store had not taken it': [
        'run',
        ...once.slice(0, 4),
        [1_250, event('store-failed', 'A')],
        [2_900, event('outcome-not-stored', 'A')],
        [2_910, answered('A', 'A')],
        ...takenOver,
        ...standsTakenOver,
      ],
      'a refusal for good, after a run without an end': ['refuse', ...untilKilled, ...refusedForGood],
      'a recovery that finds the effect': [
        'recover',
        ...untilKilled,
        [3_200, called('B')],
        [3_205, recovering('B', 1, 3_200)],
        [3_210, answered('B', 'A')],
        [9_000, calm],
        [9_010, called('Z')],
        [9_020, answered('Z', 'A')],
        [9_030, record('completed', 1, 3_200, 'A')],
      ],
      'a second effect that no recovery could see coming': [
        'recover',
        ...once.slice(0, 2),
        [1_050, stopped('A')],
        [3_203, recovering('B', 1, 3_200)],
        ...takenOver,
        [4_000, continued('A')],
        [4_010, effect('A')],
        [4_020, answered('A', 'B')],
        ...standsTakenOver,
      ],
      'a transaction of which only the second attempt is committed': [
        'transaction',
        ...once.slice(0, 2),
        [1_050, completing('A')],
        [1_150, killed('A')],
        ...takenOver.filter(([, { kind }]) => kind !== 'effect'),
        ...standsTakenOver,
        [9_040, inTable('B')],
      ],
    };
    for (const [what, past] of Object.entries(good)) {
      it(what, () => expect(violationsOf(...past)).to.deep.equal([]));
    }
  });

  describe('finds', () => {
    const bad: Readonly<Record<string, readonly [RegExp, ...Parameters<typeof pastOf>]>> = {
      'two outcomes of one key': [
        /^callers got different outcomes, of B and A$/,
        'run',
        ...untilKilled,
        ...takenOver,
        [3_500, answered('C', 'A')],
        ...standsTakenOver,
      ],
      'a run after an answer': [
        /^B began after call A had returned A$/,
        'run',
        ...once,
        ...takenOver,
        ...standsTakenOver,
      ],
      'a run beside an unlapsed lease': [
        /^B took over from A 1700 ms before its lease had lapsed$/,
        'run',
        ...untilKilled,
        [1_500, called('B')],
        [1_505, began('B', 2, 1_500)],
        [1_550, effect('B')],
        [1_560, answered('B', 'B')],
        [9_000, calm],
        [9_020, answered('Z', 'B')],
        [9_030, record('completed', 2, 1_500, 'B')],
      ],
      'a run beside a lease that was renewed': [
        /^B took over from A 670 ms before its lease had lapsed$/,
        'run',
        ...once.slice(0, 3),
        [1_680, renewed('A', 3_670)],
        [1_700, killed('A')],
        ...takenOver,
        ...standsTakenOver,
      ],
      'a lease that lapsed for no reason': [
        /^nothing accounts for B after A$/,
        'run',
        ...once.slice(0, 3),
        ...takenOver,
        [3_500, answered('A', 'B')],
        ...standsTakenOver,
      ],
      'an attempt that is counted twice': [
        /^the attempt does not grow from A \(1\) to B \(1\)$/,
        'run',
        ...untilKilled,
        [3_205, began('B', 1, 3_200)],
        ...takenOver.slice(2),
        ...standsTakenOver.slice(0, 3),
        [9_030, record('completed', 1, 3_200, 'B')],
      ],
      'a fencing token that two runs have': [
        /^A and B have the same fencing token$/,
        'run',
        ...once.slice(0, 2),
        [1_020, failed('A')],
        [1_045, began('B', 2, 1_000)],
        [1_050, effect('B')],
        [1_060, answered('A', 'B')],
        [9_000, calm],
        [9_020, answered('Z', 'B')],
        [9_030, record('completed', 2, 1_000, 'B')],
      ],
      'a fencing token that goes back': [
        /^A began after B, whose fencing token is higher$/,
        'run',
        [900, began('B', 2, 1_040)],
        [920, failed('B')],
        ...once,
        ...standsOnce,
      ],
      'a result without an effect': [
        /^call A returned A, which had no effect$/,
        'run',
        ...once.filter(([, { kind }]) => kind !== 'effect'),
        ...standsOnce,
      ],
      'a method that runs twice in one run': [
        /^A had 2 effects$/,
        'run',
        ...once.slice(0, 3),
        ...once.slice(2),
        ...standsOnce,
      ],
      'an effect of no run': [
        /^an effect is of X, which never began$/,
        'run',
        ...once,
        [2_000, effect('X')],
        ...standsOnce,
      ],
      'a take-over that was to be refused': [
        /^there is more than one effect, by A and B, although the policy is "refuse"$/,
        'refuse',
        ...untilKilled,
        ...takenOver,
        ...standsTakenOver,
      ],
      'an effect that a recovery could see': [
        /^B ran although the recovery function could see the effect of A$/,
        'recover',
        ...untilKilled,
        [3_203, recovering('B', 1, 3_200)],
        ...takenOver,
        ...standsTakenOver,
      ],
      'a take-over without a recovery': [
        /^B had an effect after that of A, and no recovery function ran$/,
        'recover',
        ...untilKilled,
        ...takenOver,
        ...standsTakenOver,
      ],
      'two effects in transactions': [
        /^there is more than one effect, by A and B, although the policy is "transaction"$/,
        'transaction',
        ...untilKilled.filter(([, { kind }]) => kind !== 'effect'),
        ...takenOver.filter(([, { kind }]) => kind !== 'effect'),
        ...standsTakenOver,
        [9_040, inTable('A')],
        [9_041, inTable('B')],
      ],
      'a completion without the effect of its transaction': [
        /^the effect is of no run, and the record is completed A$/,
        'transaction',
        ...once.filter(([, { kind }]) => kind !== 'effect'),
        ...standsOnce,
      ],
      'a call that hangs': [/^call C never ended$/, 'run', ...once, [1_500, called('C')], ...standsOnce],
      'a key that no call can free': [
        /^it got no result after all faults had ended$/,
        'run',
        ...untilKilled,
        [9_000, calm],
        [9_010, called('Z')],
        [9_020, refused('Z', 'ERR_IDEMPOTENCY_IN_PROGRESS')],
        [9_030, record('in-progress', 1, 1_000)],
      ],
      'a zombie that overwrote the outcome': [
        /^the record is A, and the last result was B$/,
        'run',
        ...untilKilled,
        ...takenOver,
        ...standsTakenOver.slice(0, 3),
        [9_030, record('completed', 1, 1_000, 'A')],
      ],
      'a refusal that ends by itself': [
        /^the record is abandoned, and expires at 86400000 though it was not resolved$/,
        'refuse',
        ...untilKilled,
        ...refusedForGood.slice(0, 3),
        [9_030, { ...record('abandoned', 1, 1_000), expiresAt: 86_400_000 }],
      ],
      'an outcome that was undone': [
        /^the record is released, and not the result A$/,
        'run',
        ...once,
        ...standsOnce.slice(0, 3),
        [9_030, record('released', 1, 1_000)],
      ],
      'an outcome under the token of no run': [
        /^the record has attempt 2 and token 3200, which belong to no run that may write it$/,
        'run',
        ...once,
        ...standsOnce.slice(0, 3),
        [9_030, record('completed', 2, 3_200, 'A')],
      ],
      'an error that no caller expects': [
        /^call C got the error TypeError: x is not a function$/,
        'run',
        ...once,
        [1_500, called('C')],
        [1_510, refused('C', 'TypeError: x is not a function')],
        ...standsOnce,
      ],
      'a refusal that the policy does not know': [
        /^call C got the error ERR_IDEMPOTENCY_OUTCOME_UNKNOWN$/,
        'run',
        ...once,
        [1_500, called('C')],
        [1_510, refused('C', unknownOutcome)],
        ...standsOnce,
      ],
      'a process that ended by itself': [
        /^worker W ended by itself: unhandled$/,
        'run',
        ...once,
        [1_500, { kind: 'crashed', worker: 'W', said: 'unhandled' }],
        ...standsOnce,
      ],
    };
    for (const [what, [expected, ...past]] of Object.entries(bad)) {
      it(what, () => expect(violationsOf(...past).join('\n')).to.match(new RegExp(expected, 'm')));
    }
  });

  it('counts second effects by the end of the first run', () => {
    const { tallies } = judge(pastOf('run', ...untilKilled, ...takenOver, ...standsTakenOver));
    const tally = tallies.find(({ policy }) => policy === 'run');
    expect(tally).to.include({ keys: 1, calls: 3, answered: 2, runs: 2, effects: 2 });
    expect(tally?.double).to.deep.equal({ killed: 1 });
  });

  it('counts what was done, and to which store', () => {
    const past = pastOf(
      'run',
      ...once,
      [1_500, killed('postgres-1#1')],
      [1_600, { kind: 'down', store: 'postgres' }],
      [1_700, { kind: 'up', store: 'postgres' }],
      [1_900, { kind: 'network', store: 'postgres', fate: 'lose', from: 1_800, met: 3 }],
      ...standsOnce,
    );
    const [hardship] = judge(past).hardships;
    expect(hardship).to.include({ store: 'postgres', killed: 1, stopped: 0, restarts: 1 });
    expect(hardship?.network).to.include({ lose: 3, hold: 0 });
  });

  it('reports a violation with everything known of its key and its runs', () => {
    const past = [...once, ...takenOver, ...standsTakenOver];
    const [violation] = judge(pastOf('run', ...past, [9_040, killed('A')], [9_050, killed('C')])).violations;
    expect(violation?.split('\n')).to.have.length(1 + past.length);
    expect(violation).to.match(/8040 ms \{"kind":"killed","worker":"A"/);
  });

  it('finds that nothing happened', () => {
    expect(judge(pastOf('run', [9_000, calm])).violations).to.deep.equal(
      ['run', 'refuse', 'recover', 'transaction'].map(
        (policy) => `postgres/${policy}: nothing was called, so that nothing is proven`,
      ),
    );
  });

  it('refuses a ledger without rules', () => {
    expect(() => judge([])).to.throw(TypeError, 'a ledger begins with its rules');
  });
});
