import { expect } from 'chai';
import { InMemoryStore } from 'retrysafe';
import { type GuardedRequest, HttpGuard, type RequestBody, type RequestParts } from 'retrysafe/http';
import { bodyIdentity, essenceOf } from '#http/core/body-identity.js';

const bytes = (content: string | Uint8Array): RequestBody => ({
  kind: 'bytes',
  bytes: typeof content === 'string' ? Buffer.from(content) : content,
});

/** Whether a guard takes two bodies for the same. */
async function areSame(
  one: RequestBody,
  other: RequestBody,
  types: readonly [string, string],
): Promise<boolean> {
  const guard = new HttpGuard<string>(
    { store: new InMemoryStore(), scope: 'public' },
    { where: 'the guard', isRequired: true },
  );
  const send = async (body: RequestBody, type: string) => {
    const request: GuardedRequest = {
      method: 'POST',
      path: '/',
      query: '',
      header: (name) =>
        name === 'idempotency-key' ? ['k'] : name === 'content-type' && type !== '' ? [type] : [],
      body: () => body,
    };
    const made = { status: 200, headers: [], recorded: { status: 200, headers: [], text: 'done' } };
    return guard.perform(request, [''], () => made);
  };
  expect((await send(one, types[0])).from).to.equal('handler');
  const answer = await send(other, types[1]);
  if (answer.from === 'record') return true;
  expect(answer.from === 'guard' && answer.problem.status).to.equal(422);
  return false;
}

function form(
  boundary: string,
  parts: readonly (readonly [disposition: string, content: string, type?: string])[],
) {
  const text = parts
    .map(
      ([disposition, content, type]) =>
        `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type ? `Content-Type: ${type}\r\n` : ''}\r\n${content}\r\n`,
    )
    .join('');
  return bytes(`${text}--${boundary}--\r\n`);
}
const formType = (boundary: string) => `multipart/form-data; boundary=${boundary}`;

describe('two bodies of JSON', () => {
  const same: readonly (readonly [what: string, one: string, other: string])[] = [
    ['with other white space', '{"a":[1,{"b":null}]}', ' {\n\t"a" : [ 1 , { "b" : null } ]\r\n} '],
    ['with another order of members', '{"a":1,"b":{"c":1,"d":2}}', '{"b":{"d":2,"c":1},"a":1}'],
    ['with a number written in another way', '{"a":100,"b":1.5}', '{"a":1e2,"b":1.50}'],
    ['with a large number written in another way', '[9007199254740993]', '[9007199254740993.0]'],
    ['with escapes in a text', '"caf\u00e9 /"', '"caf\\u00e9 \\/"'],
    ['of one text', '"a"', ' "a" '],
    ['with a byte order mark', '{"a":1}', '\ufeff{"a":1}'],
    // Each parser that a handler may have takes the last.
    ['with a member twice', '{"a":1,"a":2}', '{"a":2}'],
  ];
  for (const [what, one, other] of same)
    it(`are the same ${what}`, async () => {
      expect(await areSame(bytes(one), bytes(other), ['application/json', 'application/json'])).to.equal(
        true,
      );
    });

  const different: readonly (readonly [what: string, one: string, other: string])[] = [
    ['with another number', '{"a":1}', '{"a":2}'],
    ['with a text in place of a number', '{"a":1}', '{"a":"1"}'],
    ['with numbers that are one double', '[9007199254740993]', '[9007199254740992]'],
    [
      'with large numbers deep within',
      '{"a":[{"b":12345678901234567890}]}',
      '{"a":[{"b":12345678901234567891}]}',
    ],
    ['with numbers that are no double', '[1e400]', '[1e401]'],
    ['with decimals that are one double', '[0.1]', '[0.1000000000000000055511151231257827]'],
    ['with zero and minus zero', '[0]', '[-0.1]'],
    ['with another order of a list', '[1,2]', '[2,1]'],
    ['with nothing in place of a member', '{"a":null}', '{}'],
    ['with an empty list in place of an object', '[]', '{}'],
    ['with another writing of a letter', '"\u00e9"', '"e\u0301"'],
    ['with lone surrogates', '"\\ud800"', '"\\ud801"'],
    ['with `__proto__`', '{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
    ['with false and null', 'false', 'null'],
  ];
  for (const [what, one, other] of different)
    it(`are different ${what}`, async () => {
      expect(await areSame(bytes(one), bytes(other), ['application/json', 'application/json'])).to.equal(
        false,
      );
    });

  it('are the same with another charset and other parameters of the type', async () => {
    for (const type of [
      'application/json; charset=utf-8',
      'APPLICATION/JSON;a=b',
      ' application/json ;charset="x"',
    ])
      expect(await areSame(bytes('{"a":1}'), bytes('{ "a": 1 }'), ['application/json', type]), type).to.equal(
        true,
      );
  });

  it('are different with another type', async () => {
    const types = ['application/json', 'application/merge-patch+json'] as const;
    expect(await areSame(bytes('{}'), bytes('{}'), types)).to.equal(false);
    expect(await areSame(bytes('{}'), bytes('{}'), ['application/json', ''])).to.equal(false);
  });

  it('are JSON also by a type that ends in +json', async () => {
    const type = 'application/vnd.api+json';
    expect(await areSame(bytes('{"a":1}'), bytes('{ "a": 1 }'), [type, type])).to.equal(true);
  });

  it('are the same parsed and as bytes', async () => {
    const type = 'application/json';
    for (const text of ['{"a":[1,"b",null,{"c":true}]}', '"text"', '5', 'null', '[]'])
      expect(
        await areSame({ kind: 'parsed', value: JSON.parse(text) }, bytes(text), [type, type]),
        text,
      ).to.equal(true);
  });

  it('are compared by their bytes where they are none', async () => {
    const type = 'application/json';
    for (const text of ['{"a":', '{"a":01}', "{'a':1}", '{"a":1}x']) {
      expect(await areSame(bytes(text), bytes(text), [type, type]), text).to.equal(true);
      expect(await areSame(bytes(text), bytes(`${text} `), [type, type]), text).to.equal(false);
    }
    const wrong = Uint8Array.of(0x22, 0xff, 0x22);
    expect(await areSame(bytes(wrong), bytes(Uint8Array.of(0x22, 0xfe, 0x22)), [type, type])).to.equal(false);
    const utf16 = (text: string) => bytes(Buffer.from(text, 'utf16le'));
    expect(await areSame(utf16('{"a":1}'), utf16('{"a":2}'), [type, type])).to.equal(false);
  });

  it('are compared by their bytes where they are nested too deeply, or have too many parts', async () => {
    const type = 'application/json';
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    expect(await areSame(bytes(deep), bytes(deep), [type, type])).to.equal(true);
    expect(await areSame(bytes(deep), bytes(` ${deep}`), [type, type])).to.equal(false);
    const wide = `[${'{},'.repeat(300_000)}0]`;
    expect(await areSame(bytes(wide), bytes(wide), [type, type])).to.equal(true);
  });
});

describe('two forms', () => {
  const amount = ['name="amount"', '5'] as const;
  const other = ['name="note"', 'caf\u00e9'] as const;
  const file = (content: string, name = 'a.txt', type = 'text/plain') =>
    [`name="receipt"; filename="${name}"`, content, type] as const;

  it('are the same with another boundary', async () => {
    const parts = [amount, other, file('content')];
    expect(
      await areSame(form('one', parts), form('two', parts), [formType('one'), formType('two')]),
    ).to.equal(true);
    expect(
      await areSame(form('one', parts), form('o n e', parts), [formType('one'), formType('"o n e"')]),
    ).to.equal(true);
  });

  it('are the same with another order of fields', async () => {
    const types = [formType('b'), formType('b')] as const;
    expect(await areSame(form('b', [amount, other]), form('b', [other, amount]), types)).to.equal(true);
  });

  for (const [what, parts] of Object.entries({
    'with another field': [['name="amount"', '6'], other, file('content')],
    'with another name of a field': [['name="amounts"', '5'], other, file('content')],
    'with a field twice': [amount, amount, other, file('content')],
    'without a field': [amount, file('content')],
    'with another file': [amount, other, file('contents')],
    'with another name of a file': [amount, other, file('content', 'b.txt')],
    'with another type of a file': [amount, other, file('content', 'a.txt', 'text/csv')],
    'with a field in place of a file': [amount, other, ['name="receipt"', 'content']],
    'without its file': [amount, other],
  }))
    it(`are different ${what}`, async () => {
      const types = [formType('one'), formType('two')] as const;
      const first = form('one', [amount, other, file('content')]);
      expect(await areSame(first, form('two', parts as never), types)).to.equal(false);
    });

  it('are different with another order of the values of a field, and of files', async () => {
    const types = [formType('b'), formType('b')] as const;
    const values = [
      ['name="a"', '1'],
      ['name="a"', '2'],
    ] as const;
    expect(await areSame(form('b', values), form('b', [...values].reverse()), types)).to.equal(false);
    const files = [file('1'), file('2')];
    expect(await areSame(form('b', files), form('b', [...files].reverse()), types)).to.equal(false);
  });

  it('are the same parsed and as bytes', async () => {
    const type = formType('b');
    const parsed: RequestBody = {
      kind: 'parsed',
      value: { amount: ['5'], __proto__: null },
      files: [{ field: 'receipt', name: 'a.txt', type: 'text/plain', bytes: Buffer.from('content') }],
    };
    expect(await areSame(parsed, form('b', [amount, file('content')]), [type, type])).to.equal(true);
  });

  it('may have a field of any name', async () => {
    const types = [formType('b'), formType('b')] as const;
    const named = (name: string, value: string) => form('b', [[`name="${name}"`, value]]);
    for (const name of ['__proto__', 'constructor', 'toString', ''])
      expect(await areSame(named(name, '1'), named(name, '2'), types), name).to.equal(false);
  });

  it('are compared by their bytes where they are none', async () => {
    const types = [formType('b'), formType('b')] as const;
    for (const [one, another] of [
      ['--b\r\n', '--b\r\n '],
      ['no form', 'none'],
    ] as const) {
      expect(await areSame(bytes(one), bytes(one), types)).to.equal(true);
      expect(await areSame(bytes(one), bytes(another), types)).to.equal(false);
    }
    expect(await areSame(bytes('a'), bytes('b'), ['multipart/form-data', 'multipart/form-data'])).to.equal(
      false,
    );
  });

  it('of many fields of one name are read in a time that grows with their number alone', async () => {
    const many = form(
      'b',
      Array.from({ length: 15_000 }, () => ['name="a"', '1'] as const),
    );
    const began = performance.now();
    await bodyIdentity(many as never, formType('b'));
    expect(performance.now() - began).to.be.below(3_000);
  });
});

describe('two other bodies', () => {
  it('are the same with the same bytes', async () => {
    for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
      const content = Uint8Array.of(0, 255, 61, 38);
      expect(await areSame(bytes(content), bytes(content.slice()), [type, type]), type).to.equal(true);
      expect(
        await areSame(bytes(content), bytes(Uint8Array.of(0, 254, 61, 38)), [type, type]),
        type,
      ).to.equal(false);
    }
  });

  it('are different with nothing in place of something, whoever says so', async () => {
    const type = 'application/json';
    const nothing: readonly RequestBody[] = [
      { kind: 'none' },
      bytes(''),
      { kind: 'parsed', value: undefined },
      { kind: 'parsed', value: new Uint8Array(0) },
    ];
    for (const none of nothing) {
      for (const other of nothing) expect(await areSame(none, other, [type, type])).to.equal(true);
      for (const text of ['{}', '[]', 'null', '""', '0'])
        expect(await areSame(none, bytes(text), [type, type]), text).to.equal(false);
    }
  });

  it('that a parser made are compared as it made them', async () => {
    const type = 'application/x-www-form-urlencoded';
    const parsed = (value: unknown): RequestBody => ({ kind: 'parsed', value });
    const none = Object.create(null) as Record<string, unknown>;
    none.a = '1';
    expect(await areSame(parsed({ a: '1' }), parsed(none), [type, type])).to.equal(true);
    expect(await areSame(parsed({ a: '1' }), parsed({ a: ['1'] }), [type, type])).to.equal(false);
    expect(await areSame(parsed('text'), bytes('text'), ['text/plain', 'text/plain'])).to.equal(true);
    expect(await areSame(parsed(Buffer.from('text')), bytes('text'), ['a/b', 'a/b'])).to.equal(true);
  });

  it('that cannot be told apart are refused', async () => {
    const guard = new HttpGuard<string>(
      { store: new InMemoryStore(), scope: 'public' },
      { where: 'the guard', isRequired: true },
    );
    const request: GuardedRequest = {
      method: 'POST',
      path: '/',
      query: '',
      header: (name) => (name === 'idempotency-key' ? ['k'] : []),
      body: () => ({ kind: 'parsed', value: { secret: () => 1 } }),
    };
    const answer = await guard.perform(request, [''], () => ({ status: 200, headers: [] }));
    if (answer.from !== 'guard') return expect.fail(answer.from);
    expect(answer.problem.body).to.include({
      status: 400,
      type: 'urn:retrysafe:problem:request-not-comparable',
    });
    expect(String(answer.error)).to.match(/option "fingerprint" select/);
  });
});

describe('the parts that `fingerprint` gets', () => {
  it('are path, query, type without parameters, and body', async () => {
    const seen: RequestParts[] = [];
    const guard = new HttpGuard<string>(
      {
        store: new InMemoryStore(),
        scope: 'public',
        fingerprint: (parts) => {
          seen.push(parts);
          return parts.path;
        },
      },
      { where: 'the guard', isRequired: true },
    );
    const request: GuardedRequest = {
      method: 'POST',
      path: '/a',
      query: 'b=c',
      header: (name) => (name === 'content-type' ? ['Application/JSON; charset=utf-8'] : ['k']),
      body: () => bytes('{"a":1}'),
    };
    await guard.perform(request, [''], () => ({ status: 200, headers: [] }));
    expect(seen).to.deep.equal([
      { path: '/a', query: 'b=c', contentType: 'application/json', body: { json: { a: 1 } } },
    ]);
  });

  it('have an essence of the type', () => {
    expect([undefined, '', 'A/B', ' a/b ; c', 'a/b,c/d'].map(essenceOf)).to.deep.equal([
      '',
      '',
      'a/b',
      'a/b',
      'a/b,c/d',
    ]);
  });
});
