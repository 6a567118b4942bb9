import { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import { KeyError, makeIdempotent } from 'retrysafe';
import { spy } from 'sinon';
import { keyOf, keyReader } from '../support/key-of.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

const secret = 'the-secret-itself';

class Vault {
  readonly #content: string;

  constructor(content = secret) {
    this.#content = content;
  }

  read(): string {
    return this.#content;
  }
}

class OpenVault extends Vault {
  toJSON(): unknown {
    return { content: this.read() };
  }
}

class SealedError extends Error {
  readonly #reason: string;

  constructor(reason: string) {
    super('declined');
    this.#reason = reason;
  }

  read(): string {
    return this.#reason;
  }
}

class SealedMap extends Map<string, string> {
  readonly #owner: string = secret;

  read(): string {
    return this.#owner;
  }
}

class SealedList extends Array<string> {
  readonly #owner: string = secret;

  read(): string {
    return this.#owner;
  }
}

const minified = {
  a: class a {
    amount = 1;
  },
  b: class b extends Map<string, string> {},
  c: class c extends Error {},
};

function* numbers(): Generator<number> {
  yield 1;
}

async function* lateNumbers(): AsyncGenerator<number> {
  yield 1;
}

function containingItself(): unknown {
  const order: Record<string, unknown> = { id: 1 };
  order.lines = [{ order }];
  return order;
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let payload: unknown = 1;
  for (let level = 0; level < levels; level += 1) payload = wrap(payload);
  return payload;
}

async function refusal(payload: unknown): Promise<KeyError> {
  const store = new ScriptedStore();
  let runs = 0;
  const accept = makeIdempotent(
    async (_payload: unknown) => {
      runs += 1;
    },
    { name: 'Payments.refuse', store },
  );
  const error = await rejection(accept(payload));
  expect(error).to.be.instanceOf(KeyError);
  expect({ runs, calls: store.count() }).to.deep.equal({ runs: 0, calls: 0 });
  return error as KeyError;
}

describe('payloads that cannot be told apart', () => {
  const refused: Record<string, () => unknown> = {
    'a function': () => () => secret,
    'a class': () => Vault,
    'a symbol': () => Symbol(secret),
    'a property whose name is a symbol': () => ({ [Symbol(secret)]: 1 }),
    'a list with a property whose name is a symbol': () => Object.assign([1], { [Symbol(secret)]: 1 }),
    'bytes with a property whose name is a symbol': () =>
      Object.assign(Uint8Array.of(1), { [Symbol(secret)]: 1 }),
    'a promise': () => Promise.resolve(secret),
    // biome-ignore lint/suspicious/noThenProperty: promises of other libraries have it
    'a promise of another library': () => ({ then: (resolve: (value: string) => void) => resolve(secret) }),
    'a readable stream': () => Readable.from([secret]),
    'a writable stream': () => new Writable(),
    'a readable web stream': () => new ReadableStream(),
    'a writable web stream': () => new WritableStream(),
    'a generator': () => numbers(),
    'an asynchronous generator': () => lateNumbers(),
    'an iterator': () => new Map([[secret, 1]]).values(),
    'a WeakMap': () => new WeakMap(),
    'a WeakSet': () => new WeakSet(),
    'an AbortSignal': () => new AbortController().signal,
    'an instance with private fields': () => new Vault(),
    'an error with private fields': () => new SealedError(secret),
    'a Map with private fields': () => new SealedMap(),
    'a list with private fields': () => SealedList.from([secret]),
    'a boxed symbol': () => Object(Symbol(secret)),
    'something that contains itself': containingItself,
    'an instance of a minified class': () => new minified.a(),
    'a Map of a minified class': () => new minified.b(),
    'an error of a minified class': () => new minified.c(secret),
  };

  for (const [what, make] of Object.entries(refused)) {
    it(`are refused before the method runs: ${what}`, async () => {
      const { message } = await refusal({ order: { notes: [make()] } });
      expect(message).to.include('.order.notes[0]').and.include('Payments.refuse');
      expect(message).not.to.include(secret);
    });
  }

  it('are refused at every place: the argument itself, a Map key or value, a Set member, a cause', async () => {
    const fn = () => secret;
    const places = [
      fn,
      new Map([[fn, 1]]),
      new Map([[{ inner: fn }, 1]]),
      new Map([[1, fn]]),
      new Set([fn]),
      new Error('declined', { cause: fn }),
      new AggregateError([fn]),
    ];
    for (const payload of places) expect((await refusal(payload)).message).not.to.include(secret);
  });

  it('are refused without a crash where they are nested 100,000 levels deep', async () => {
    const wraps: ((inner: unknown) => unknown)[] = [
      (inner) => ({ inner }),
      (inner) => [inner],
      (inner) => new Map([['inner', inner]]),
      (inner) => new Map([[inner, 'inner']]),
      (inner) => new Set([inner]),
    ];
    for (const wrap of wraps) {
      expect((await refusal(nested(100_000, wrap))).message).to.match(/nested too deeply/);
    }
  });

  it('are refused by the length of a list, before the names of millions of elements are listed', async () => {
    const names = spy(Object, 'keys');
    try {
      const error = await refusal(new Array(300_000).fill(1));
      expect(error.message).to.include('has more than 250,000 parts');
      expect(Math.max(...names.returnValues.map(({ length }) => length))).to.be.below(1_000);
    } finally {
      names.restore();
    }
  });

  it('have a status code of 400 and name the operation, since the request is at fault', async () => {
    expect(await refusal(() => 1)).to.include({
      code: 'ERR_IDEMPOTENCY_KEY',
      statusCode: 400,
      operation: 'Payments.refuse',
    });
  });
});

describe('payloads that seem impossible to tell apart, and are not', () => {
  it('have a key where a class shows its private fields by toJSON', async () => {
    const key = await keyOf(new OpenVault('a'));
    expect(await keyOf(new OpenVault('a'))).to.equal(key);
    expect(await keyOf(new OpenVault('b'))).not.to.equal(key);
  });

  it('have a key where one object is in two places', async () => {
    const shared = { id: 1 };
    expect(await keyOf({ a: shared, b: shared })).to.equal(await keyOf({ a: { id: 1 }, b: { id: 1 } }));
  });

  it('have a key where the selector takes a small part of a request nested 100,000 levels deep', async () => {
    const request = { user: 'u', product: 'p', notes: nested(100_000, (inner) => ({ inner })) };
    const key = await keyReader({ key: '[user, product]' })({ user: 'u', product: 'p' });
    expect(await keyReader({ key: '[user, product]' })(request)).to.equal(key);
    expect(await keyReader({ key: ({ user, product }) => [user, product] })(request)).to.equal(key);
  });

  it('have different keys where lists with holes differ in properties other than elements', async () => {
    const withHole = (label: string) => Object.assign(new Array(2), { 1: 'b', label });
    const keys = await Promise.all(
      [withHole('x'), withHole('y'), [null, 'b'], [undefined, 'b']].map((list) => keyOf(list)),
    );
    expect(new Set(keys)).to.have.property('size', 4);
  });
});
