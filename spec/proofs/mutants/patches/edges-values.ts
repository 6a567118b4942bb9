import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** What values and errors are besides their content, and the classes of libraries. */
export const edgesValues: readonly Mutant[] = [
  {
    name: 'own-properties-dropped',
    flaw: 'Own properties of a list, Map, Set or Date are lost on a replay.',
    changes: [
      {
        file: 'lib/outcome/reducers.ts',
        replace: 'return hasMore(value, own) && ownForm(value, kind, own);',
        by: 'return hasMore(value, own) && value === own && ownForm(value, kind, own);',
      },
    ],
    caughtBy: [specs('values/own-properties')],
  },
  {
    name: 'hidden-function-dropped',
    flaw: 'A function in a list’s property that is not enumerable is dropped without a word.',
    changes: [
      {
        file: 'lib/values/own-properties.ts',
        replace: "if (typeof part === 'function' && !kind && isOfItsClass(value, name, property)) continue;",
        by: "if (typeof part === 'function' && !property.enumerable) continue;",
      },
    ],
    caughtBy: [specs('values/own-properties')],
  },
  {
    name: 'kind-by-what-it-calls-itself',
    flaw: 'Whatever calls itself a Map by its tag is taken for one.',
    changes: [
      {
        file: 'lib/values/built-in-kinds.ts',
        replace: 'if (test) return test[0];',
        by: 'const shown = Object.prototype.toString.call(value).slice(8, -1);\n  if (test ?? tests.some(([kind]) => kind === shown)) return shown;',
      },
    ],
    caughtBy: [specs('values/values-that-call-themselves')],
  },
  {
    name: 'replayed-error-gets-a-prototype',
    flaw: 'A stored field named __proto__ gives a replayed error another prototype.',
    changes: [
      {
        file: 'lib/outcome/rich-errors.ts',
        replace: 'setAll(revived, fields, true);',
        by: 'Object.assign(revived, fields);',
      },
    ],
    caughtBy: [specs('outcome/stored-oddities')],
  },
  {
    name: 'falsy-data-is-none',
    flaw: 'What `to` gives is taken for nothing where it is 0, false or an empty text.',
    changes: [
      {
        file: 'lib/outcome/reducers.ts',
        replace: 'if (one.to) return [dataOf(one, value)];',
        by: 'if (one.to) return dataOf(one, value) && [dataOf(one, value)];',
      },
    ],
    caughtBy: [specs('values/class-entries')],
  },
  {
    name: 'entries-not-in-keys',
    flaw: 'Instances of a class in `classes` are told apart in results and not in keys.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: 'if (entry?.to) return special(',
        by: "if (entry?.to && path === 'nowhere') return special(",
      },
    ],
    caughtBy: [specs('values/class-entries')],
  },
  {
    name: 'entry-name-not-in-keys',
    flaw: 'Two classes whose instances give the same data have the same key.',
    changes: [
      {
        file: 'lib/key/canonical.ts',
        replace: "special('entry', entry.name, ",
        by: "special('entry', ",
      },
    ],
    caughtBy: [specs('values/class-entries')],
  },
  {
    name: 'remembered-by-another-test',
    flaw: 'A class is asked for its instances when an error is remembered, and not when it is replayed.',
    changes: [
      {
        file: 'lib/values/listed-classes.ts',
        replace: 'return one && !one.to && isNative(one) ? undefined : one;',
        by: 'return one && ((!one.to && isNative(one)) || !one.class.prototype.isPrototypeOf(value as object)) ? undefined : one;',
      },
    ],
    caughtBy: [specs('outcome/error-data')],
  },
  {
    name: 'passing-error-remembered',
    flaw: 'That the store did not answer becomes the outcome, where `remember` lists Error.',
    changes: [
      {
        file: 'lib/engine/driver/error-decision.ts',
        replace: '(!isPassing(error) || isOwnKind(one.class))',
        by: 'true',
      },
    ],
    caughtBy: [specs('outcome/error-data')],
  },
  {
    name: 'credentials-kept',
    flaw: 'Of an HTTP client’s configuration everything but its functions is kept with an error, credentials included.',
    changes: [
      {
        file: 'lib/outcome/pruning.ts',
        replace: 'const method = level > 0 ? methodOf(value) : undefined;',
        by: 'const method = level < 0 ? methodOf(value) : undefined;',
      },
    ],
    caughtBy: [specs('outcome/error-data')],
  },
  {
    name: 'status-on-the-prototype-lost',
    flaw: 'The status of an HTTP error that its class’s prototype has is gone where it replays as its parent.',
    changes: [
      {
        file: 'lib/outcome/error-fields.ts',
        replace: "if (typeof value !== 'function') yield [name, value];",
        by: "if (typeof value === 'symbol') yield [name, value];",
      },
    ],
    caughtBy: [specs('outcome/error-data')],
  },
];
