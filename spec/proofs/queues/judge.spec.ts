import { expect } from 'chai';
import {
  answered,
  began,
  begunByA,
  continued,
  crashed,
  endedByA,
  exhausted,
  failedThrice,
  frozen,
  inTable,
  killed,
  killedThrice,
  over,
  paidByA,
  paidByB,
  parked,
  pastOf,
  received,
  record,
  refused,
  returned,
  sent,
  stopped,
  takenOverByB,
} from './hand-written.js';
import { judge, type Tally } from './judge.js';

type Past = Parameters<typeof pastOf>;

function violationsOf(past: Past): string[] {
  const { violations } = judge(pastOf(...past));
  return violations.map((violation) => violation.split('\n')[0]?.replace(/^m-\d: /, '') ?? '');
}

describe('the judge of the torture of queues', () => {
  describe('finds no fault with', () => {
    const good: Readonly<Record<string, Past>> = {
      'a run': ['in-transaction', ...begunByA, ...endedByA, ...paidByA],
      'a duplicate that gets the outcome': [
        'in-transaction',
        ...begunByA,
        ...endedByA,
        [1_100, sent('in-transaction', 2)],
        [1_110, received('B1')],
        [1_120, answered('B1', 'row-1')],
        ...paidByA,
      ],
      'a run after one whose worker was killed': [
        'in-transaction',
        ...begunByA,
        [1_100, killed('A')],
        ...takenOverByB,
        ...paidByB,
      ],
      'a run after one whose worker was suspended, and goes on as a zombie': [
        'in-transaction',
        ...begunByA,
        [1_100, stopped('A')],
        ...takenOverByB,
        [4_500, continued('A')],
        [4_510, answered('A1', 'row-2')],
        ...paidByB,
      ],
      'a run after one whose worker had no processor': [
        'in-transaction',
        ...begunByA,
        ...takenOverByB,
        [4_200, frozen('A', 1_500, 4_200)],
        ...paidByB,
      ],
      'a run after one that outlasted its lease': [
        'in-transaction',
        ...begunByA,
        ...takenOverByB.map(([at, line]) => [at + 5_000, shifted(line, 5_000)] as const),
        ...paidByB,
      ],
      'an attempt that nobody told of, since the worker was killed before it could': [
        'in-transaction',
        [1_000, received('A1')],
        [1_003, killed('A')],
        ...takenOverByB,
        ...paidByB,
      ],
      'poison that is set aside when its attempts are spent': [
        'poison',
        ...failedThrice,
        [9_000, record('released', 3)],
        [9_001, parked('CardExpired')],
      ],
      'poison that was sent twice, and set aside twice': [
        'poison',
        ...failedThrice,
        [8_000, sent('poison', 2)],
        [9_000, record('unknown', 3)],
        [9_001, parked('CardExpired')],
        [9_001, parked('AttemptsExhaustedError')],
      ],
      'an ordinary message that was set aside since kills spent its attempts': [
        'in-transaction',
        ...killedThrice,
        ...exhausted,
      ],
    };
    for (const [what, past] of Object.entries(good)) {
      it(what, () => expect(violationsOf(past)).to.deep.equal([]));
    }
  });

  describe('finds', () => {
    const bad: Readonly<Record<string, readonly [RegExp, ...Past]>> = {
      'two effects': [
        /^twice: it has 2 effects, row-1 and row-9$/,
        ...(['in-transaction', ...begunByA, ...endedByA, ...paidByA, [9_002, inTable('row-9', 1)]] as const),
      ],
      'a message without an effect': [
        /^lost: it has no effect, and is neither open nor set aside$/,
        'derived-key',
        ...begunByA,
        [1_100, killed('A')],
        [9_000, record('abandoned', 1)],
      ],
      'a message that was never delivered': [/^lost: it has no effect/, 'derived-key'],
      'an effect whose outcome no consumer got': [
        /^lost: no consumer got its outcome, and it is not open$/,
        'in-transaction',
        ...begunByA,
        [1_020, returned(1)],
        ...paidByA,
      ],
      'an outcome that is not the effect': [
        /^delivery B1 got row-9, and the effects are row-1$/,
        'in-transaction',
        ...begunByA,
        ...endedByA,
        [1_110, received('B1')],
        [1_120, answered('B1', 'row-9')],
        ...paidByA,
      ],
      'an ordinary message that was set aside': [
        /^parked: it is no poison, and was set aside: InProgressError$/,
        'in-transaction',
        ...begunByA,
        ...endedByA,
        ...paidByA,
        [9_002, parked('InProgressError')],
      ],
      'an ordinary message that was set aside although a run of it threw': [
        /^parked: it is no poison/,
        'in-transaction',
        ...failedThrice,
        [9_000, record('released', 3)],
        [9_001, parked('TypeError')],
      ],
      'poison that was not set aside': [
        /^it is poison, and was not set aside$/,
        'poison',
        ...failedThrice,
        [9_000, record('released', 3)],
      ],
      'poison that had more runs than attempts': [
        /^it is poison, and had 4 runs of at most 3$/,
        'poison',
        ...failedThrice,
        [8_000, received('A4')],
        [8_001, began('A4', 4, 8_000)],
        [8_050, killed('A')],
        [9_000, record('abandoned', 4)],
        [9_001, parked('delivered 4 times')],
      ],
      'poison that ended well': [
        /^it is poison, and ended well$/,
        'poison',
        ...begunByA,
        ...endedByA,
        ...paidByA,
        [9_001, parked('CardExpired')],
      ],
      'two runs of one attempt': [
        /^two of its runs have the same attempt: 1$/,
        'in-transaction',
        ...begunByA,
        ...endedByA,
        [1_021, received('B1')],
        [1_022, began('B1', 1, 1_022)],
        [1_023, killed('B')],
        ...paidByA,
      ],
      'a record that counts more than the ledger, where nobody was killed': [
        /^its record counts 2 attempts, the ledger 1 runs, and 0 deliveries could not say whether they ran$/,
        'derived-key',
        ...begunByA,
        ...endedByA,
        [9_000, record('completed', 2)],
        [9_001, inTable('row-1', 1)],
      ],
      'a record that counts less than the ledger': [
        /^its record is of attempt 1, and attempt 2 has run$/,
        'derived-key',
        ...begunByA,
        [1_100, killed('A')],
        ...takenOverByB,
        [9_000, record('completed', 1)],
        [9_001, inTable('row-2', 2)],
      ],
      'runs without a record': [
        /^it had 1 runs, and there is no record$/,
        'derived-key',
        ...begunByA,
        ...endedByA,
        [9_001, inTable('row-1', 1)],
      ],
      'a record in progress': [
        /^its record is in progress, and nobody works on it$/,
        'poison',
        ...begunByA,
        [1_100, killed('A')],
        [9_000, record('in-progress', 1)],
        [9_001, parked('delivered 4 times')],
      ],
      'a record of a message that has ended, and is not completed': [
        /^its record is abandoned$/,
        'derived-key',
        ...begunByA,
        ...endedByA,
        [9_000, record('abandoned', 1)],
        [9_001, inTable('row-1', 1)],
      ],
      'a transaction that is not the one of the record': [
        /^its record was completed by attempt 2 of 2, and the effect is of 1$/,
        'in-transaction',
        ...begunByA,
        [1_100, killed('A')],
        ...takenOverByB,
        [9_000, record('completed', 2)],
        [9_001, inTable('row-2', 1)],
      ],
      'a run before the lease of another can have lapsed': [
        /^attempt 2 began 100 ms before the lease of 1 can have lapsed$/,
        'in-transaction',
        ...begunByA,
        [1_100, killed('A')],
        ...takenOverByB.map(([at, line]) => [at - 200, shifted(line, -200)] as const),
        ...paidByB,
      ],
      'a run that nothing accounts for': [
        /^nothing accounts for attempt 2 after 1$/,
        'in-transaction',
        ...begunByA,
        ...takenOverByB,
        ...paidByB,
      ],
      'a message that nobody sent': [
        /^it was never sent$/,
        ...(['in-transaction', [1_000, { ...received('A1'), id: 'm-2' } as never]] as const),
      ],
    };
    for (const [what, [violation, ...past]] of Object.entries(bad)) {
      it(what, () => expect(violationsOf(past).join('\n')).to.match(new RegExp(violation.source, 'm')));
    }

    it('a queue that is not empty, and which messages have no end', () => {
      const past: Past = [
        'derived-key',
        ...begunByA,
        [1_100, killed('A')],
        [9_000, record('abandoned', 1)],
        [9_001, over(1)],
      ];
      expect(violationsOf(past)).to.deep.equal([
        'stuck: the queue still has 1 messages; without an end are m-1',
      ]);
    });

    it('a worker that ended by itself', () => {
      const past: Past = ['in-transaction', ...begunByA, ...endedByA, [1_030, crashed('A')], ...paidByA];
      expect(violationsOf(past)).to.deep.equal(['worker A ended by itself: read ECONNRESET']);
    });

    it('a torture without an end', () => {
      const lines = pastOf('in-transaction', ...begunByA, ...endedByA, ...paidByA);
      const { violations } = judge(lines.filter(({ kind }) => kind !== 'over'));
      expect(violations).to.deep.equal(['the torture did not come to its end']);
    });
  });

  it('counts what happened', () => {
    const counted: readonly [Partial<Tally>, ...Past][] = [
      [
        {
          messages: 1,
          duplicates: 1,
          deliveries: 2,
          met: 1,
          runs: 1,
          effects: 1,
          lost: 0,
          twice: 0,
          stuck: 0,
        },
        'in-transaction',
        ...begunByA,
        [1_006, sent('in-transaction', 2)],
        [1_007, received('B1')],
        [1_008, { kind: 'met', delivery: 'B1' }],
        ...endedByA,
        [1_030, answered('B1', 'row-1')],
        ...paidByA,
      ],
      [
        { killed: 3, suspended: 0, givenUp: 1, lost: 0, effects: 0 },
        'derived-key',
        ...killedThrice,
        ...exhausted,
      ],
      [{ lost: 1 }, 'derived-key', ...begunByA, [1_010, refused('A1', 'ERR_IDEMPOTENCY_IN_PROGRESS')]],
      [{ poison: 1, parkedPoison: 1 }, 'poison', ...failedThrice, [9_001, parked('CardExpired')]],
    ];
    for (const [figures, ...past] of counted) expect(judge(pastOf(...past)).tally).to.include(figures);
  });
});

/** The same later: a run's token is an instant, too. */
function shifted<L extends object>(line: L, milliseconds: number): L {
  return 'token' in line ? { ...line, token: (line.token as number) + milliseconds } : line;
}
