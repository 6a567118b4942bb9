import { expect } from 'chai';
import { InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';
import { Money } from '../support/classes.js';
import { keyOf, keyReader } from '../support/key-of.js';
import { rejection } from '../support/rejection.js';

const with_ = (target: object, more: object) => Object.assign(target, more);

/** The same request twice: with a property that is `undefined`, and without it. */
const pairs: Record<string, readonly [unknown, unknown]> = {
  'of the request': [{ id: 1, note: undefined }, { id: 1 }],
  'deep in the request': [
    { order: { lines: [{ sku: 'a', note: undefined }] } },
    { order: { lines: [{ sku: 'a' }] } },
  ],
  'that is the only one of an object': [
    { id: 1, more: { note: undefined } },
    { id: 1, more: {} },
  ],
  'of an object without a prototype': [with_(Object.create(null), { id: 1, note: undefined }), { id: 1 }],
  'named like a special form': [{ id: 1, $: undefined }, { id: 1 }],
  'of an instance': [with_(new Money(1, 'USD'), { note: undefined }), new Money(1, 'USD')],
  'of a list': [with_([1, 2], { note: undefined }), [1, 2]],
  'of a list with holes': [with_(new Array(2), { note: undefined }), new Array(2)],
  'of a Map': [with_(new Map([['a', 1]]), { note: undefined }), new Map([['a', 1]])],
  'of an object in a Map': [new Map([['a', { b: 1, note: undefined }]]), new Map([['a', { b: 1 }]])],
  'of an object in a Set': [new Set([{ b: 1, note: undefined }]), new Set([{ b: 1 }])],
  'of a Date': [with_(new Date(0), { note: undefined }), new Date(0)],
  'of bytes': [with_(Uint8Array.of(1), { note: undefined }), Uint8Array.of(1)],
  'of an error': [with_(new Error('declined'), { note: undefined }), new Error('declined')],
  'whose name is a symbol': [{ id: 1, [Symbol('note')]: undefined }, { id: 1 }],
  'of a list, whose name is a symbol': [with_([1], { [Symbol('note')]: undefined }), [1]],
};

describe('a property that is undefined', () => {
  for (const [what, [given, same]] of Object.entries(pairs)) {
    it(`counts as absent in a key: ${what}`, async () => {
      expect(await keyOf(given)).to.equal(await keyOf(same));
    });

    it(`counts as absent in a fingerprint: ${what}`, async () => {
      let runs = 0;
      const pay = makeIdempotent(
        async (_id: string, _request: unknown) => {
          runs += 1;
        },
        { name: 'Payments.pay', store: new InMemoryStore(), key: (id) => id, fingerprint: true },
      );
      await pay('a', given);
      await pay('a', same);
      expect(runs).to.equal(1);
    });
  }

  it('counts as absent, as in the JSON that a queue delivers again', async () => {
    const request = { id: 1, note: undefined, lines: [{ sku: 'a', gift: undefined }] };
    expect(await keyOf(JSON.parse(JSON.stringify(request)))).to.equal(await keyOf(request));
  });

  it('is no value for a key', async () => {
    const error = await rejection(keyReader({ key: 'id' })({ id: { a: undefined, b: undefined } }));
    expect(error).to.be.instanceOf(KeyError);
  });
});

describe('undefined as an element', () => {
  const different: Record<string, readonly [unknown, unknown]> = {
    'of a list': [[1, undefined], [1]],
    'of a list, beside null': [[undefined], [null]],
    'of a list with holes': [with_(new Array(3), { 1: undefined }), new Array(3)],
    'of a Set': [new Set([1, undefined]), new Set([1])],
    'that a Map has under a name': [new Map([['a', undefined]]), new Map()],
    'that is a name in a Map': [new Map([[undefined, 1]]), new Map()],
  };
  for (const [what, [given, other]] of Object.entries(different))
    it(`is a value: ${what}`, async () => {
      expect(await keyOf(given)).not.to.equal(await keyOf(other));
    });

  it('is a value in the list of all arguments', async () => {
    expect(await keyOf({ id: 1 }, undefined)).not.to.equal(await keyOf({ id: 1 }));
  });
});
