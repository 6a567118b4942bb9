import { KeyError } from '../errors.js';
import { keyOfSelected, type SelectedValues } from '../key/identity.js';
import type { KnownOperations } from '../operator/known-operations.js';
import { isKey } from '../record/key-parts.js';
import { parseExactly } from '../values/json/exact-json.js';
import { listedClasses } from '../values/listed-classes.js';
import type { ArgumentOption, ReadArguments } from './read-arguments.js';
import { shownInLine } from './text.js';
import { UsageError } from './usage-error.js';

/** The options that say which key an operation and what a call selects make. */
export const keyArguments = {
  select: {
    value: '<JSON>',
    help: `What the option \`key\` selects of the call: '"T-1001"', or '["T-1001", 5]'.`,
  },
  args: { value: '<JSON>', help: 'All arguments, as a list, where the operation has no option `key`.' },
  scope: { value: '<JSON>', help: 'What the option `scope` selects, where the operation has one.' },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

/**
 * Returns the key that a command is about: the one that was given, or that of an operation and what its options select.
 *
 * @throws {UsageError} where there is none.
 */
export function keyOf(name: string, { values }: ReadArguments, operations: KnownOperations): string {
  const [select] = values.select ?? [];
  const [args] = values.args ?? [];
  const [scope] = values.scope ?? [];
  if (select === undefined && args === undefined) {
    if (scope !== undefined) throw new UsageError('--scope: expected --select or --args beside it');
    if (isKey(name)) return name;
    throw new UsageError(
      `${name} is no idempotency key, which ends with a # and 64 hexadecimal digits; if it is an operation, give --select (or --args, where it has no option \`key\`)`,
    );
  }
  if (select !== undefined && args !== undefined)
    throw new UsageError('--select: expected it or --args, and not both');
  const settings = operations.get(name);
  if (settings) checkAgainst(name, settings, { select, scope });
  const selected: SelectedValues = {
    ...(args === undefined ? { key: jsonIn('select', select as string) } : { args: listIn(args) }),
    ...(scope !== undefined && { scope: jsonIn('scope', scope) }),
  };
  const listed = settings?.listed ?? listedClasses(undefined, undefined);
  try {
    return keyOfSelected(name, selected, listed as Parameters<typeof keyOfSelected>[2]);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new UsageError(error.message);
  }
}

/**
 * What an operation's name could have meant, for the end of a message that nothing was found: nothing where it is known, or the configuration
 * has none. An operation that is not in it has keys as well.
 */
export function otherNames(name: string | undefined, operations: KnownOperations): string {
  if (name === undefined || operations.size === 0 || operations.has(name)) return '';
  const names = [...operations.keys()].sort().join(', ');
  return `, and no operation ${shownInLine(name)} in the configuration, which has ${names}`;
}

/** What an operation selects is known here, and so is which of the options name its keys. */
function checkAgainst(
  name: string,
  { key, scope: scoped }: NonNullable<ReturnType<KnownOperations['get']>>,
  { select, scope }: { readonly select: string | undefined; readonly scope: string | undefined },
): void {
  if (key !== undefined && select === undefined)
    throw new UsageError(`--args: ${name} has an option \`key\`; give what that selects, by --select`);
  if (key === undefined && select !== undefined)
    throw new UsageError(`--select: ${name} has no option \`key\`; give all arguments, by --args`);
  if (scoped !== undefined && scope === undefined)
    throw new UsageError(`--scope: ${name} has a scope, which is part of its keys; give what it selects`);
  if (scoped === undefined && scope !== undefined)
    throw new UsageError(`--scope: ${name} has no option \`scope\`; leave it out`);
}

function jsonIn(name: string, text: string): unknown {
  try {
    // A long number stays the one that it is, as in a request.
    return parseExactly(text);
  } catch {
    throw new UsageError(`--${name}: expected JSON; a text stands in double quotes: '"T-1001"'`);
  }
}

function listIn(text: string): readonly unknown[] {
  const list = jsonIn('args', text);
  if (Array.isArray(list)) return list;
  throw new UsageError(`--args: expected a list: '["T-1001", 5]'`);
}
