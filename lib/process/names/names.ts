import { ConfigurationError } from '../../errors.js';
import { shared } from '../shared.js';
import { warnOnce } from '../warnings.js';
import { areMinified } from './kept-names.js';

/** The source text of the method behind each operation name. */
const sources = shared('operation-sources', () => new Map<string, string>());

/** Whether a name is one that a minifier gave: it would differ from build to build. */
export function looksMinified(name: string): boolean {
  return name.length <= 2;
}

const madeUp = [
  // TypeScript, Babel, swc, webpack; `new Function`.
  /^(?:_?(?:default|class|anonymous)|_Class)(?:_?\d+)?$|^_classThis/,
  // esbuild, Bun and Rolldown: pay_card_default; webpack: pay_card_class, and while the class is defined a name of its own.
  /[^_]_(?:default|class)\d*$|^__[A-Z]+_+(?:DEFAULT|default)_/,
  // esbuild: _a, _a2.
  /^_[a-z]\d*$/,
  // Rollup: PaymentService$1; Parcel: $4fa36e821943b400$var$PaymentService.
  /\$\d+$|^\$[\da-f]{16}\$/,
  // Those of all classes would be one operation, and their sources do not tell them apart.
  /^bound /,
];

/** Says why the name of a class or function cannot be part of a key, if it cannot. */
export function describeBorrowedNameFault(
  name: string,
  what: 'class' | 'function' = 'class',
): string | undefined {
  // A large bundle has more names than there are of two letters.
  const isShort = name.length === 3 && areMinified(what);
  if (isShort || looksMinified(name)) return 'looks minified';
  return madeUp.some((pattern) => pattern.test(name)) ? 'was made up by a compiler or bundler' : undefined;
}

/**
 * Refuses the name of a class or function that cannot be part of an operation's name.
 *
 * @throws {ConfigurationError}
 */
export function checkBorrowedName(name: string, what: 'class' | 'function', where: string): void {
  const fault = describeBorrowedNameFault(name, what);
  if (fault) throw missingName(where, what, name, fault);
}

const remedies = {
  class: "@IdempotencyDefaults({ name: 'PreFundService' }) on the class",
  method: "@Idempotent({ name: 'PreFundService.placeHold' })",
  function: "makeIdempotent(placeHold, { name: 'placeHold' })",
};

/** The refusal of a name that would differ from build to build, or be that of many. */
export function missingName(
  where: string,
  what: 'class' | 'method' | 'function',
  name: string,
  fault: string,
): ConfigurationError {
  const isMinified = name !== '' && fault === 'looks minified';
  const said =
    name === '' ? `the ${what} has no name` : `the name of the ${what} is "${name}", which ${fault}`;
  return new ConfigurationError(
    `${where}: option "name" is undefined, and ${said}; keys made with it would change from build to build, or be shared with another ${what}. Right would be ${remedies[what]}${isMinified ? ', or a build with keepNames' : ''}`,
  );
}

/** Answers with what would be right where `name` cannot name an operation. */
export function describeNameFault(name: unknown): string | undefined {
  const isName = typeof name === 'string' && name.length > 0 && name.length <= 200 && name.trim() === name;
  return isName ? undefined : 'a text of 1 to 200 characters without surrounding space';
}

/** Warns once where two different methods bear one operation name: equal payloads would share a key. */
export function registerName(name: string, method: (...args: never[]) => unknown): void {
  const source = Function.prototype.toString.call(method);
  const known = sources.get(name);
  sources.set(name, known ?? source);
  // Compared by source, since module resets (test runners, hot reload) define one method anew again and again.
  if (known === undefined || known === source) return;
  warnOnce(
    `name:${name}`,
    'RETRYSAFE_DUPLICATE_NAME',
    `Two different operations are named "${name}": equal payloads would share an outcome. Give one of them another \`name\`.`,
  );
}
