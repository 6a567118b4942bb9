// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** Names that vary from build to build. */
export const edgesNames: readonly Mutant[] = [
  {
    name: 'made-up-names-pass',
    flaw: 'Two anonymous default exports are one operation.',
    changes: [
      {
        file: 'lib/process/names/names.ts',
        replace: 'return inventedName.test(name) ?',
        by: 'return inventedName.test(name) && name === what ?',
      },
    ],
    caughtBy: [specs('decorator/refused-at-the-call')],
  },
  {
    name: 'bound-methods-share-a-name',
    flaw: 'The bound methods of two classes are one operation, and no warning tells.',
    changes: [{ file: 'lib/process/names/names.ts', replace: "'^bound ',", by: "'^bound$'," }],
    caughtBy: [specs('decorator/refused-at-the-call')],
  },
  {
    name: 'static-methods-named-too-early',
    flaw: 'A static method has the name that its class has while it is defined.',
    changes: [
      {
        file: 'lib/decorator/decorated-method.ts',
        replace: 'declaring.learn(this as object, wrapper) && !isStatic',
        by: 'declaring.learn(this as object, wrapper)',
      },
    ],
    caughtBy: [specs('package/bundled-names')],
  },
  {
    name: 'renaming-not-seen',
    flaw: 'A bundle that renames classes says nothing.',
    changes: [
      {
        file: 'lib/process/names/build-names.ts',
        replace: "names[kind].replace(/\\$\\d+$/, '') === declared[kind]",
        by: 'names[kind].includes(declared[kind])',
      },
    ],
    caughtBy: [specs('package/bundled-names')],
  },
  {
    name: 'named-classes-told-of',
    flaw: 'The warning lists operations whose classes have names of their own.',
    changes: [
      {
        file: 'lib/decorator/declarations.ts',
        replace:
          'ownDefaults(target).name === undefined ? `${nameOf(target)}.${printedName(method)}` : undefined',
        by: '`${nameOf(target)}.${printedName(method)}`',
      },
    ],
    caughtBy: [specs('package/bundled-names')],
  },
  {
    name: 'each-instance-told-of',
    flaw: 'One operation is warned of again and again.',
    changes: [
      {
        file: 'lib/process/names/build-names.ts',
        replace: 'for (const name of names) warned.add(name);',
        by: '',
      },
    ],
    caughtBy: [specs('package/bundled-names')],
  },
  {
    name: 'three-letters-pass',
    flaw: 'A minified name of three letters, of a large bundle, is part of keys.',
    changes: [
      {
        file: 'lib/process/names/names.ts',
        replace: 'name.length === 3 && areMinified(what)',
        by: 'name.length === 0 && areMinified(what)',
      },
    ],
    caughtBy: [specs('package/bundled-names')],
  },
];
