import type { KeyObject } from 'node:crypto';
import { isLate } from '../options/synchronous.js';
import { kindOfData, wrongOption } from '../options/wrong-option.js';
import { UnstorableError } from '../values/unstorable-error.js';
import type { EncryptionOptions } from './encryption-options.js';
import { KEY_KINDS, secretKeyOf } from './secret-key.js';

/** The keys of outcomes: one that encrypts, and those that decrypt. */
export class KeyRing {
  readonly #find: (id: string) => unknown;
  readonly currentId: string;
  readonly current: KeyObject;

  /**
   * @param options They have been checked.
   * @throws {ConfigurationError} where a function has no key for the id of `current`: what the process is to write must not depend on
   * what the function returns later.
   */
  constructor({ keys, current }: Pick<EncryptionOptions, 'keys' | 'current'>) {
    if (typeof keys === 'function') {
      this.#find = keys;
    } else {
      const known = new Map(Object.entries(keys).map(([id, key]) => [id, secretKeyOf(key)]));
      this.#find = (id) => known.get(id);
    }
    this.currentId = current;
    const found = this.#ask(current);
    if ('fault' in found)
      throw wrongOption(
        'encrypted',
        'keys',
        keys,
        `a key for the id of \`current\`, for which ${found.fault}`,
      );
    this.current = found.key;
  }

  /**
   * Returns the key that decrypts an outcome. A function is asked each time, so that a key which is no longer there is no longer used.
   *
   * @throws {UnstorableError} that names the id, where there is none.
   */
  find(id: string): KeyObject {
    if (id === this.currentId) return this.current;
    const found = this.#ask(id);
    if ('key' in found) return found.key;
    throw new UnstorableError(
      `it is encrypted with the key "${id}", for which ${found.fault}; add that key to \`keys\``,
    );
  }

  #ask(id: string): { readonly key: KeyObject } | { readonly fault: string } {
    let value: unknown;
    try {
      value = this.#find(id);
    } catch {
      return { fault: '`keys` threw an error' };
    }
    if (value === undefined) return { fault: '`keys` has none' };
    if (isLate(value)) return { fault: '`keys` returned a promise, which is not awaited' };
    const key = secretKeyOf(value);
    return key ? { key } : { fault: `\`keys\` returned ${kindOfData(value)}, and not ${KEY_KINDS}` };
  }
}
