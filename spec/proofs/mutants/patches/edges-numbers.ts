import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Reading the numbers of a request, and what it leaves out. */
export const edgesOfNumbers: readonly Mutant[] = [
  {
    name: 'text-that-is-a-number',
    flaw: 'A message that JSON takes for a number is that number, so that two ids share an outcome.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: 'if (!/^\\ufeff?[ \\t\\n\\r]*[[{]/.test(text)) return text;',
        by: '',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'fractions-rounded',
    flaw: 'Two fractions that a double does not hold are one number.',
    changes: [
      {
        file: 'lib/values/json/exact-number.ts',
        replace: 'if (decimal.digits.length > DIGITS_OF_A_DOUBLE) return this;',
        by: 'if (decimal.digits.length > DIGITS_OF_A_DOUBLE) return Number(this.written);',
      },
    ],
    caughtBy: [specs('key/numbers', 'key/numbers.property')],
  },
  {
    name: 'exponents-not-read',
    flaw: 'A number is taken for another where only their exponents differ.',
    changes: [
      {
        file: 'lib/values/json/json-tokens.ts',
        replace: 'if (end - start > SAFE_LENGTH || isExponent(json.charCodeAt(end))) return true;',
        by: 'if (end - start > SAFE_LENGTH) return true;',
      },
    ],
    caughtBy: [specs('key/numbers', 'key/numbers.property')],
  },
  {
    name: 'spelling-of-a-number-counts',
    flaw: 'A number that is written in another way is another number.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "exact.isInteger ? 'bigint' : 'number', exact.text",
        by: "exact.isInteger ? 'bigint' : 'number', exact.written",
      },
    ],
    caughtBy: [specs('key/numbers', 'key/numbers.property')],
  },
  {
    name: 'parts-of-a-text-not-read',
    flaw: 'The long numbers of a list within the request are rounded.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace:
          'correct(value as Container, { ...part, risks: part.risks ?? risksWithin(part.json, part.start) });',
        by: '',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'parts-of-a-list-not-read',
    flaw: 'The long numbers of a part of a list are rounded.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: 'if (!risks && hasRisk(json, at, end)) note(',
        by: 'if (!risks && !Array.isArray(container) && hasRisk(json, at, end)) note(',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'parts-after-a-part-of-parts-not-read',
    flaw: 'The long numbers of a part are rounded where the part before it has parts of its own.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: 'part = risks[part + 2] as number;',
        by: 'part += 3;',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'first-number-of-a-part-counts',
    flaw: 'The long numbers of a part are rounded where its first number is short.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: 'if (isRisky(json, at, digits)) return true;',
        by: 'return isRisky(json, at, digits);',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'first-of-two-properties',
    flaw: 'Of two properties with one name, a long number counts though it is not the last.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: 'corrected.delete(name());',
        by: 'name();',
      },
    ],
    caughtBy: [specs('request/read-text', 'request/read-text.property')],
  },
  {
    name: 'long-numbers-left-out-of-filters',
    flaw: 'A filter leaves out items whose number is no double.',
    changes: [
      {
        file: 'lib/jmespath/jmespath-interpreter.ts',
        replace: 'if (!isAnyNumber(one) || !isAnyNumber(other)) return null;',
        by: "if (typeof one !== 'number' || typeof other !== 'number') return null;",
      },
    ],
    caughtBy: [specs('request/expression-numbers')],
  },
  {
    name: 'literals-rounded',
    flaw: 'A long number in an expression is another one than in the request.',
    changes: [
      {
        file: 'lib/jmespath/jmespath.ts',
        replace: "if (!part.startsWith('`') || !/\\d/.test(part)) return part;",
        by: 'if (part.length >= 0) return part;',
      },
    ],
    caughtBy: [specs('request/expression-numbers')],
  },
  {
    name: 'undefined-property-counts',
    flaw: 'A request has another key once a queue has lost its property that is `undefined`.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: 'if (isItsClass(value, name) || isAbsent(value, name, part)) continue;',
        by: 'if (isItsClass(value, name)) continue;',
      },
    ],
    caughtBy: [specs('key/absent-properties')],
  },
  {
    name: 'undefined-element-lost',
    flaw: 'A list with holes that has `undefined` among its elements has the key of one that has not.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: 'return part === undefined && !(',
        by: 'return part === undefined || (false && ',
      },
    ],
    caughtBy: [specs('key/absent-properties')],
  },
  {
    name: 'projection-drops-parts',
    flaw: 'A projection of a key drops what it selects nothing of.',
    changes: [
      {
        file: 'lib/jmespath/jmespath.ts',
        replace: "if (needsParts && type.endsWith('Projection'))",
        by: "if (needsParts && type === 'FilterProjection')",
      },
    ],
    caughtBy: [specs('request/expression-vectors')],
  },
  {
    name: 'refused-before-the-import-for-good',
    flaw: 'An expression that was refused without `retrysafe/jmespath` is refused after its import, too.',
    changes: [
      {
        file: 'lib/request/expression/expression.ts',
        replace: 'if (fresh.expression || jmespath.compile) compiled[parts].set(',
        by: 'compiled[parts].set(',
      },
    ],
    caughtBy: [specs('request/jmespath-import')],
  },
  {
    name: 'exact-numbers-of-one-copy',
    flaw: 'A long number is an object of another class where another copy of the library has compiled the expression.',
    changes: [
      {
        file: 'lib/values/json/exact-number.ts',
        replace: "shared('exact-number', () => NumberOfJson)",
        by: 'shared(String(Math.random()), () => NumberOfJson)',
      },
    ],
    caughtBy: [specs('request/jmespath-import')],
  },
  {
    name: 'unread-numbers-of-one-copy',
    flaw: 'A long number is rounded where another copy of the library has compiled the expression.',
    changes: [
      {
        file: 'lib/values/json/exact-json.ts',
        replace: "shared('unread-json', () => new WeakMap<object, Unread>())",
        by: 'shared(String(Math.random()), () => new WeakMap<object, Unread>())',
      },
    ],
    caughtBy: [specs('request/jmespath-import')],
  },
  {
    name: 'outer-expression-forgotten',
    flaw: 'A key drops missing parts after a getter of the request has run another expression.',
    changes: [{ file: 'lib/jmespath/jmespath.ts', replace: 'running = outer;', by: 'running = undefined;' }],
    caughtBy: [specs('request/jmespath-import')],
  },
];
