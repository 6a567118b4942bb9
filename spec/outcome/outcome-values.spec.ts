import assert from 'node:assert/strict';
import { expect } from 'chai';
import { replayed, storedOutcome } from '../support/replayed.js';

/** Values that replay unchanged. Each is compared deeply with a second one that the same function makes. */
const values: Record<string, () => unknown> = {
  'a Date': () => new Date('2026-02-03T04:05:06.789Z'),
  'a Map': () =>
    new Map<unknown, unknown>([
      ['text', 1],
      [{ as: 'key' }, new Map([[1n, new Date(0)]])],
    ]),
  'a Set': () => new Set<unknown>(['text', { a: 1 }, new Set([Number.NaN])]),
  'a bigint': () => 2n ** 80n,
  'a negative bigint in a property': () => ({ balance: -5n }),
  'a Buffer': () => Buffer.from('bytes \u0000 and more'),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Uint8Array': () => Uint8Array.of(0, 128, 255),
  'a Uint8ClampedArray': () => Uint8ClampedArray.of(0, 255),
  'an Int16Array': () => Int16Array.of(-1, 2),
  'a Float32Array': () => Float32Array.of(0.5, Number.NaN, -0),
  'a Float64Array': () => Float64Array.of(0.1, Number.NEGATIVE_INFINITY),
  'a BigInt64Array': () => BigInt64Array.of(-1n, 2n ** 40n),
  'a subarray': () => Uint16Array.of(1, 2, 3, 4, 5).subarray(1, 3),
  'an ArrayBuffer': () => Uint8Array.of(1, 2, 3).buffer,
  'a DataView': () => new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2),
  undefined: () => undefined,
  'undefined in an array': () => [undefined, 1, undefined],
  'undefined in a property': () => ({ present: undefined, other: 1 }),
  'no property and undefined, told apart': () => [{}, { present: undefined }],
  null: () => null,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => ({ limit: Number.NEGATIVE_INFINITY }),
  '-0': () => -0,
  '-0 and 0 beside each other': () => [-0, 0, { a: -0 }],
  'a RegExp': () => /a\/b[\n"]/giu,
  'a URL': () => new URL('https://user@example.com:8443/path?q=%20#part'),
  URLSearchParams: () => new URLSearchParams('a=1&a=2'),
  'a sparse array': () => Object.assign(new Array(5), { 3: 'three' }),
  'a very sparse array': () => Object.assign(new Array(100_000), { 99998: 1 }),
  'an object without a prototype': () => Object.assign(Object.create(null), { a: 1, b: new Date(1) }),
  'an own property named __proto__': () => JSON.parse('{"a":{"__proto__":{"admin":true}},"b":1}'),
  '__proto__ on an object without a prototype': () =>
    Object.setPrototypeOf(JSON.parse('{"__proto__":1,"a":2}'), null),
  '__proto__ beside a Date': () => ({ at: new Date(1), in: JSON.parse('{"__proto__":[1]}') }),
  'boxed primitives': () => [Object(1), Object('text'), Object(true), Object(1n), Object(-0)],
  'strings of every kind': () => ['', '\u0000', '\ud800', '\u2028', '😀', '"\\', '__proto__'],
  'numbers at the edges': () => [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, 1e-7, 1e21],
  'everything in one': () => ({
    at: [new Date(5)],
    rates: new Map([[new URL('https://a.example/'), new Set([1n, undefined, Buffer.from('x')])]]),
  }),
};

/** Values that contain themselves, with what has to hold of the replay. */
const cycles: Record<string, { make(): unknown; check(replay: never): void }> = {
  'an object that contains itself': {
    make: () => {
      const node: Record<string, unknown> = { name: 'root' };
      node.child = { parent: node };
      return node;
    },
    check: (node: { name: string; child: { parent: unknown } }) => {
      expect(node.name).to.equal('root');
      expect(node.child.parent).to.equal(node);
    },
  },
  'an array that contains itself': {
    make: () => {
      const list: unknown[] = [1];
      list.push(list);
      return list;
    },
    check: (list: unknown[]) => {
      expect(list).to.have.length(2);
      expect(list[1]).to.equal(list);
    },
  },
  'a Map that contains itself': {
    make: () => {
      const map = new Map<unknown, unknown>();
      map.set('self', map).set(map, 'self');
      return map;
    },
    check: (map: Map<unknown, unknown>) => {
      expect(map).to.be.instanceOf(Map);
      expect(map.get('self')).to.equal(map);
      expect(map.get(map)).to.equal('self');
    },
  },
  'a Set that contains itself': {
    make: () => {
      const set = new Set<unknown>();
      return set.add({ of: set });
    },
    check: (set: Set<{ of: unknown }>) => expect([...set].map(({ of }) => of)).to.deep.equal([set]),
  },
  'an error whose cause is itself': {
    make: () => {
      const error: Error & { cause?: unknown } = new RangeError('round and round');
      error.cause = error;
      return error;
    },
    check: (error: Error & { cause?: unknown }) => {
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal('round and round');
      expect(error.cause).to.equal(error);
    },
  },
  'an error that is in its own fields': {
    make: () => {
      const error = new Error('seen from inside');
      return Object.assign(error, { context: { errors: [error], at: new Date(3) } });
    },
    check: (error: Error & { context: { errors: unknown[]; at: Date } }) => {
      expect(error.message).to.equal('seen from inside');
      expect(error.context.errors[0]).to.equal(error);
      expect(error.context.at.getTime()).to.equal(3);
    },
  },
};

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}

  plus(other: Money): Money {
    return new Money(this.amount + other.amount, this.currency);
  }

  toString(): string {
    return `${this.amount} ${this.currency}`;
  }
}

class TreeNode {
  parent?: TreeNode;
  readonly children: TreeNode[] = [];

  constructor(readonly label: string) {}

  add(child: TreeNode): this {
    child.parent = this;
    this.children.push(child);
    return this;
  }

  get path(): string {
    return this.parent ? `${this.parent.path}/${this.label}` : this.label;
  }
}

class Discount extends Money {
  override toString(): string {
    return `${super.toString()} off`;
  }
}

describe('values come back as what they were', () => {
  for (const [what, make] of Object.entries(values)) {
    it(`replays ${what}`, async () => {
      const { value } = await replayed(make());
      assert.deepStrictEqual(value, make());
    });

    it(`replays ${what} in the middle of other values`, async () => {
      const { value } = await replayed({ before: 1, within: [make()], map: new Map([['at', make()]]) });
      assert.deepStrictEqual(value, { before: 1, within: [make()], map: new Map([['at', make()]]) });
    });
  }

  for (const [what, { make, check }] of Object.entries(cycles)) {
    it(`replays ${what}`, async () => {
      const { value } = await replayed(make());
      check(value as never);
    });
  }

  it('replays an invalid Date', async () => {
    const { value } = await replayed([new Date(Number.NaN)]);
    expect(value[0]).to.be.instanceOf(Date);
    expect(value[0]?.getTime()).to.be.NaN;
  });

  it('replays one object in two places as one object in two places', async () => {
    const address = { city: 'Bern' };
    const { value } = await replayed({ from: address, to: address, list: [address] });
    expect(value).to.deep.equal({ from: address, to: address, list: [address] });
    expect(value.to).to.equal(value.from);
    expect(value.list[0]).to.equal(value.from);
  });

  it('stores of a view into a big buffer only what the view shows', async () => {
    const big = new ArrayBuffer(1_000_000);
    new Uint8Array(big).fill(7);
    for (const view of [
      new Uint8Array(big, 500, 4),
      new Float64Array(big, 800, 2),
      new DataView(big, 900, 4),
      Buffer.from(big, 100, 4),
    ]) {
      const { value, record } = await replayed({ view });
      assert.deepStrictEqual(value, { view });
      expect(value.view.buffer.byteLength).to.be.at.most(8_192);
      expect(JSON.stringify(record).length).to.be.at.most(1_000);
    }
  });

  it('stores plain JSON as plain JSON, readable in the store', async () => {
    const hold = { id: 'h-1', amount: 12.5, lines: [{ open: true, note: null }], empty: {}, none: [] };
    const { value, record } = await replayed(hold);
    expect(value).to.deep.equal(hold);
    expect(storedOutcome(record)).to.deep.equal({ kind: 'value', json: hold });
  });

  for (const [what, plain] of Object.entries({
    'a text': 'done',
    'a number': 5,
    true: true,
    null: null,
    'a list': [1],
  })) {
    it(`stores ${what} as plain JSON`, async () => {
      expect(storedOutcome((await replayed(plain)).record)).to.deep.equal({ kind: 'value', json: plain });
    });
  }

  it('stores what JSON would change in another form', async () => {
    for (const rich of [{ at: new Date(0) }, { a: undefined }, [-0], [Number.NaN]]) {
      expect(storedOutcome((await replayed(rich)).record)).to.not.have.property('json');
    }
  });

  it('replays an array with a hole as an array with a hole, whatever other properties it has', async () => {
    const { value } = await replayed(
      Object.assign(new Array(1), { note: 'one property makes up for the hole' }),
    );
    expect(value).to.have.length(1);
    expect(0 in value, 'whether the hole was filled').to.equal(false);
  });
});

describe('plain data with a property that is not enumerable', () => {
  it('is replayed with it, as such', async () => {
    const made = Object.defineProperty({ id: 'H-1' }, 'version', { value: 7 });
    const { value } = await replayed(made);
    expect(Object.getOwnPropertyDescriptor(value, 'version')).to.include({ value: 7, enumerable: false });
    expect(Object.keys(value)).to.deep.equal(['id']);
  });
});

describe('errors as values', () => {
  for (const Native of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    it(`replays an ${Native.name} with its message, cause and own fields`, async () => {
      const cause = new Date(4);
      const made = Object.assign(new Native('no luck', { cause }), { status: 402, at: new Date(5) });
      const { value } = await replayed({ error: made });
      expect(Object.getPrototypeOf(value.error)).to.equal(Native.prototype);
      expect(value.error).to.include({ name: Native.name, message: 'no luck', status: 402 });
      expect(value.error.at).to.deep.equal(new Date(5));
      expect((value.error as Error & { cause?: unknown }).cause).to.deep.equal(cause);
      expect(value.error.stack).to.match(new RegExp(`^${Native.name}: no luck\\n +at `));
      expect(Object.keys(value.error), 'its enumerable properties').to.have.members(['status', 'at']);
    });
  }

  it('replays an AggregateError with its errors', async () => {
    const { value } = await replayed(new AggregateError([new TypeError('one'), 'two'], 'all failed'));
    expect(value).to.be.instanceOf(AggregateError);
    expect(value.message).to.equal('all failed');
    expect(value.errors[0]).to.be.instanceOf(TypeError).with.property('message', 'one');
    expect(value.errors[1]).to.equal('two');
  });

  it('replays a chain of causes', async () => {
    const made = new Error('outer', { cause: new RangeError('inner', { cause: { code: 7 } }) });
    const { value } = (await replayed(made)) as { value: Error & { cause: Error } };
    expect(value.cause).to.be.instanceOf(RangeError).with.property('message', 'inner');
    expect(value.cause.cause).to.deep.equal({ code: 7 });
  });

  it('leaves an error without a cause without one', async () => {
    const { value } = await replayed(new Error('alone'));
    expect('cause' in value).to.equal(false);
  });
});

describe('instances of listed classes', () => {
  const classes = [Money, TreeNode];

  it('come back as instances whose methods work', async () => {
    const { value } = await replayed(new Money(5n, 'CHF'), { classes });
    expect(value).to.be.instanceOf(Money);
    expect(value.plus(new Money(2n, 'CHF')).toString()).to.equal('7 CHF');
    assert.deepStrictEqual(value, new Money(5n, 'CHF'));
  });

  it('come back from inside objects, arrays, maps, sets, errors and other instances', async () => {
    const made = () => ({
      list: [new Money(1n, 'EUR')],
      map: new Map([[new Money(2n, 'EUR'), { of: new Money(3n, 'EUR') }]]),
      set: new Set([new Money(4n, 'EUR')]),
      error: Object.assign(new Error('too little'), { missing: new Money(5n, 'EUR') }),
      instance: Object.assign(new TreeNode('leaf'), { price: new Money(6n, 'EUR') }),
    });
    const { value } = await replayed(made(), { classes });
    assert.deepStrictEqual(value, made());
    expect(value.error.missing.toString()).to.equal('5 EUR');
    expect([...value.map.keys()][0]?.toString()).to.equal('2 EUR');
  });

  it('come back in a cycle', async () => {
    const root = new TreeNode('root').add(new TreeNode('left')).add(new TreeNode('right'));
    const { value } = await replayed(root, { classes });
    expect(value).to.be.instanceOf(TreeNode);
    expect(value.children.map(({ path }) => path)).to.deep.equal(['root/left', 'root/right']);
    expect(value.children[0]?.parent).to.equal(value);
  });

  it('are told apart from instances of a listed subclass', async () => {
    const { value } = await replayed([new Money(1n, 'EUR'), new Discount(2n, 'EUR')], {
      classes: [Money, Discount],
    });
    expect(value.map(String)).to.deep.equal(['1 EUR', '2 EUR off']);
  });
});
