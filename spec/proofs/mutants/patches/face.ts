import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What users call to look at records and replays, and what tests have. */
export const face: readonly Mutant[] = [
  {
    name: 'forget-by-key-of-the-wrong-operation',
    flaw: 'A key that is freed by an operator is still replayed from what the process keeps.',
    changes: [
      {
        file: 'lib/decorator/record-of.ts',
        replace: 'return operationNamedIn(key);',
        by: "return key.slice(0, key.indexOf('#'));",
      },
    ],
    caughtBy: [specs('decorator/record-of-key')],
  },
  {
    name: 'forget-with-unknown-options',
    flaw: 'A misspelt option of forget() is ignored.',
    changes: [
      {
        file: 'lib/decorator/resolving.ts',
        replace: 'options, { checks: ofAll, example });',
        by: '{ reason: options.reason }, { checks: ofAll, example });',
      },
    ],
    caughtBy: [specs('decorator/record-of-key')],
  },
  {
    name: 'replay-info-of-calls-within',
    flaw: 'What is told of a replay is that of a call which the method makes.',
    changes: [
      {
        file: 'lib/engine/execution/replay-info.ts',
        replace: '.run(undefined, () =>',
        by: '.run(this, () =>',
      },
    ],
    caughtBy: [specs('decorator/replay-info')],
  },
  {
    name: 'replay-info-of-the-call-that-ended-last',
    flaw: 'Of several calls withReplayInfo tells of the one that ended last, which may have begun first.',
    changes: [
      {
        file: 'lib/engine/execution/replay-info.ts',
        replace: 'if (info && begun > this.#heard) {',
        by: 'if (info && begun > 0 * this.#heard) {',
      },
    ],
    caughtBy: [specs('decorator/replay-info')],
  },
  {
    name: 'memory-after-clear',
    flaw: 'What the process keeps or joins of an InMemoryStore outlives its clear().',
    changes: [
      {
        file: 'lib/stores/in-memory/in-memory-store.ts',
        replace: '    dropMemoryOf(this);\n',
        by: '    dropMemoryOf({ of: this });\n',
      },
    ],
    caughtBy: [specs('testing/tools-for-tests')],
  },
  {
    name: 'lasting-fault-to-be-retried',
    flaw: 'A store that is set up wrongly is told to be tried again.',
    changes: [
      {
        file: 'lib/errors.ts',
        replace: 'const isLasting = tooLarge || (cause',
        by: 'const isLasting = tooLarge && (cause',
      },
    ],
    caughtBy: [specs('outcome/error-classes')],
  },
];
