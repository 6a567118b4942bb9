import assert from 'node:assert/strict';
import { expect } from 'chai';
import {
  type ClassEntry,
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  KeyError,
  makeIdempotent,
  OutcomeUnavailableError,
  recordOf,
} from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';
import { replayed, storedOutcome } from '../support/replayed.js';
import { unhandledDuring } from '../support/unhandled-rejections.js';

/** Like classes of libraries: private fields, a name of one letter, `constructor` on each instance, an iterator. */
class M {
  readonly #cents: bigint;

  constructor(cents: bigint) {
    this.#cents = cents;
    Object.defineProperty(this, 'constructor', { value: M, enumerable: true });
  }

  get cents(): bigint {
    return this.#cents;
  }

  *[Symbol.iterator](): Iterator<bigint> {
    yield this.#cents;
  }
}

const money: ClassEntry<M, bigint> = {
  class: M,
  name: 'Money',
  to: (value) => value.cents,
  from: (cents) => new M(cents),
};

class Tree {
  constructor(readonly children: unknown[]) {}
}

class Bag extends Map<string, unknown> {
  owner = 'me';

  total(): number {
    return this.size;
  }
}

class Plain {
  constructor(readonly amount: number) {}

  doubled(): number {
    return this.amount * 2;
  }
}

async function keyWith(options: IdempotentOptions, payload: unknown): Promise<string> {
  const accept = makeIdempotent(async (_: unknown) => {}, {
    name: 'accept',
    store: new InMemoryStore(),
    ...options,
  });
  await accept(payload);
  return (await recordOf(accept, payload).inspect())?.key ?? expect.fail('no record');
}

describe('an entry { class, name, to, from } in `classes`', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => {
    warnings.restore();
    configureIdempotency({});
  });

  it('replays instances that cannot be restored from their fields, wherever they are in a result', async () => {
    const make = () => ({ price: new M(5n), list: [new M(0n)], map: new Map([['a', new M(7n)]]) });
    const { value, record } = await replayed(make(), { classes: [money] });
    expect(value.price).to.be.instanceOf(M).with.property('cents', 5n);
    expect(value.list[0]?.cents).to.equal(0n);
    expect(value.map.get('a')?.cents).to.equal(7n);
    expect(JSON.stringify(storedOutcome(record)), 'the record')
      .to.include('=Money')
      .and.not.include('=M"');
    expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS')).to.deep.equal([]);
  });

  for (const data of [
    0,
    '',
    false,
    null,
    undefined,
    0n,
    -0,
    [],
    {},
    [[1]],
    new Date(3),
    new Map([[1, [2n]]]),
    new Plain(1),
  ]) {
    it(`passes to \`from\` exactly what \`to\` returned: ${typeof data} ${String(data)}`, async () => {
      const given: unknown[] = [];
      const entry: ClassEntry<Tree> = {
        class: Tree,
        name: 'Tree',
        to: () => data,
        from: (it) => {
          given.push(it);
          return new Tree([]);
        },
      };
      await replayed(new Tree([1]), { classes: [entry, Plain] });
      assert.deepStrictEqual(given, [data]);
    });
  }

  it('replays entries within entries, and one instance in two places as one', async () => {
    const tree: ClassEntry<Tree, unknown[]> = {
      class: Tree,
      name: 'Tree',
      to: ({ children }) => children,
      from: (children) => new Tree(children),
    };
    const leaf = new Tree([new M(1n)]);
    const { value } = await replayed(new Tree([leaf, leaf]), { classes: [tree, money] });
    const [one, other] = value.children as Tree[];
    expect(one).to.be.instanceOf(Tree);
    expect(other).to.equal(one);
    expect((one?.children[0] as M | undefined)?.cents).to.equal(1n);
  });

  it('gives a class another name in records, and stores its fields where it has no functions', async () => {
    const classes = [{ class: Plain, name: 'Amount' }];
    const { value, record } = await replayed(new Plain(4), { classes });
    expect(value.doubled()).to.equal(8);
    expect(JSON.stringify(storedOutcome(record))).to.include('=Amount');
    assert.deepStrictEqual(value, new Plain(4));
  });

  it('takes any name, with quotes and backslashes in it', async () => {
    const { value } = await replayed(new Plain(4), { classes: [{ class: Plain, name: 'a "b" \\c\n</d>' }] });
    expect(value.doubled()).to.equal(8);
  });

  it('does not apply to an instance of a subclass, whose own data it does not know', async () => {
    class Discount extends Plain {
      readonly percent = 5;
    }
    const { value } = await replayed<unknown>(new Discount(4), {
      classes: [{ class: Plain, name: 'Amount' }],
    });
    assert.deepStrictEqual(value, { amount: 4, percent: 5 });
    expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS').join()).to.include('Discount');
  });

  it('remembers errors by `to` and `from`, those of subclasses too', async () => {
    class PaymentError extends Error {
      readonly #reason: string;
      constructor(reason: string) {
        super('no payment');
        this.#reason = reason;
      }
      get reason(): string {
        return this.#reason;
      }
    }
    class CardError extends PaymentError {}
    const entry: ClassEntry<PaymentError, string> = {
      class: PaymentError,
      name: 'PaymentError',
      to: (error) => error.reason,
      from: (reason) => new PaymentError(reason),
    };
    let runs = 0;
    const pay = makeIdempotent(
      async () => {
        runs += 1;
        throw new CardError('stolen');
      },
      { name: 'pay', store: new InMemoryStore(), remember: [entry] },
    );
    await rejection(pay());
    expect(await rejection(pay()))
      .to.be.instanceOf(PaymentError)
      .and.include({ reason: 'stolen' });
    expect(runs).to.equal(1);
  });

  it('may say how a class is stored that `remember` lists alone', async () => {
    class Refusal extends Error {
      override readonly name = 'Refusal';
      code = 0;
    }
    const entry: ClassEntry<Refusal, number> = {
      class: Refusal,
      name: 'Refusal',
      to: ({ code }) => code,
      from: (code) => Object.assign(new Refusal('again'), { code }),
    };
    const ask = makeIdempotent(
      async () => {
        throw Object.assign(new Refusal('first'), { code: 7, secret: 1 });
      },
      { name: 'ask', store: new InMemoryStore(), remember: [Refusal], classes: [entry] },
    );
    await rejection(ask());
    const again = await rejection(ask());
    expect(again)
      .to.be.instanceOf(Refusal)
      .and.include({ code: 7, message: 'again' })
      .and.not.have.property('secret');
  });

  describe('in keys', () => {
    it('tells instances apart by what `to` returns, and an instance from its bare data', async () => {
      const options = { classes: [money] };
      const one = await keyWith(options, { price: new M(5n) });
      expect(await keyWith(options, { price: new M(5n) })).to.equal(one);
      expect(await keyWith(options, { price: new M(6n) })).to.not.equal(one);
      expect(await keyWith(options, { price: 5n })).to.not.equal(one);
      const other = { classes: [{ ...money, name: 'OtherMoney' }] };
      expect(await keyWith(other, { price: new M(5n) })).to.not.equal(one);
    });

    it('applies in maps, lists, scopes and fingerprints, and to the whole key', async () => {
      const options = { classes: [money] };
      for (const wrap of [
        (it: M) => it,
        (it: M) => [it],
        (it: M) => new Map([[it, 1]]),
        (it: M) => new Set([it]),
      ]) {
        expect(await keyWith(options, wrap(new M(1n)))).to.equal(await keyWith(options, wrap(new M(1n))));
        expect(await keyWith(options, wrap(new M(1n)))).to.not.equal(await keyWith(options, wrap(new M(2n))));
      }
      const scoped = (cents: bigint) =>
        keyWith({ ...options, scope: () => new M(cents), fingerprint: () => new M(1n) }, 'a');
      expect(await scoped(1n)).to.not.equal(await scoped(2n));
    });

    it('uses the name of the entry instead of the class’s', async () => {
      const renamed = class P2 {
        constructor(readonly amount: number) {}
      };
      const named = (one: abstract new (amount: number) => object) => ({
        classes: [{ class: one, name: 'Amount' }],
      });
      expect(await keyWith(named(renamed), new renamed(3))).to.equal(
        await keyWith(named(Plain), new Plain(3)),
      );
      expect(await keyWith(named(Plain), new Plain(3))).to.not.equal(
        await keyWith(named(Plain), new Plain(4)),
      );
    });

    it('counts the content of a named subclass of a built-in', async () => {
      const options = { classes: [{ class: Bag, name: 'Basket' }] };
      const one = await keyWith(options, new Bag([['a', 1]]));
      expect(await keyWith(options, new Bag([['a', 1]]))).to.equal(one);
      expect(await keyWith(options, new Bag([['a', 2]]))).to.not.equal(one);
    });

    it('applies from class defaults and from the process’s configuration', async () => {
      @IdempotencyDefaults({ classes: [money], store: new InMemoryStore() })
      class Shop {
        runs = 0;

        @Idempotent()
        async buy(_price: M): Promise<M> {
          this.runs += 1;
          return new M(9n);
        }
      }
      const shop = new Shop();
      for (const cents of [1n, 1n, 2n]) expect((await shop.buy(new M(cents))).cents).to.equal(9n);
      expect(shop.runs).to.equal(2);
      configureIdempotency({ classes: [money] });
      expect(await keyWith({}, new M(1n))).to.not.equal(await keyWith({}, new M(2n)));
    });

    it('is what the error proposes where an instance cannot be told apart without it', async () => {
      const accept = makeIdempotent(async (_: unknown) => {}, { name: 'accept', store: new InMemoryStore() });
      const error = await rejection(accept({ price: new M(1n) }));
      expect(error).to.be.instanceOf(KeyError);
      expect((error as Error).message).to.match(
        /\.price .*unless `classes` lists it as \{ class, name, to, from \}/,
      );
    });

    for (const [what, to] of Object.entries({
      'that throws': () => {
        throw new Error('PAYLOAD');
      },
      'that returns a promise': () => Promise.reject(new Error('PAYLOAD')),
      'that returns the instance': (it: unknown) => it,
      'that returns a function': () => () => 1,
    })) {
      it(`is a KeyError where \`to\` is one ${what}`, async () => {
        const entry = { class: M, name: 'Money', to, from: () => new M(1n) } as ClassEntry;
        const accept = makeIdempotent(async (_: unknown) => {}, { name: 'accept', classes: [entry] });
        const unhandled = await unhandledDuring(async () => {
          const error = await rejection(accept([new M(1n)]));
          expect(error).to.be.instanceOf(KeyError);
          expect((error as Error).message).to.not.include('PAYLOAD');
        });
        expect(unhandled).to.deep.equal([]);
      });
    }
  });

  describe('whose functions fail', () => {
    const instance = () => new M(1n);
    const faults: Record<string, readonly [Partial<ClassEntry>, RegExp]> = {
      '`to` throws': [
        {
          to: () => {
            throw new Error('PAYLOAD');
          },
        },
        /`to` of the entry "Money" threw/,
      ],
      '`to` returns a promise': [
        { to: () => Promise.reject(new Error('PAYLOAD')) },
        /`to` of the entry "Money" returned a promise/,
      ],
      '`to` returns the instance': [
        { to: (it) => it },
        /`to` of the entry "Money" returned the instance itself/,
      ],
      '`to` returns a function': [{ to: () => () => 'PAYLOAD' }, /Cannot stringify a function/],
      '`from` throws': [
        {
          from: () => {
            throw new Error('PAYLOAD');
          },
        },
        /`from` of the entry "Money" threw/,
      ],
      '`from` returns a promise': [
        { from: (() => Promise.reject(new Error('PAYLOAD'))) as never },
        /`from` of the entry "Money" returned a promise/,
      ],
      '`from` returns nothing': [
        { from: (() => undefined) as never },
        /`from` of the entry "Money" returned no instance of its class/,
      ],
    };
    for (const [what, [part, reason]] of Object.entries(faults)) {
      it(`reaches the caller, and duplicates are told why: ${what}`, async () => {
        const result = [instance()];
        const give = makeIdempotent(async () => result, {
          name: 'give',
          store: new InMemoryStore(),
          classes: [{ ...money, ...part } as ClassEntry],
        });
        const unhandled = await unhandledDuring(async () => {
          expect(await give()).to.equal(result);
          const error = (await rejection(give())) as Error;
          expect(error).to.be.instanceOf(OutcomeUnavailableError);
          expect(error.message).to.match(reason).and.not.include('PAYLOAD');
        });
        expect(unhandled).to.deep.equal([]);
      });
    }

    it('get a clear error for an instance that contains itself', async () => {
      const entry: ClassEntry<Tree, unknown> = {
        class: Tree,
        name: 'Tree',
        to: ({ children }) => children,
        from: () => new Tree([]),
      };
      const tree = new Tree([]);
      tree.children.push({ tree });
      const give = makeIdempotent(async () => tree, {
        name: 'give',
        store: new InMemoryStore(),
        classes: [entry],
      });
      await give();
      expect(((await rejection(give())) as Error).message).to.match(/"Tree" in it contains itself/);
    });
  });

  describe('that is wrong', () => {
    class HasThen {
      // biome-ignore lint/suspicious/noThenProperty: what is refused
      then(): void {}
    }
    const class_ = Plain;
    const wrong: Record<string, readonly [classes: readonly unknown[], right: RegExp]> = {
      'has no class': [[{ name: 'Money' }], /the entry "Money" has no class/],
      'has a class that is none': [[{ class: () => 1, name: 'Money' }], /the entry "Money" has no class/],
      'has no name': [[{ class: class_ }], /the entry of the class Plain has no name/],
      'has an empty name': [[{ class: class_, name: '' }], /has no name/],
      'has only `to`': [
        [{ class: class_, name: 'A b', to: () => 1 }],
        /the entry "A b" has no synchronous function `from`/,
      ],
      'has only `from`': [
        [{ class: class_, name: 'Ab', from: () => 1 }],
        /the entry "Ab" has no synchronous function `to`/,
      ],
      'has a `to` that is no function': [[{ ...money, to: 1 }], /no synchronous function `to`/],
      'has an asynchronous `to`': [
        [{ ...money, to: async () => 1n }],
        /the entry "Money" has no synchronous function `to`/,
      ],
      'has an asynchronous `from`': [
        [{ ...money, from: async () => new M(1n) }],
        /the entry "Money" has no synchronous function `from`/,
      ],
      'has a generator': [[{ ...money, *to() {} }], /the entry "Money" has no synchronous function `to`/],
      'is misspelt': [[{ ...money, form: 1 }], /the entry "Money" has another part/],
      'has private fields and no functions': [
        [{ class: M, name: 'Money' }],
        /has private fields: give it `to` and `from`/,
      ],
      'is named as another': [[money, { ...money, class: Plain }], /two are named "Money"/],
      'is named as a class': [[Plain, { ...money, name: 'Plain' }], /two are named "Plain"/],
      'is of the same class as another': [
        [money, { ...money, name: 'Other' }],
        /that of "Other" is in it twice/,
      ],
      'is of a class that is listed as well': [
        [Plain, { class: Plain, name: 'Amount' }],
        /that of "Amount" is in it twice/,
      ],
      'is a class with a then()': [[HasThen], /HasThen has a then\(\)/],
      'is a Response': [[Response], /Response is a built-in class/],
      'extends Headers': [
        [class TenantHeaders extends Headers {}],
        /TenantHeaders is a built-in class, or extends one/,
      ],
      'is null': [[null], /null is not a class/],
    };
    for (const option of ['classes', 'remember'] as const)
      for (const [what, [classes, right]] of Object.entries(wrong))
        it(`is refused when it is given, in \`${option}\`: it ${what}`, () => {
          const error = thrown(() =>
            makeIdempotent(async () => 1, { name: 'give', [option]: classes }),
          ) as Error;
          expect(error).to.be.instanceOf(ConfigurationError);
          expect(error.message).to.match(right).and.to.include(`option "${option}"`);
        });

    it('is refused where `remember` has another of that name, or of that class', async () => {
      for (const remember of [[{ ...money, class: Plain }], [{ ...money, name: 'Other' }]]) {
        const give = makeIdempotent(async () => 1, { name: 'give', classes: [money], remember });
        expect(await rejection(give())).to.be.instanceOf(ConfigurationError);
      }
    });
  });
});

describe('a class that extends a built-in class', () => {
  it('is stored by its content and its own fields where it is listed', async () => {
    class Tags extends Set<string> {
      readonly sorted = true;
    }
    class Lines extends Array<Plain> {
      total(): number {
        return this.reduce((sum, { amount }) => sum + amount, 0);
      }
    }
    class When extends Date {
      zone = 'Europe/Zurich';
    }
    class Bytes extends Uint8Array {
      label = 'photo';
    }
    const make = () => ({
      bag: Object.assign(new Bag([['a', new Plain(1)]]), { owner: 'you' }),
      tags: new Tags(['x']),
      lines: Lines.of(new Plain(2), new Plain(3)) as Lines,
      when: new When(5),
      bytes: new Bytes([1, 2]),
    });
    const { value } = await replayed(make(), { classes: [Bag, Tags, Lines, When, Bytes, Plain] });
    assert.deepStrictEqual(value, make());
    expect(value.bag.total()).to.equal(1);
    expect(value.lines.total()).to.equal(5);
    expect(value.when.getTime()).to.equal(5);
  });

  it('comes back where it contains itself', async () => {
    const bag = new Bag();
    bag.set('self', [bag]);
    const { value } = await replayed(bag, { classes: [Bag] });
    expect((value.get('self') as unknown[])[0]).to.equal(value);
    expect(value).to.be.instanceOf(Bag);
  });
});
