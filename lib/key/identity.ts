import { KeyError, type KeyOption } from '../errors.js';
import type { IdempotentOptions, Selected } from '../options/options.js';
import { hearPromisesIn } from '../options/synchronous.js';
import { kindOf } from '../options/wrong-option.js';
import { warnOnce } from '../process/warnings.js';
import type { ListedClasses } from '../values/listed-classes.js';
import { canonicalText } from './canonical.js';
import { sha256 } from './digest.js';
import { allArguments, optional, required, type SelectedCall, selectionError } from './selection.js';

/** What tells one call of an operation from another. */
export interface Identity {
  readonly key: string;
  readonly fingerprint?: string;
}

type IdentitySettings = Pick<IdempotentOptions, 'key' | 'scope' | 'fingerprint'> & {
  readonly listed: ListedClasses;
};

/**
 * Returns the key and the fingerprint of a call. They are read before the method can change its arguments.
 *
 * @throws {KeyError} where key or scope selects nothing, or a value that cannot be told apart from another. Also where it
 * is a whole Lambda event and no argument is a context, since a sender may imitate an event.
 * @throws {ConfigurationError} where a handler's key is a whole Lambda event.
 */
export function identify(
  operation: string,
  { key, scope, fingerprint, listed }: IdentitySettings,
  self: unknown,
  args: readonly unknown[],
): Identity {
  const call: SelectedCall = { operation, self, args, decoded: undefined };
  let option: KeyOption = 'key';
  try {
    const selected = key === undefined ? allArguments(call, 'key') : required(call, 'key', key);
    const keyText = comparedText(call, 'key', key, selected, listed);
    option = 'scope';
    const scopeText =
      scope === undefined
        ? 'null'
        : comparedText(call, 'scope', scope, required(call, 'scope', scope), listed);
    const identity = digestedKey(operation, scopeText, keyText);
    if (fingerprint === undefined) return { key: identity };
    option = 'fingerprint';
    const compared =
      fingerprint === true ? allArguments(call, 'fingerprint') : optional(call, 'fingerprint', fingerprint);
    if (compared === undefined || compared === null) warnOfNothing(operation);
    const text = comparedText(call, 'fingerprint', fingerprint, compared, listed);
    return { key: identity, fingerprint: sha256(text, 'base64url') };
  } catch (error) {
    throw selectionError(call, option, error);
  }
}

/** A call's key, scope and fingerprint, which somebody has selected already. */
export interface ReadyIdentity {
  /** At least one character. */
  readonly key: string;
  /** The tenant or caller that the key belongs to, at least one character. Default: none. */
  readonly scope?: string | undefined;
  /** A digest of what must be the same in all duplicates. It is compared and stored as it is. Default: none. */
  readonly fingerprint?: string | undefined;
}

/**
 * Returns the same key as `identify` does for a call whose options select these texts.
 *
 * @throws {KeyError} for a text that is empty, or no text.
 */
export function readyIdentity(operation: string, { key, scope, fingerprint }: ReadyIdentity): Identity {
  requireText(operation, 'key', key);
  if (scope !== undefined) requireText(operation, 'scope', scope);
  if (fingerprint !== undefined) requireText(operation, 'fingerprint', fingerprint);
  const scopeText = scope === undefined ? 'null' : JSON.stringify(scope);
  const identity = digestedKey(operation, scopeText, JSON.stringify(key));
  return fingerprint === undefined ? { key: identity } : { key: identity, fingerprint };
}

/**
 * Returns the key of a call whose options `key` and `scope` select these values, for an operator who knows them and has no request.
 *
 * @throws {KeyError} where a value selects nothing, or cannot be told apart from another.
 */
export function keyOfSelected(operation: string, selected: SelectedValues, listed: ListedClasses): string {
  const call: SelectedCall = { operation, self: undefined, args: [], decoded: undefined };
  const textOf = (option: 'key' | 'scope', value: unknown) =>
    comparedText(
      call,
      option,
      undefined,
      required(call, option, () => value as Selected),
      listed,
    );
  const scopeText = 'scope' in selected ? textOf('scope', selected.scope) : 'null';
  const keyText =
    'key' in selected
      ? textOf('key', selected.key)
      : comparedText(call, 'key', undefined, selected.args, listed);
  return digestedKey(operation, scopeText, keyText);
}

/** What a call's options select: a key, or all arguments where the operation has no option `key`. */
export type SelectedValues = ({ readonly key: unknown } | { readonly args: readonly unknown[] }) & {
  readonly scope?: unknown;
};

function requireText(operation: string, option: KeyOption, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new KeyError(
    `${operation}: \`${option}\` is ${kindOf(value)}; expected a text of at least one character, such as the key that the request has`,
    { operation, option },
  );
}

function digestedKey(operation: string, scopeText: string, keyText: string): string {
  const digest = sha256(`${opening(operation)}${scopeText},${keyText}]`, 'hex');
  // Joined to one text. One of two parts would be put together anew by everything that reads it.
  return [operation, digest].join('#');
}

const openings = new Map<string, string>();

/** Returns how the text of an operation's keys begins. It is made once for each. */
function opening(operation: string): string {
  const known = openings.get(operation);
  if (known !== undefined) return known;
  const text = `[${JSON.stringify(operation)},`;
  openings.set(operation, text);
  return text;
}

/** Returns the text of what an option selected of a call. */
function comparedText(
  { operation }: SelectedCall,
  option: KeyOption,
  selector: unknown,
  value: unknown,
  listed: ListedClasses,
): string {
  // Most keys are one text.
  if (typeof value === 'string') return JSON.stringify(value);
  return textOfParts(operation, option, selector, value, listed);
}

function textOfParts(
  operation: string,
  option: KeyOption,
  selector: unknown,
  value: unknown,
  listed: ListedClasses,
): string {
  return canonicalText(value, listed, (path, why) => {
    // A promise that came with the request is handled by its sender. One that a function of an option made is not.
    if (typeof selector === 'function') hearPromisesIn(value);
    throw new KeyError(
      `${operation}: what \`${option}\` selects ${path && `has a part at ${path} that `}${why}, so two calls could not be told apart; let \`${option}\` select the parts that matter`,
      { operation, option },
    );
  });
}

function warnOfNothing(operation: string): void {
  warnOnce(
    `fingerprint:${operation}`,
    'RETRYSAFE_EMPTY_FINGERPRINT',
    `${operation}: option "fingerprint" selects nothing of a call, so nothing is compared between it and its duplicates; if that is no optional part, correct the option`,
  );
}
