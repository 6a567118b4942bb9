// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const sealed = 'lib/encryption/sealed-text.ts';
const keys = specs('encryption/keys');
const outcomes = specs('encryption/encrypted');

/** Encryption of outcomes, and what is kept of a result at all. */
export const secrets: readonly Mutant[] = [
  {
    name: 'encrypted-for-nobody',
    flaw: 'An encrypted outcome is bound to nothing, so that it can be moved to any other record.',
    changes: [
      {
        file: sealed,
        replace: 'const parts = [FORMAT, keyId, kind, operation, key];',
        by: 'void [keyId, kind, operation, key];\n  const parts = [FORMAT];',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'encrypted-for-an-operation',
    flaw: 'An encrypted outcome is bound to its operation and not to its key, so that one customer gets the outcome of another.',
    changes: [
      {
        file: sealed,
        replace: 'const parts = [FORMAT, keyId, kind, operation, key];',
        by: 'void key;\n  const parts = [FORMAT, keyId, kind, operation];',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'encrypted-for-both-kinds',
    flaw: 'An encrypted result can be made an error that is thrown.',
    changes: [
      {
        file: sealed,
        replace: 'const parts = [FORMAT, keyId, kind, operation, key];',
        by: 'void kind;\n  const parts = [FORMAT, keyId, operation, key];',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'nonce-that-repeats',
    flaw: 'All outcomes are encrypted with one nonce, which tells which of them are equal, and in the end the key.',
    changes: [
      {
        file: sealed,
        replace: 'const nonce = randomBytes(NONCE_BYTES);',
        by: 'const nonce = randomBytes(NONCE_BYTES).fill(0);',
      },
    ],
    caughtBy: [outcomes],
  },
  {
    name: 'tag-not-checked',
    flaw: 'An outcome is decrypted without a look at its tag, whatever was made of it.',
    changes: [
      {
        file: sealed,
        replace: 'Buffer.concat([text, decipher.final()])',
        by: 'Buffer.concat([text])',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'other-characters-of-base64',
    flaw: 'A text that was changed is taken for the one that was written, since the same bytes are read in it.',
    changes: [
      {
        file: sealed,
        replace: "end >= NONCE_BYTES && bytes.toString('base64url') === payload",
        by: 'end >= NONCE_BYTES',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'id-of-a-key-of-another',
    flaw: 'After a rotation the ids of old outcomes are looked up as the current one.',
    changes: [
      {
        file: 'lib/encryption/encrypted.ts',
        replace: 'this.#keys.find(sealed.keyId)',
        by: 'this.#keys.find(this.#keys.currentId)',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'key-that-was-there-once',
    flaw: 'A key that a function returned once is used although it has been destroyed since.',
    changes: [
      {
        file: 'lib/encryption/key-ring.ts',
        replace: 'this.#find = keys;',
        by: 'const known = new Map<string, unknown>();\n      this.#find = (id) => known.get(id) ?? (known.set(id, keys(id)), known.get(id));',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'current-key-of-later',
    flaw: 'The key that encrypts is asked for at each outcome, which is lost where the function has none by then.',
    changes: [
      {
        file: 'lib/encryption/encrypted.ts',
        replace: 'const { current, currentId } = this.#keys;',
        by: 'const { currentId } = this.#keys;\n    const current = this.#keys.find(currentId);',
      },
      {
        file: 'lib/encryption/key-ring.ts',
        replace: 'if (id === this.currentId) return this.current;\n',
        by: '',
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'short-keys-taken',
    flaw: 'A key of another length is taken, and the first outcome cannot be encrypted.',
    changes: [
      {
        file: 'lib/encryption/secret-key.ts',
        replace: 'isUint8Array(value) && value.byteLength === KEY_BYTES',
        by: 'isUint8Array(value)',
      },
    ],
    caughtBy: [specs('encryption/options')],
  },
  {
    name: 'id-named-in-a-message',
    flaw: 'A key that stands in the place of its id is written into a message.',
    changes: [
      {
        file: 'lib/encryption/encryption-options.ts',
        replace: 'which id ${which} is not`',
        by: 'which ${id} is not`',
      },
    ],
    caughtBy: [specs('encryption/options')],
  },
  {
    name: 'plain-outcomes-made-up',
    flaw: 'Whoever can write to the table makes up outcomes of an operation that encrypts them.',
    changes: [
      {
        file: 'lib/encryption/encrypted.ts',
        replace: "const { plain = 'refuse', codec } = options;",
        by: "const { plain = 'replay', codec } = options;",
      },
    ],
    caughtBy: [keys],
  },
  {
    name: 'plain-never-refused',
    flaw: 'A codec that refuses outcomes which were stored without it gets them replayed.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: "this.#refusesPlain = codec?.plain === 'refuse';",
        by: 'this.#refusesPlain = false;',
      },
    ],
    caughtBy: [specs('outcome/codec')],
  },
  {
    name: 'errors-past-a-codec-of-text',
    flaw: 'A codec that encrypts the text of outcomes does not get those of errors, which stand in the store for anybody to read.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: 'return this.#wrapping ? wrapped(this.#wrapping, stored, call) : stored;',
        by: 'return stored;',
      },
    ],
    caughtBy: [outcomes],
  },
  {
    name: 'completion-told-by-its-text',
    flaw: 'A result is not known as that of the completion where a codec has written it in another way.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: 'if (!this.#codec && !this.#wrapping) return false;',
        by: 'if (this.#codec || this.#wrapping) return false;',
      },
    ],
    caughtBy: [outcomes, specs('outcome/codec')],
  },
  {
    name: 'completion-of-any-result',
    flaw: 'Whatever a method returns is taken for the outcome of its completion.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: "return 'isSame' in compared && compared.isSame;",
        by: "return 'isSame' in compared;",
      },
    ],
    caughtBy: [specs('outcome/codec')],
  },
  {
    name: 'redact-not-asked',
    flaw: 'The whole result is recorded, whatever `redact` would leave of it.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'return redact ? this.#redactedOutcomeOf(value) : format.encodeValue(value, this.call);',
        by: 'void redact;\n    return format.encodeValue(value, this.call);',
      },
    ],
    caughtBy: [specs('outcome/redact')],
  },
  {
    name: 'redact-not-asked-for-completions',
    flaw: 'A completion has the whole result in it, whatever `redact` would leave of it.',
    changes: [
      {
        file: 'lib/engine/driver/driver.ts',
        replace: 'const outcome = this.#outcomeOf(result);',
        by: 'const outcome = this.call.settings.format.encodeValue(result, this.call);',
      },
    ],
    caughtBy: [specs('outcome/redact')],
  },
  {
    name: 'whole-result-for-a-fault',
    flaw: 'The whole result is recorded where `redact` throws.',
    changes: [
      {
        file: 'lib/engine/driver/redaction.ts',
        replace: "return { kind: 'none', reason:",
        by: "if (!('value' in asked)) return format.encodeValue(result, call);\n  return { kind: 'none', reason:",
      },
      {
        file: 'lib/engine/driver/redaction.ts',
        replace: '${asked.fault}`',
        by: '`',
      },
    ],
    caughtBy: [specs('outcome/redact')],
  },
];
