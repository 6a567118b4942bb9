// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Telling calls apart, and keeping what they gave. */
export const values: readonly Mutant[] = [
  {
    name: 'order-of-properties-counts',
    flaw: 'The same request with its properties in another order has another key.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "return stringify(canonical(value, '', ",
        by: "return JSON.stringify(canonical(value, '', ",
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'map-and-set-are-empty',
    flaw: 'A Map or Set is told apart by its fields, of which it has none.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: 'const entries = [...entriesOf(value)];',
        by: 'const entries: [unknown, unknown][] = [];',
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'special-form-not-escaped',
    flaw: 'Plain data with the same form as a date has the key of that date.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "fields[name.startsWith('$') ? `$${name}` : name] = inner(part",
        by: 'fields[name] = inner(part',
      },
    ],
    caughtBy: [specs('key/key-vectors')],
  },
  {
    name: 'numbers-as-json-has-them',
    flaw: 'NaN, infinities, -0 and nothing are one value in a key.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace:
          "isJsonNumber(number) ? number : special('number', Object.is(number, -0) ? '-0' : String(number))",
        by: 'Number.isFinite(number) ? number : null',
      },
    ],
    caughtBy: [specs('key/key-vectors')],
  },
  {
    name: 'part-of-a-key-missing',
    flaw: 'A key of several parts is taken where one of them selects nothing.',
    changes: [
      {
        file: 'lib/key/selection.ts',
        replace: 'parts.some((part) => selectsNothing(part, request, seen))',
        by: 'parts.every((part) => selectsNothing(part, request, seen))',
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'nothing-is-a-key',
    flaw: 'An expression that selects nothing gives all such requests one key.',
    changes: [
      {
        file: 'lib/key/selection.ts',
        replace: 'if (selectsNothing(value, request)) throw',
        by: "if (option !== 'key' && selectsNothing(value, request)) throw",
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'zero-selects-nothing',
    flaw: 'A key that is 0 or false counts as one that is missing.',
    changes: [
      {
        file: 'lib/key/selection.ts',
        replace: "if (value === undefined || value === null || value === '') return true;",
        by: 'if (!value) return true;',
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'scope-not-in-the-key',
    flaw: 'Two tenants with the same key share an outcome.',
    changes: [
      {
        file: 'lib/key/identity.ts',
        replace: '${opening(operation)}${scopeText}',
        by: '${opening(operation)}${scopeText.slice(0, 0)}null',
      },
    ],
    caughtBy: [specs('key/keys')],
  },
  {
    name: 'context-in-the-key',
    flaw: 'The context of a Lambda invocation is part of the key, so that no delivery is a duplicate of another.',
    changes: [
      {
        file: 'lib/key/selection.ts',
        replace: 'args.filter((argument) => !isLambdaContext(argument))',
        by: 'args.map((argument) => (isLambdaContext(argument) ? argument.awsRequestId : argument))',
      },
    ],
    caughtBy: [specs('request/lambda')],
  },
  {
    name: 'result-aliased',
    flaw: 'All duplicates get the same object, so that a change by one of them changes it for all.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: "if ('json' in stored) return copyOfJson(stored.json);",
        by: "if ('json' in stored) return stored.json;",
      },
    ],
    caughtBy: [specs('engine/one-outcome')],
  },
  {
    name: 'recorded-result-aliased',
    flaw: 'The caller of the first call can change what is recorded, by changing its own result.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: 'if (copy) return { kind, json: copy.json };',
        by: 'if (copy) return { kind, json: value };',
      },
    ],
    caughtBy: [specs('engine/call/faults')],
  },
  {
    name: 'result-through-json',
    flaw: 'A replayed Date is a text, and a replayed Map is empty.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: 'const copy = copyIfPlain(value);',
        by: "const copy = typeof value === 'object' ? { json: JSON.parse(JSON.stringify(value)) } : copyIfPlain(value);",
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
  {
    name: 'error-classified-by-name',
    flaw: 'Whether an error is remembered depends on its name, which others may have too.',
    changes: [
      {
        file: 'lib/engine/driver/error-decision.ts',
        replace: 'const one = settings.remembered.of(error);',
        by: 'const one = settings.remembered.all.find(({ name }) => (error as Error | undefined)?.name === name);',
      },
    ],
    caughtBy: [specs('outcome/foreign-errors')],
  },
  {
    name: 'failing-decision-releases',
    flaw: 'Where the function that decides about errors fails itself, the key is freed.',
    changes: [
      {
        file: 'lib/engine/driver/error-decision.ts',
        replace: "return 'unknown';",
        by: "return 'release';",
      },
    ],
    caughtBy: [specs('engine/error-decisions')],
  },
  {
    name: 'special-form-in-plain-json',
    flaw: 'Plain JSON that looks like the form of another value has the key of that value.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "if (name.startsWith('$') || !part || !('value' in part)) return false;",
        by: "if (!part || !('value' in part)) return false;",
      },
    ],
    caughtBy: [specs('key/keys', 'key/keys.property')],
  },
  {
    name: 'names-of-lists-left-out',
    flaw: 'A list with a property of its own in place of an element has the key of one without.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace:
          "if (isList && (names.length !== value.length || !isIndex(names.at(-1) ?? '0'))) return false;",
        by: 'if (isList && names.length !== value.length) return false;',
      },
    ],
    caughtBy: [specs('key/keys', 'key/keys.property')],
  },
  {
    name: 'prototype-set-by-a-copy',
    flaw: 'A result with a property named `__proto__` is replayed with another prototype, and without the property.',
    changes: [
      {
        file: 'lib/values/json/json-copy.ts',
        replace: "    if (name === '__proto__') return notCopied;\n",
        by: '',
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
  {
    name: 'one-object-made-two',
    flaw: 'An object in two places of a result is replayed as two objects.',
    changes: [
      {
        file: 'lib/values/json/json-copy.ts',
        replace: 'if (known) known.push(value);',
        by: 'if (known && !isStrict) known.push(value);',
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
  {
    name: 'hidden-property-not-copied',
    flaw: 'A property of a result that is not enumerable is lost in its replays.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/values/json/json-copy.ts',
        replace: 'if (isStrict && Reflect.ownKeys(value).length !==',
        by: 'if (!isStrict && Reflect.ownKeys(value).length !==',
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
];
