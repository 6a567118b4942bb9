import 'retrysafe/jmespath';
import { expect } from 'chai';
import { Idempotent, InMemoryStore, KeyError, makeIdempotent, recordOf, type Selector } from 'retrysafe';
import { keyOf, keyReader } from '../support/key-of.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { unhandledDuring } from '../support/unhandled-rejections.js';

type AnySelector = Selector<unknown, readonly unknown[]>;

/** The error of a call whose key or scope selects nothing. Neither the method nor the store is called. */
async function refusal(
  options: { key?: AnySelector; scope?: AnySelector },
  ...args: readonly unknown[]
): Promise<KeyError> {
  const store = new ScriptedStore();
  let runs = 0;
  const accept = makeIdempotent(
    async (..._args: readonly unknown[]) => {
      runs += 1;
    },
    { name: 'Payments.selectNothing', store, ...options },
  );
  const error = await rejection(accept(...args));
  expect(error).to.be.instanceOf(KeyError);
  expect({ runs, calls: store.count() }).to.deep.equal({ runs: 0, calls: 0 });
  return error as KeyError;
}

// biome-ignore lint/suspicious/noExplicitAny: requests of every shape
type Request = any;

describe('a key or scope that selects nothing', () => {
  const nothings: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    "''": '',
    '[]': [],
    '{}': {},
  };
  const selections: Record<string, [AnySelector, unknown]> = {
    ...Object.fromEntries(
      Object.entries(nothings).flatMap(([what, id]) => [
        [`${what} by an expression`, ['id', { id }]],
        [`${what} by a function`, [(request: Request) => request.id, { id }]],
        [`${what} in a list by an expression`, ['[userId, id]', { userId: 'u', id }]],
        [`${what} in a hash by an expression`, ['{u: userId, p: id}', { userId: 'u', id }]],
        [
          `${what} in a list by a function`,
          [(request: Request) => [request.userId, request.id], { userId: 'u', id }],
        ],
        [
          `${what} in a hash by a function`,
          [(request: Request) => ({ u: request.userId, p: request.id }), { userId: 'u', id }],
        ],
        [`${what} deep in a list by an expression`, ['[userId, {of: [id]}]', { userId: 'u', id }]],
      ]),
    ),
    'a missing property': ['id', { other: 1 }],
    'a property of a missing object': ['order.id', {}],
    'a part missing in a list': ['[userId, productId]', { userId: 'u' }],
    'an item without the id': ['items[].id', { items: [{ id: 1 }, { name: 'no id' }] }],
    'an item whose id is null': ['items[*].id', { items: [{ id: 1 }, { id: null }] }],
    'an item whose id is empty': ['items[*].id', { items: [{ id: 1 }, { id: '' }] }],
    'a filtered item without the id': ['items[?paid].id', { items: [{ id: 1, paid: true }, { paid: true }] }],
    'a value without the id': ['prices.*.id', { prices: { a: { id: 1 }, b: {} } }],
    'an item missing a part of its list': ['items[*].[id, size]', { items: [{ id: 1, size: 2 }, { id: 3 }] }],
    'a filter that nothing passes': ['items[?paid].id', { items: [{ id: 1 }] }],
    'an empty Map': ['id', { id: new Map() }],
    'an empty Set': [(request: Request) => request.id, { id: new Set() }],
    'no argument at all': ['id', undefined],
  };

  for (const option of ['key', 'scope'] as const) {
    for (const [what, [selector, request]] of Object.entries(selections)) {
      it(`is refused before the method runs: ${option} selects ${what}`, async () => {
        const { message } = await refusal({ [option]: selector }, request);
        expect(message).to.include('Payments.selectNothing').and.include(`\`${option}\``);
      });
    }

    it(`is refused where a ${option} function throws, with what it threw as the cause`, async () => {
      const cause = new TypeError('no such header');
      const selector = () => {
        throw cause;
      };
      expect(await refusal({ [option]: selector }, {})).to.have.property('cause', cause);
    });

    it(`is refused where a ${option} function throws, without quoting it, since it may quote the request`, async () => {
      const selector = (request: Request) => JSON.parse(request.body).id;
      const { cause, message } = await refusal({ [option]: selector }, { body: 'secret-4111' });
      expect(cause).to.be.instanceOf(SyntaxError);
      expect(message).not.to.include('secret');
    });

    it(`is refused where a ${option} function returns a promise, with the reason as the cause`, async () => {
      const late = (() => Promise.resolve('k')) as unknown as AnySelector;
      const { cause } = await refusal({ [option]: late }, {});
      expect(cause).to.be.instanceOf(TypeError).and.to.have.property('message').that.includes('promise');
      // Nothing else handles its rejection.
      const failing = (() => Promise.reject(new Error('unheard'))) as unknown as AnySelector;
      expect(await unhandledDuring(() => refusal({ [option]: failing }, {}))).to.deep.equal([]);
    });

    it(`is refused at definition where a ${option} function is asynchronous`, () => {
      const late = (async () => 'k') as unknown as AnySelector;
      expect(
        thrown(() => makeIdempotent(async () => {}, { name: 'Payments.late', [option]: late })),
      ).to.have.property('code', 'ERR_IDEMPOTENCY_CONFIGURATION');
    });
  }
});

describe('what counts as a value in a key', () => {
  const cases: Record<string, [AnySelector, unknown, unknown]> = {
    '0': ['id', { id: 0 }, { id: 1 }],
    false: ['id', { id: false }, { id: true }],
    '0n': ['id', { id: 0n }, { id: 0 }],
    '0 in a list that is put together': ['[userId, id]', { userId: 'u', id: 0 }, { userId: 'u', id: 1 }],
    'false in a hash that is put together': [
      '{u: userId, p: id}',
      { userId: 'u', id: false },
      { userId: 'u', id: true },
    ],
    "'' in the selected part of the request": [
      'body',
      { body: { id: 1, memo: '' } },
      { body: { id: 1, memo: 'm' } },
    ],
    'null in the selected part of the request': [
      'body',
      { body: { id: 1, memo: null } },
      { body: { id: 1, memo: 'null' } },
    ],
    "'' in a part of the request within a list": [
      '[id, body]',
      { id: 1, body: { memo: '' } },
      { id: 1, body: { memo: null } },
    ],
    'an empty list in the selected part': [
      'body',
      { body: { id: 1, lines: [] } },
      { body: { id: 1, lines: {} } },
    ],
    "'' in what a function selects": [
      (request: Request) => request.body,
      { body: { memo: '' } },
      { body: { memo: null } },
    ],
    "'' in a list of the request": ['tags', { tags: ['a', ''] }, { tags: ['a', null] }],
    'an item in a projection whose property is null': [
      'items[*]',
      { items: [{ id: 1, memo: null }] },
      { items: [{ id: 1, memo: '' }] },
    ],
  };

  for (const [what, [key, request, other]] of Object.entries(cases)) {
    it(`is a value: ${what}`, async () => {
      const reader = keyReader({ key });
      expect(await reader(structuredClone(request))).to.equal(await reader(request));
      expect(await reader(other)).not.to.equal(await reader(request));
    });
  }

  it('is not what the condition of a filter reads: an item without it is only filtered out', async () => {
    const reader = keyReader({ key: "items[?type == 'card'].id" });
    const key = await reader({ items: [{ type: 'card', id: 1 }] });
    expect(await reader({ items: [{ type: 'card', id: 1 }, { id: 2 }] })).to.equal(key);
  });

  it('is not a step of the path in a filter’s condition: an item where it is missing is only skipped', async () => {
    const orders = (...tags: readonly object[]) => ({
      orders: [
        { id: 1, tags: [{ name: 'urgent' }] },
        { id: 2, tags },
      ],
    });
    for (const key of [
      "orders[?contains(tags[].name, 'urgent')].id",
      "orders[?tags[*].name | [0] == 'urgent'].id",
    ]) {
      const reader = keyReader({ key });
      expect(await reader(orders({ colour: 'red' }, { name: null })), key).to.equal(
        await reader(orders({ name: 'later' })),
      );
    }
  });

  it('is each argument by default, without exception', async () => {
    const keys = await Promise.all([
      keyOf(),
      keyOf(undefined),
      keyOf(null),
      keyOf(''),
      keyOf('a'),
      keyOf('a', undefined),
      keyOf('a', ''),
      keyOf('', 'a'),
      keyOf(['a']),
      keyOf(undefined, 'a'),
    ]);
    expect(new Set(keys)).to.have.property('size', keys.length);
  });

  it('is also the state of the instance, which a key function can read', async () => {
    const store = new InMemoryStore();
    class TenantLedger {
      constructor(readonly tenant: string) {}

      @Idempotent({
        store,
        key(this: TenantLedger, id: string) {
          return [this.tenant, id];
        },
      })
      async close(id: string): Promise<string> {
        return `${this.tenant} ${id}`;
      }
    }
    const [one, other] = [new TenantLedger('a'), new TenantLedger('b')];
    expect([await one.close('x'), await other.close('x')]).to.deep.equal(['a x', 'b x']);
    expect((await recordOf(one, 'close', 'x').inspect())?.key).not.to.equal(
      (await recordOf(other, 'close', 'x').inspect())?.key,
    );
  });
});

describe('a method without arguments', () => {
  it('runs once', async () => {
    let runs = 0;
    class NightlyReport {
      @Idempotent({ store: new InMemoryStore() })
      async build(): Promise<number> {
        runs += 1;
        return runs;
      }
    }
    const report = new NightlyReport();
    expect([await report.build(), await report.build(), runs]).to.deep.equal([1, 1, 1]);
  });
});

describe('the same payload', () => {
  const payload = { id: 1, lines: [{ b: 2, a: 1 }] };

  it('has the same key whatever the order of its properties', async () => {
    expect(await keyOf({ lines: [{ a: 1, b: 2 }], id: 1 })).to.equal(await keyOf(payload));
    const at = new Date(0);
    expect(await keyOf({ line: { a: 1, b: 2 }, at }), 'with a Date').to.equal(
      await keyOf({ at, line: { b: 2, a: 1 } }),
    );
  });

  it('has another key than plain JSON that looks like the form by which a value of it is compared', async () => {
    const at = new Date(0);
    expect(await keyOf({ at: { $: ['Date', at.toISOString()] } })).not.to.equal(await keyOf({ at }));
  });

  it('has another key than one whose list has an element in place of a property of its own', async () => {
    const list: number[] & { size?: number } = [1];
    list[2] = 3;
    list.size = 3;
    expect(await keyOf({ list })).not.to.equal(await keyOf({ list: [1, null, 3] }));
  });

  it('has another key in another operation, which begins with its name', async () => {
    const [one, other] = await Promise.all([
      keyReader({ name: 'Orders.open' })(payload),
      keyReader({ name: 'Orders.close' })(payload),
    ]);
    expect(one).to.match(/^Orders\.open#[0-9a-f]{64}$/);
    expect(other).to.match(/^Orders\.close#[0-9a-f]{64}$/);
    expect(one.split('#')[1]).not.to.equal(other.split('#')[1]);
  });

  it('has another key in another scope, and in none', async () => {
    const keys = await Promise.all([
      keyReader({ key: 'id', scope: 'tenant' })({ id: 1, tenant: 'a' }),
      keyReader({ key: 'id', scope: 'tenant' })({ id: 1, tenant: 'b' }),
      keyReader({ key: 'id', scope: (request: Request) => [request.tenant] })({ id: 1, tenant: 'a' }),
      keyReader({ key: 'id' })({ id: 1, tenant: 'a' }),
    ]);
    expect(new Set(keys)).to.have.property('size', 4);
  });

  it('has another key where name, scope and key differ but give the same text when they are joined', async () => {
    const read = (name: string, scope: string, key: string) =>
      keyReader({ name, scope: () => scope, key: () => key })(payload);
    const keys = await Promise.all([
      read('Pay', 'a', 'bc'),
      read('Pay', 'ab', 'c'),
      read('Pay', 'a|b', 'c'),
      read('Pay', 'a', 'b|c'),
      read('Pay', 'a","b', 'c'),
      read('Pay', 'a', 'b","c'),
      read('Paya', 'b', 'c'),
    ]);
    expect(new Set(keys)).to.have.property('size', keys.length);
  });

  it('shares no key across scopes in a store', async () => {
    const runs: string[] = [];
    const pay = makeIdempotent(
      async (tenant: string, id: string) => {
        runs.push(`${tenant}|${id}`);
      },
      {
        name: 'Tenants.pay',
        store: new InMemoryStore(),
        scope: (tenant) => tenant,
        key: (_tenant, id) => id,
      },
    );
    for (const [tenant, id] of [
      ['a', 'bc'],
      ['ab', 'c'],
      ['a', 'bc'],
    ] as const)
      await pay(tenant, id);
    expect(runs).to.deep.equal(['a|bc', 'ab|c']);
  });
});

describe('expressions over values that JSON does not have', () => {
  const at = (time: number) => ({
    placedAt: new Date(time),
    lines: new Map([['a', time]]),
    tags: new Set([time]),
    number: 2n ** 60n + BigInt(time),
  });

  for (const key of [
    'placedAt',
    'lines',
    'tags',
    'number',
    '[placedAt, lines]',
    '{at: placedAt}',
    'not_null(missing, lines)',
    'to_array(lines)',
    'to_string(placedAt)',
    "join('-', [to_string(placedAt), 'x'])",
    'merge({a: `1`}, {at: placedAt})',
    'reverse([placedAt, lines])',
    'lines || placedAt',
    'let $at = placedAt in {at: $at}',
    '[placedAt, lines][*]',
  ]) {
    it(`tell two requests apart: ${key}`, async () => {
      const reader = keyReader({ key });
      expect(await reader(at(1))).to.equal(await reader(at(1)));
      expect(await reader(at(2))).not.to.equal(await reader(at(1)));
    });
  }

  for (const key of [
    'to_string(lines)',
    'to_string(tags)',
    'to_string(number)',
    "join('-', [to_string(lines), 'x'])",
  ]) {
    it(`never let two requests share a key: ${key}`, async () => {
      const reader = keyReader({ key });
      const read = (time: number) => reader(at(time)).catch((error: unknown) => error);
      const [one, other] = await Promise.all([read(1), read(2)]);
      if (typeof one === 'string') expect(other).not.to.equal(one);
      else expect(one).to.be.instanceOf(KeyError);
    });
  }
});
