import { ConfigurationError } from '../../errors.js';
import { sourceOf } from '../../options/reading.js';
import { shared } from '../shared.js';
import { warnOnce } from '../warnings.js';
import { areMinified } from './build-names.js';

/** The source text of the method behind each operation name. */
const sources = shared('operation-sources', () => new Map<string, string>());

/** What an operation can take its name from. */
type Source = 'class' | 'method' | 'function';

const LOOKS_MINIFIED = 'looks minified';

const inventedName = new RegExp(
  [
    // TypeScript, Babel, swc, webpack; `new Function`.
    '^(_?(default|class|anonymous)|_Class)(_?\\d+)?$|^_classThis',
    // esbuild, Bun and Rolldown: pay_card_default; webpack: pay_card_class, and another one while the class is being defined.
    '[^_]_(default|class)\\d*$|^__[A-Z]+_+(DEFAULT|default)_',
    // esbuild: _a, _a2.
    '^_[a-z]\\d*$',
    // Rollup: PaymentService$1; Parcel: $4fa36e821943b400$var$PaymentService.
    '\\$\\d+$|^\\$[\\da-f]{16}\\$',
    // Bound methods of all classes would have one name, and their source code is the same.
    '^bound ',
  ].join('|'),
);

/**
 * Returns why the name of a class, method or function cannot be part of a key, or `undefined` if it can. A name that a minifier or
 * compiler gave changes from build to build.
 */
export function describeBorrowedNameFault(name: string, what: Source = 'class'): string | undefined {
  if (name.length <= 2) return LOOKS_MINIFIED;
  // Compilers and bundlers invent no names for methods.
  if (what === 'method') return undefined;
  // A large bundle has more names than there are names of two letters.
  if (name.length === 3 && areMinified(what)) return LOOKS_MINIFIED;
  return inventedName.test(name) ? 'was made up by a compiler or bundler' : undefined;
}

const remedies = {
  class: "@IdempotencyDefaults({ name: 'PreFundService' }) on the class",
  method: "@Idempotent({ name: 'PreFundService.placeHold' })",
  function: "makeIdempotent(placeHold, { name: 'placeHold' })",
};

/**
 * Checks that the name of a class, method or function can be part of an operation's name.
 *
 * @throws {ConfigurationError}
 */
export function checkBorrowedName(name: string, what: Source, where: string): void {
  const fault = describeBorrowedNameFault(name, what);
  if (!fault) return;
  const why =
    name === '' ? `the ${what} has no name` : `the name of the ${what} is "${name}", which ${fault}`;
  const orBuild = name !== '' && fault === LOOKS_MINIFIED ? ', or build with keepNames' : '';
  throw new ConfigurationError(
    `${where}: option "name" is undefined, and ${why}; keys made with it would change from build to build, or be shared with another ${what}. Set it with ${remedies[what]}${orBuild}`,
  );
}

/** Returns what is expected instead of `name`, or `undefined` if it can name an operation. */
export function describeNameFault(name: unknown): string | undefined {
  const isName = typeof name === 'string' && name.length > 0 && name.length <= 200 && name.trim() === name;
  return isName ? undefined : 'a text of 1 to 200 characters without surrounding space';
}

/** Warns once if two different methods have one operation name: equal payloads would then share a key. */
export function registerName(name: string, method: (...args: never[]) => unknown): void {
  const source = sourceOf(method);
  const known = sources.get(name);
  sources.set(name, known ?? source);
  // Methods are compared by source code, since test runners and hot reload define the same method again.
  if (known === undefined || known === source) return;
  warnOnce(
    `name:${name}`,
    'RETRYSAFE_DUPLICATE_NAME',
    `Two different operations are named "${name}": equal payloads would share an outcome. Give one of them another \`name\`.`,
  );
}
