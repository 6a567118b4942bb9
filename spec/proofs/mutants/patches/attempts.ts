import { model, simulation, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const attempts = 'lib/engine/machine/attempts.ts';
const acquiring = 'lib/engine/machine/acquiring.ts';
const settling = 'lib/engine/machine/settling.ts';
const inSpecs = specs('engine/claim/attempts');

/** Attempts that have no end, or end too early, and records that do not say so. */
export const attemptsEnd: readonly Mutant[] = [
  {
    name: 'one-attempt-too-many',
    flaw: 'An attempt begins after the last one.',
    changes: [{ file: attempts, replace: 'attempt >= maxAttempts &&', by: 'attempt > maxAttempts &&' }],
    caughtBy: [inSpecs, model],
  },
  {
    name: 'attempts-of-a-released-key',
    flaw: 'A key that was released runs again without end.',
    changes: [
      {
        file: acquiring,
        replace: 'if (isExhausted(rules, state)) return exhaust(step, state);',
        by: '',
      },
    ],
    caughtBy: [inSpecs, model, simulation],
  },
  {
    name: 'attempts-of-an-unknown-key',
    flaw: 'By default an unknown key is taken over and run again without end.',
    changes: [{ file: acquiring, replace: ': !isExhausted(rules, state);', by: ': true;' }],
    caughtBy: [inSpecs, model],
  },
  {
    name: 'attempts-that-a-recovery-permits',
    flaw: "A recovery function that says 'run' begins an attempt after the last one.",
    changes: [
      {
        file: settling,
        replace: 'isExhausted(step.rules, confirmedOf(call).state)',
        by: 'isExhausted(step.rules, confirmedOf(call).state) && call.isAnswered',
      },
    ],
    caughtBy: [inSpecs, model],
  },
  {
    name: 'recoveries-without-end',
    flaw: 'A recovery function that kills its process is asked again without end.',
    changes: [{ file: acquiring, replace: 'count: recoveriesOf(state) + 1', by: 'count: 1' }],
    caughtBy: [inSpecs],
  },
  {
    name: 'recoveries-forgotten-by-a-renewal',
    flaw: 'A recovery function that renews its lease and then dies is not counted.',
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: 'if (recoveries) own.recoveries = recoveries;',
        by: 'if (recoveries && !(before && before === call.confirmed?.state)) own.recoveries = recoveries;',
      },
    ],
    caughtBy: [inSpecs],
  },
  {
    name: 'recoveries-that-threw-not-counted',
    flaw: 'A recovery function that throws is asked again without end.',
    changes: [
      {
        file: settling,
        replace: 'if (recoveries && !isDecided) own.recoveries = recoveries;',
        by: 'if (recoveries && isDecided) own.recoveries = recoveries;',
      },
    ],
    caughtBy: [inSpecs],
  },
  {
    name: 'recoveries-of-another-attempt',
    flaw: 'Counts that an earlier version has kept are taken for those of the present attempt.',
    changes: [
      { file: attempts, replace: 'recoveries?.of === attempt && isNumber', by: 'recoveries && isNumber' },
    ],
    caughtBy: [inSpecs],
  },
  {
    name: 'exhausted-and-not-said',
    flaw: 'A key that has had its attempts is refused, and no operator finds it.',
    changes: [
      {
        file: acquiring,
        replace: "else step.go('exhausting');",
        by: 'else refuseExhausted(step, state);',
      },
    ],
    caughtBy: [inSpecs, model],
  },
  {
    name: 'exhausted-by-a-new-run',
    flaw: 'A record that says that no attempt may begin has the fencing token of a run that never was.',
    changes: [
      {
        file: acquiring,
        replace: 'const { attempt, fencingToken, recoveries } = state;',
        by: 'const { attempt, recoveries } = state;\n  const fencingToken = Math.max(state.fencingToken + 1, now.wall);',
      },
    ],
    caughtBy: [inSpecs, model],
  },
  {
    name: 'run-again-refused-by-the-count',
    flaw: 'An operator permits another run, and the count refuses it.',
    changes: [
      { file: 'lib/engine/machine/freeing.ts', replace: '{ permitted: known.attempt + 1 }', by: '{}' },
    ],
    caughtBy: [inSpecs],
  },
  {
    name: 'claims-kept-at-the-end-of-an-invocation',
    flaw: 'A recovery that decided too late in a Lambda invocation leaves its claim behind, and counts as a crash.',
    changes: [
      {
        file: acquiring,
        replace: "if (isEnding(step)) return step.go('giving-back');\n  renew",
        by: "if (isEnding(step)) return step.refuse({ reason: 'ending' });\n  renew",
      },
    ],
    caughtBy: [inSpecs],
  },
  {
    name: 'one-run-again-for-ever',
    flaw: 'What an operator permitted once is permitted for ever.',
    changes: [
      {
        file: attempts,
        replace: 'attempt < permitted);',
        by: 'permitted > 0);',
      },
    ],
    caughtBy: [inSpecs],
  },
];
