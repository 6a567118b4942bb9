import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

/** How a decorated method meets its class, and what else is looked up on it. */
export const edgesMethod: readonly Mutant[] = [
  {
    name: 'marks-not-copied',
    flaw: 'What decorators below noted about a method is not its own any more by the polyfill of the process.',
    changes: [
      {
        file: 'lib/decorator/marks.ts',
        replace: '  copyBy(Reflect as MetadataFunctions, from, to);\n',
        by: '',
      },
    ],
    caughtBy: [specs('decorator/marks')],
  },
  {
    name: 'marks-not-inherited',
    flaw: 'What decorators below noted is lost with a polyfill that cannot list it, and guards with it.',
    changes: [
      { file: 'lib/decorator/stand-in.ts', replace: '  Object.setPrototypeOf(wrapper, method);\n', by: '' },
    ],
    caughtBy: [specs('decorator/marks')],
  },
  {
    name: 'marks-hidden-by-nothing',
    flaw: 'A mark that one polyfill lists and another does not know is copied as undefined.',
    changes: [
      {
        file: 'lib/decorator/marks.ts',
        replace: 'value !== undefined || metadata.hasOwnMetadata?.(key, from)',
        by: 'value !== undefined || key !== undefined',
      },
    ],
    caughtBy: [specs('decorator/marks')],
  },
  {
    name: 'own-properties-fall-behind',
    flaw: 'The own properties of a wrapped function are copies that do not follow what is assigned to it.',
    changes: [
      {
        file: 'lib/decorator/stand-in.ts',
        replace: 'get: () => Reflect.get(method, key),',
        by: 'get: ((value: unknown) => () => value)(Reflect.get(method, key)),',
      },
    ],
    caughtBy: [specs('decorator/function-properties')],
  },
  {
    name: 'borrowed-method-runs',
    flaw: 'A method of a class with options runs on an object that borrows it, without those options.',
    changes: [
      {
        file: 'lib/decorator/declaring-class.ts',
        replace: 'if (isInstance || !needsInstance([...homes, metadata], options)) return;',
        by: 'if (isInstance || self !== undefined || !needsInstance([...homes, metadata], options)) return;',
      },
    ],
    caughtBy: [specs('decorator/handed-on')],
  },
  {
    name: 'options-of-subclasses-lost',
    flaw: 'An inherited method that is handed on runs without the options of the subclass it was taken from.',
    changes: [
      {
        file: 'lib/decorator/class-defaults.ts',
        replace: 'for (const ancestor of classesOf(target)) {',
        by: 'for (const ancestor of classesOf(target).slice(0, 1)) {',
      },
    ],
    caughtBy: [specs('decorator/handed-on')],
  },
  {
    name: 'options-of-later-subclasses-lost',
    flaw: 'A method that was called without its instance before goes on so when a subclass with options is defined.',
    survivedAtFirst: true,
    changes: [
      { file: 'lib/decorator/class-defaults.ts', replace: '  configuration.version += 1;\n', by: '' },
    ],
    caughtBy: [specs('decorator/handed-on')],
  },
  {
    name: 'functions-ask-nobody',
    flaw: 'A selector that asks the instance is called without one, and fails in its own words or selects something else.',
    changes: [
      {
        file: 'lib/decorator/declaring-class.ts',
        replace: '|| usesInstance(options) || usesInstance(configuration.options)',
        by: '',
      },
    ],
    caughtBy: [specs('decorator/handed-on')],
  },
];
