// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { model, simulation, specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What functions of options return, how long an unknown outcome is kept, and what messages say of values. */
export const edgesOfOptions: readonly Mutant[] = [
  {
    name: 'unknown-forgotten-after-a-day',
    flaw: 'An unknown outcome is forgotten after a day, and the work is done again.',
    changes: [
      {
        file: 'lib/record/record.ts',
        replace: "options.isGuarded ? 'until-resolved' : undefined",
        by: "options.isGuarded && options.ttl === Number.NaN ? 'until-resolved' : undefined",
      },
    ],
    caughtBy: [specs('record/unsettled-expiry'), model, simulation],
  },
  {
    name: 'crash-forgotten-by-a-recovery-function',
    flaw: "A crashed call is remembered until it is resolved under 'refuse' alone, and not where a function is to be asked.",
    changes: [
      {
        file: 'lib/engine/machine/records.ts',
        replace: "onAbandoned !== 'run'",
        by: "onAbandoned === 'refuse'",
      },
    ],
    caughtBy: [specs('record/unsettled-expiry'), simulation],
  },
  {
    name: 'released-for-ever',
    flaw: 'A key that was freed keeps its record for ever, and so does a store for every failure.',
    changes: [
      {
        file: 'lib/engine/machine/settling.ts',
        replace: "status === 'released' ? unsettled(rules, now.wall) : unresolved(rules, now.wall)",
        by: 'unresolved(rules, now.wall)',
      },
    ],
    caughtBy: [specs('record/unsettled-expiry')],
  },
  {
    name: 'length-beyond-all-time',
    flaw: 'A text of 400 digits is an endless length, and the record that expires then is no record.',
    changes: [
      {
        file: 'lib/options/duration.ts',
        replace: 'return Math.min(Math.round(lengthMs), LATEST_INSTANT);',
        by: 'return Math.round(lengthMs);',
      },
      {
        file: 'lib/record/instants.ts',
        replace: 'return Math.min(from + lengthMs, LATEST_INSTANT);',
        by: 'return from + lengthMs;',
      },
    ],
    caughtBy: [specs('record/latest-instant')],
  },
  {
    name: 'rejection-of-an-option-unheard',
    flaw: 'A promise in the place of an answer is refused, and its failure ends the process.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/options/synchronous.ts',
        replace: '      Promise.prototype.then.call(returned, ignore, ignore);\n',
        by: '',
      },
    ],
    caughtBy: [specs('settings/synchronous-options')],
  },
  {
    name: 'foreign-promise-taken-for-an-answer',
    flaw: "Another library's promise is no promise: it becomes an answer, and its failure ends the process.",
    changes: [
      {
        file: 'lib/options/synchronous.ts',
        replace: 'if (!isThenable(returned)) return false;',
        by: 'if (returned || !returned) return false;',
      },
    ],
    caughtBy: [specs('settings/synchronous-options')],
  },
  {
    name: 'promises-within-a-key-unheard',
    flaw: 'A key function that puts a promise into a list is refused, and the failure of that promise ends the process.',
    changes: [
      {
        file: 'lib/key/identity.ts',
        replace: "if (typeof selector === 'function') hearPromisesIn(value);",
        by: '',
      },
      {
        file: 'lib/key/identity.ts',
        replace: "import { hearPromisesIn } from '../options/synchronous.js';\n",
        by: '',
      },
    ],
    caughtBy: [specs('settings/synchronous-options')],
  },
  {
    name: 'async-codec-taken',
    flaw: 'An asynchronous codec is taken when it is defined, and every outcome is lost when it is kept.',
    changes: [
      {
        file: 'lib/options/codec-check.ts',
        replace: 'const expected = describeLateness(encode) ?? describeLateness(decode);',
        by: 'const expected = describeLateness(undefined);',
      },
    ],
    caughtBy: [specs('settings/synchronous-options', 'settings/options')],
  },
  {
    name: 'value-of-an-option-printed',
    flaw: 'A message shows what is in the value of a wrong option, passwords included.',
    changes: [
      {
        file: 'lib/options/wrong-option.ts',
        replace: 'return name === undefined || name ===',
        by: "if (name === 'Object') return `an object of ${Object.values(value).map(String).join()}`;\n  return name === undefined || name ===",
      },
    ],
    caughtBy: [specs('proofs/hostile/leaks')],
  },
  {
    name: 'class-name-of-data-printed',
    flaw: 'A message names the class of a value by what its property `name` says, which may be data.',
    changes: [
      {
        file: 'lib/options/wrong-option.ts',
        replace: 'return /^(?:class|function)',
        by: 'return (maker as { name?: string }).name ?? /^(?:class|function)',
      },
    ],
    caughtBy: [specs('proofs/hostile/leaks')],
  },
  {
    name: 'parts-of-a-wrong-expression-printed',
    flaw: 'What is given as a key and does not parse is repeated in part by the parser.',
    changes: [
      {
        file: 'lib/jmespath/jmespath.ts',
        replace: 'does not parse: ${withoutWordsOf(text, why)}',
        by: 'does not parse: ${withoutWordsOf(text, why) && why}',
      },
    ],
    caughtBy: [specs('settings/options')],
  },
  {
    name: 'argument-printed-by-record-of',
    flaw: 'The refusal of recordOf() repeats the argument that came where the name of a method belongs.',
    changes: [
      {
        file: 'lib/decorator/record-of.ts',
        replace: `if (typeof (self as Record<PropertyKey, unknown> | undefined)?.[method] === 'function')
    return String(method);`,
        by: "if (typeof self !== 'function' || method in self) return String(method);",
      },
    ],
    caughtBy: [specs('settings/messages')],
  },
  {
    name: 'replay-that-refuses-itself',
    flaw: 'An equal call inside of mapReplay is refused, as if it waited for the replay that it is a part of.',
    changes: [
      {
        file: 'lib/engine/execution/replay-execution.ts',
        replace: `  isFor(): boolean {
    return false;`,
        by: `  isFor(): boolean {
    return true;`,
      },
    ],
    caughtBy: [specs('engine/execution/current-in-options')],
  },
  {
    name: 'policy-without-its-execution',
    flaw: 'The function onError cannot ask which attempt it is about.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'this.#within(() => decide(this.call, error, this.#telling))',
        by: 'executions.exit(() => decide(this.call, error, this.#telling))',
      },
    ],
    caughtBy: [specs('engine/execution/current-in-options')],
  },
];
