import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Outside of the engine: how keys are read, what decorators declare, what becomes of values. */
export const outside: readonly Mutant[] = [
  {
    name: 'index-from-the-wrong-end',
    flaw: 'A negative index of a path counts from the beginning of the list.',
    changes: [
      {
        file: 'lib/request/expression/path.ts',
        replace: 'withExactNumbers(value)[index < 0 ? value.length + index : index]',
        by: 'withExactNumbers(value)[Math.abs(index)]',
      },
    ],
    caughtBy: [specs('request/plain-paths.property')],
  },
  {
    name: 'missing-parts-skipped-by-a-path',
    flaw: 'A list of paths leaves out what selects nothing, so that an order without its number has the key of another.',
    changes: [
      {
        file: 'lib/request/expression/path.ts',
        replace:
          "this.#takes(']') ? (value, document) => parts.map((part) => part(value, document)) : undefined",
        by: "this.#takes(']')\n      ? (value, document) => parts.map((part) => part(value, document)).filter((part) => part !== null)\n      : undefined",
      },
    ],
    caughtBy: [specs('key/keys', 'request/plain-paths.property')],
  },
  {
    name: 'header-of-the-part',
    flaw: 'A header is read from the part that an expression has come to, and not from the request.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/request/expression/path.ts',
        replace: 'return (_, document) => lookUpHeader(document, wanted);',
        by: 'return (part) => lookUpHeader(part, wanted);',
      },
    ],
    caughtBy: [specs('request/plain-paths.property', 'key/keys', 'request/request-headers')],
  },
  {
    name: 'map-in-another-order',
    flaw: 'Two Maps with the same entries in another order have different keys.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: '    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))\n',
        by: '',
      },
    ],
    caughtBy: [specs('key/keys', 'key/key-vectors')],
  },
  {
    name: 'errors-of-any-cause-meet',
    flaw: 'Two errors that differ only in their cause have one key.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "return ['Error', name, message, inner(cause, '.cause'), inner(errors, '.errors')];",
        by: "return ['Error', name, message, inner(cause && null, '.cause'), inner(errors, '.errors')];",
      },
    ],
    caughtBy: [specs('key/keys', 'key/key-vectors')],
  },
  {
    name: 'derived-keys-that-meet',
    flaw: 'The keys of two downstream calls are one, where key and label together read alike.',
    changes: [
      {
        file: 'lib/engine/execution/derived-key.ts',
        replace: 'JSON.stringify([key, label])',
        by: 'key + label',
      },
    ],
    caughtBy: [specs('engine/execution/derived-keys')],
  },
  {
    name: 'class-behind-the-process',
    flaw: 'Defaults of the process win over those of a class.',
    changes: [
      {
        file: 'lib/settings/settings.ts',
        replace: '    ...definedOptions(configuration.options),\n    ...definedOptions(classOptions),\n',
        by: '    ...definedOptions(classOptions),\n    ...definedOptions(configuration.options),\n',
      },
    ],
    caughtBy: [specs('settings/layering')],
  },
  {
    name: 'configuration-that-adds-up',
    flaw: 'Configuring the process keeps what was configured before, so that nothing resets it.',
    changes: [
      {
        file: 'lib/settings/settings.ts',
        replace: 'configuration.options = { ...options };',
        by: 'configuration.options = { ...configuration.options, ...options };',
      },
    ],
    caughtBy: [specs('settings/layering', 'settings/defaults')],
  },
  {
    name: 'name-of-the-parent',
    flaw: 'A subclass inherits the name of its parent’s operations, so that equal methods of two subclasses share outcomes.',
    changes: [
      {
        file: 'lib/decorator/class-defaults.ts',
        replace: 'return defaults.get(homeOf(target)) ?? {};',
        by: 'return defaultsFor(target);',
      },
    ],
    caughtBy: [specs('settings/defaults')],
  },
  {
    name: 'twin-operations-unsaid',
    flaw: 'There is no warning that two different methods have one name.',
    changes: [
      {
        file: 'lib/process/names/names.ts',
        replace: 'if (known === undefined || known === source) return;',
        by: 'if (known === undefined || known !== undefined) return;',
      },
    ],
    caughtBy: [
      specs('decorator/refused-at-the-call', 'decorator/decorating', 'decorator/idempotent-operations'),
    ],
  },
  {
    name: 'parents-listed-first',
    flaw: 'The list of a class’s operations begins with those of its parents.',
    changes: [
      {
        file: 'lib/decorator/idempotency-defaults.ts',
        replace: 'return classesOf(target).flatMap((one) =>',
        by: 'return classesOf(target).reverse().flatMap((one) =>',
      },
    ],
    caughtBy: [specs('decorator/idempotent-operations')],
  },
  {
    name: 'minus-zero-as-zero',
    flaw: 'A result of -0 replays as 0.',
    changes: [
      {
        file: 'lib/outcome/plain-json.ts',
        replace: 'return isJsonNumber(value);',
        by: 'return Number.isFinite(value);',
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
  {
    name: 'bytes-of-others-kept',
    flaw: 'A view of a few bytes stores the whole buffer behind it, with the bytes of others in it.',
    changes: [
      {
        file: 'lib/outcome/reducers.ts',
        replace: 'new Uint8Array(bytesIn(view))',
        by: 'new Uint8Array(view.buffer).slice()',
      },
    ],
    caughtBy: [specs('outcome/outcome-values', 'outcome/outcome-values.property')],
  },
  {
    name: 'aggregate-without-its-errors',
    flaw: 'An AggregateError replays without the errors in it.',
    changes: [
      {
        file: 'lib/outcome/rich-errors.ts',
        replace: "if (Array.isArray(parts.errors)) setOwn(revived, 'errors', parts.errors, false);",
        by: "if (Array.isArray(parts.errors)) setOwn(revived, 'errors', [], false);",
      },
    ],
    caughtBy: [
      specs(
        'outcome/outcome-values',
        'outcome/outcome-values.property',
        'outcome/error-classes',
        'outcome/errors',
      ),
    ],
  },
  {
    name: 'stack-of-nobody',
    flaw: 'The stack of a replayed error names neither the error nor its message.',
    survivedAtFirst: true,
    changes: [
      {
        file: 'lib/outcome/rich-errors.ts',
        replace: '  Error.captureStackTrace(revived, revivedError);\n',
        by: '',
      },
    ],
    caughtBy: [
      specs(
        'outcome/outcome-values',
        'outcome/outcome-values.property',
        'outcome/error-classes',
        'outcome/error-data',
      ),
    ],
  },
  {
    name: 'most-used-dropped-first',
    flaw: 'What this process keeps leaves in the order in which it came, and not by when it was used last.',
    changes: [
      {
        file: 'lib/engine/driver/local-outcomes.ts',
        replace: `  records.delete(call.key);
  records.set(call.key, record);
`,
        by: '',
      },
    ],
    caughtBy: [specs('engine/call/local-outcomes')],
  },
];
