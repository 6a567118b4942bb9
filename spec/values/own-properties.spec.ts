import assert from 'node:assert/strict';
import { expect } from 'chai';
import { makeIdempotent, OutcomeUnavailableError, recordOf } from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { replayed } from '../support/replayed.js';
import { ScriptedStore } from '../support/scripted-store.js';

const more = () => ({ nextToken: 't-1', at: new Date(5), parts: [new Set([1n])] });

/** Built-in values that have properties of their own. */
const bearing: Record<string, () => object> = {
  'an array': () => Object.assign([1, { a: 2 }], more()),
  'an empty array': () => Object.assign([], more()),
  'an array with holes': () => Object.assign(new Array(3), { 1: 'one' }, more()),
  'a very sparse array': () => Object.assign(new Array(200_000), { 199998: 1 }, more()),
  'a Map': () => Object.assign(new Map([['a', { b: 1 }]]), more()),
  'a Set': () => Object.assign(new Set([{ a: 1 }]), more()),
  'a Date': () => Object.assign(new Date(7), more()),
  'an invalid Date': () => Object.assign(new Date(Number.NaN), more()),
  'a RegExp': () => Object.assign(/a+/gi, more()),
  'a Buffer': () => Object.assign(Buffer.from('bytes'), more()),
  'a Uint8Array': () => Object.assign(Uint8Array.of(1, 2), more()),
  'a view into a larger buffer': () => Object.assign(new Float64Array(new ArrayBuffer(64), 8, 2), more()),
  'a BigInt64Array': () => Object.assign(BigInt64Array.of(-1n), more()),
  'an ArrayBuffer': () => Object.assign(Uint8Array.of(1, 2).buffer, more()),
  'a DataView': () => Object.assign(new DataView(Uint8Array.of(1, 2, 3).buffer, 1), more()),
  'a URL': () => Object.assign(new URL('https://example.com/a?b'), more()),
  URLSearchParams: () => Object.assign(new URLSearchParams('a=1'), more()),
  'a boxed number': () => Object.assign(Object(1), more()),
  'a boxed text': () => Object.assign(Object('text'), more()),
  'a boxed bigint': () => Object.assign(Object(1n), more()),
};

describe('own properties of built-in values', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  for (const [what, make] of Object.entries(bearing)) {
    it(`replay with ${what}`, async () => {
      const { value } = await replayed({ outer: make() });
      expect(Object.getPrototypeOf(value.outer)).to.equal(Object.getPrototypeOf(make()));
      for (const [name, part] of Object.entries(more()))
        expect(value.outer).to.have.deep.property(name, part);
      // Node.js 20 finds no two invalid dates equal.
      if (what !== 'an invalid Date') assert.deepStrictEqual(value, { outer: make() });
      expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS')).to.deep.equal([]);
    });

    it(`replay with ${what} where they are not enumerable`, async () => {
      const made = Object.defineProperty(Object.assign(make()), 'hint', { value: { of: [new Date(1)] } });
      const { value } = await replayed(made);
      expect(Object.getOwnPropertyDescriptor(value, 'hint')).to.deep.include({
        value: { of: [new Date(1)] },
        enumerable: false,
      });
    });
  }

  it('replay of a match: its index, input and groups', async () => {
    const make = () => 'order 17'.match(/(?<id>\d+)/);
    const { value } = await replayed(make());
    expect(value?.index).to.equal(6);
    expect({ ...value?.groups }).to.deep.equal({ id: '17' });
    assert.deepStrictEqual(value, make());
  });

  it('replay of a RegExp: its lastIndex', async () => {
    const made = /a/g;
    made.lastIndex = 3;
    const { value } = await replayed([made]);
    expect(value[0]?.lastIndex).to.equal(3);
  });

  it('replay of a plain object where they are not enumerable, with or without a prototype', async () => {
    for (const plain of [{ a: 1 }, Object.assign(Object.create(null), { a: 1 })]) {
      const made = Object.defineProperty(plain, 'total', { value: 5n });
      const { value } = await replayed(made);
      expect(Object.keys(value)).to.deep.equal(['a']);
      expect(value).to.have.property('total', 5n);
      expect(Object.getPrototypeOf(value)).to.equal(Object.getPrototypeOf(plain));
    }
  });

  it('replay as what their getter returns', async () => {
    const made = Object.defineProperty([1], 'total', { enumerable: true, get: () => new Date(3) });
    const { value } = await replayed(made);
    expect(value).to.have.deep.property('total', new Date(3));
  });

  it('replay under the name of __proto__ as a property like any other', async () => {
    const made = Object.defineProperty([1], '__proto__', { enumerable: true, value: { admin: true } });
    const { value } = await replayed(made);
    expect(Object.getPrototypeOf(value)).to.equal(Array.prototype);
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).to.deep.equal({ admin: true });
  });

  it('replay where they, or the content, contain the value itself', async () => {
    const list: unknown[] & { self?: unknown } = [1];
    list.push({ list });
    list.self = list;
    const map: Map<unknown, unknown> & { self?: unknown } = new Map();
    map.set(map, { map });
    map.self = [map];
    const { value } = await replayed({ list, map });
    expect(value.list.self).to.equal(value.list);
    expect((value.list[1] as { list: unknown }).list).to.equal(value.list);
    expect(value.list).to.have.length(2);
    expect(value.map.get(value.map)).to.deep.equal({ map: value.map });
    expect((value.map.self as unknown[])[0]).to.equal(value.map);
    expect(value.map.size).to.equal(1);
  });

  it('replay with an instance of an unlisted subclass of a built-in, which is warned about', async () => {
    class Rates extends Map<string, number> {
      readonly base = 'EUR';
    }
    const { value } = await replayed(new Rates([['chf', 1.1]]));
    assert.deepStrictEqual(value, Object.assign(new Map([['chf', 1.1]]), { base: 'EUR' }));
    expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS').join()).to.match(
      /Rates: it replays as a Map with its own properties/,
    );
  });

  it('do not count where they are symbols that are not enumerable', async () => {
    const { value } = await replayed(Object.defineProperty([1], Symbol('bookkeeping'), { value: () => {} }));
    expect(value).to.deep.equal([1]);
  });

  const unkeepable: Record<string, readonly [make: () => unknown, reason: RegExp]> = {
    'a function on an array': [
      () => Object.assign([1], { next: () => 1 }),
      /an Array in it has a property next that is a function, at next$/,
    ],
    'a function on an array that is not enumerable': [
      () => ({ rows: Object.defineProperty([1], 'parse', { value: () => 1 }) }),
      /an Array in it has a property parse that is a function, at rows\.parse$/,
    ],
    'a function within one of a Map': [
      () => ({ rates: Object.assign(new Map(), { meta: { list: [() => 1] } }) }),
      /Cannot stringify a function, at rates\.meta\.list\[0\]$/,
    ],
    'a symbol as the name on a Set': [
      () => Object.assign(new Set(), { [Symbol('PAYLOAD')]: 1 }),
      /a Set in it has a property whose name is a symbol$/,
    ],
    'a property with a name that may be data': [
      () => Object.assign(new Date(1), { 'PAYLOAD-4111': () => 1 }),
      /a Date in it has a property … that is a function/,
    ],
    'a hidden function on a plain object': [
      () => ({ order: Object.defineProperty({ id: 1 }, 'save', { value: () => 1 }) }),
      /an object in it has a property save that is a function, at order/,
    ],
  };
  for (const [what, [make, reason]] of Object.entries(unkeepable)) {
    it(`complete the key without its outcome, and the reason says which: ${what}`, async () => {
      const store = new ScriptedStore();
      let runs = 0;
      const produce = makeIdempotent(
        async () => {
          runs += 1;
          return make();
        },
        { name: 'produce', store },
      );
      await produce();
      expect(await recordOf(produce).inspect()).to.include({ status: 'completed', outcome: 'none' });
      const error = await rejection(produce());
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      const state = JSON.stringify(
        await store.find((await recordOf(produce).inspect())?.key ?? '', { consistent: true }),
      );
      expect(JSON.parse(state).state.outcome.reason).to.match(reason);
      expect(state).to.not.include('PAYLOAD');
      expect(runs).to.equal(1);
    });
  }
});
