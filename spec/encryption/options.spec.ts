import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { type Codec, ConfigurationError } from 'retrysafe';
import { type EncryptionOptions, encrypted } from 'retrysafe/encryption';
import { keyNamed } from '../support/encryption-keys.js';
import { thrown } from '../support/rejection.js';

const key = keyNamed('a');
const base64 = key.toString('base64');

/** Says what is wrong with the options. */
function fault(options: unknown): string {
  const error = thrown(() => encrypted(options as EncryptionOptions));
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

describe('the options of encrypted()', () => {
  for (const [what, one] of Object.entries({
    'a Buffer': key,
    'a Uint8Array': new Uint8Array(key),
    'a secret KeyObject': createSecretKey(key),
  })) {
    it(`take ${what} as a key`, () => {
      const context = { operation: 'pay', key: 'pay#1', kind: 'value' } as const;
      const text = encrypted({ keys: { a: one }, current: 'a' }).encode('{"json":1}', context);
      expect(encrypted({ keys: { a: key }, current: 'a' }).decode(text, context)).to.equal('{"json":1}');
    });
  }

  it('copy keys, so that their bytes can be wiped', () => {
    const bytes = keyNamed('a');
    const codec = encrypted({ keys: { a: bytes }, current: 'a' });
    bytes.fill(0);
    const context = { operation: 'pay', key: 'pay#1', kind: 'value' } as const;
    expect(
      encrypted({ keys: { a: key }, current: 'a' }).decode(codec.encode('x', context), context),
    ).to.equal('x');
  });

  const wrong: Record<string, [options: unknown, option: string, expected: RegExp]> = {
    'no options': [undefined, 'options', /expected options such as \{ keys:/],
    'no keys': [{ current: 'a' }, 'keys', /is undefined; expected an object of keys/],
    'no current': [{ keys: { a: key } }, 'current', /is undefined; expected the id of one of the keys/],
    'a key in place of keys': [{ keys: key, current: 'a' }, 'keys', /expected an object of keys/],
    'a list of keys': [{ keys: [key], current: '0' }, 'keys', /expected an object of keys/],
    'no key at all': [{ keys: {}, current: 'a' }, 'keys', /expected at least one key/],
    'a key of 16 bytes': [
      { keys: { a: key, b: key.subarray(16) }, current: 'a' },
      'keys',
      /32 bytes .* key 2 of 2 is 16 bytes/,
    ],
    'a key of 33 bytes': [
      { keys: { a: Buffer.concat([key, key.subarray(31)]) }, current: 'a' },
      'keys',
      /33 bytes/,
    ],
    'base64 text as a key': [
      { keys: { a: base64 }, current: 'a' },
      'keys',
      /key 1 of 1 is a text of 44 characters; Buffer\.from\(text, 'base64'\)/,
    ],
    'hex text as a key': [
      { keys: { a: key.toString('hex') }, current: 'a' },
      'keys',
      /a text of 64 characters/,
    ],
    'a KeyObject of 16 bytes': [
      { keys: { a: createSecretKey(key.subarray(16)) }, current: 'a' },
      'keys',
      /is an instance of SecretKeyObject|is an object/,
    ],
    'a public KeyObject': [
      { keys: { a: generateKeyPairSync('ed25519').publicKey }, current: 'a' },
      'keys',
      /while key 1 of 1 is/,
    ],
    'an id and a key that are mistaken for each other': [
      { keys: { [`${base64}+`]: 'a' }, current: 'a' },
      'keys',
      /ids that are 1 to 128 letters/,
    ],
    'an empty id': [{ keys: { '': key }, current: '' }, 'keys', /ids that are/],
    'an id with a space': [{ keys: { 'a b': key }, current: 'a b' }, 'keys', /ids that are/],
    'a current that is no key': [{ keys: { a: key }, current: 'b' }, 'current', /none of them has this one/],
    'a current that every object has': [
      { keys: { a: key }, current: 'constructor' },
      'current',
      /none of them/,
    ],
    'an asynchronous function': [{ keys: async () => key, current: 'a' }, 'keys', /a synchronous function/],
    'a function without the current key': [
      { keys: () => undefined, current: 'a' },
      'keys',
      /a key for the id of `current`, for which `keys` has none/,
    ],
    'a function that returns a text': [
      { keys: () => base64, current: 'a' },
      'keys',
      /a text of 44 characters/,
    ],
    'a function that returns a promise': [
      { keys: () => Promise.reject(key), current: 'a' },
      'keys',
      /a promise/,
    ],
    'a function that throws': [
      {
        keys: () => {
          throw new Error(base64);
        },
        current: 'a',
      },
      'keys',
      /threw an error/,
    ],
    'another plain': [{ keys: { a: key }, current: 'a', plain: true }, 'plain', /one of 'refuse', 'replay'/],
    'another codec': [{ keys: { a: key }, current: 'a', codec: {} }, 'codec', /an object with encode/],
    'an option that there is not': [{ keys: { a: key }, current: 'a', key }, 'key', /there is no option/],
  };
  for (const [what, [options, option, expected]] of Object.entries(wrong)) {
    it(`refuse ${what}, at once and without a secret`, () => {
      const message = fault(options);
      expect(message).to.include('encrypted: ').and.to.include(option).and.to.match(expected);
      for (const secret of [base64, key.toString('hex')]) expect(message).not.to.include(secret.slice(0, 10));
    });
  }

  it('are an option of operations that is checked as any codec is', () => {
    const codec: Codec = encrypted({ keys: { a: key }, current: 'a' });
    expect(codec).to.include({ takes: 'text', plain: 'refuse' });
  });
});
