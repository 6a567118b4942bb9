import { KeyError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { hearPromisesIn } from '../options/synchronous.js';
import { warnOnce } from '../process/warnings.js';
import type { ListedClasses } from '../values/listed-classes.js';
import { canonicalText } from './canonical.js';
import { sha256 } from './digest.js';
import { allArguments, optional, reading, required, type SelectedCall } from './selection.js';

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
  const call: SelectedCall = { operation, self, args };
  const selected = reading(call, 'key', () =>
    key === undefined ? allArguments(call, 'key') : required(call, 'key', key),
  );
  const owner = scope === undefined ? null : reading(call, 'scope', () => required(call, 'scope', scope));
  // A promise that came with the request is handled by its sender. One that a function of an option made is not.
  const isSelectedBy = (option: string) => typeof { key, scope, fingerprint }[option as 'key'] === 'function';
  const text = (option: string, value: unknown) =>
    reading(call, option, () =>
      canonicalText(value, listed, (path, why) => {
        if (isSelectedBy(option)) hearPromisesIn(value);
        throw new KeyError(
          `${operation}: what \`${option}\` selects ${path && `has a part at ${path} that `}${why}, so two calls could not be told apart; let \`${option}\` select the parts that matter`,
          { operation },
        );
      }),
    );
  const digest = sha256(
    `[${JSON.stringify(operation)},${text('scope', owner)},${text('key', selected)}]`,
    'hex',
  );
  const identity = { key: `${operation}#${digest}` };
  if (fingerprint === undefined) return identity;
  const compared = reading(call, 'fingerprint', () =>
    fingerprint === true ? allArguments(call, 'fingerprint') : optional(call, 'fingerprint', fingerprint),
  );
  if (compared === undefined || compared === null) {
    warnOnce(
      `fingerprint:${operation}`,
      'RETRYSAFE_EMPTY_FINGERPRINT',
      `${operation}: option "fingerprint" selects nothing of a call, so nothing is compared between it and its duplicates; if that is no optional part, correct the option`,
    );
  }
  return { ...identity, fingerprint: sha256(text('fingerprint', compared), 'base64url') };
}
