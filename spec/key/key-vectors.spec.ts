import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Card, Money } from '../support/classes.js';
import { fixture } from '../support/fixture.js';
import { keyReader } from '../support/key-of.js';

interface Vector {
  readonly name: string;
  readonly scope: unknown;
  readonly key?: unknown;
  readonly described?: string;
  readonly digest: string;
}

/** The payloads that JSON cannot express, by their descriptions in the vectors. */
const described: Record<string, () => unknown> = {
  'undefined in a list': () => [undefined],
  'an id of 1, and a memo that is undefined': () => ({ id: 1, memo: undefined }),
  'a list of a hole and 1': () => Object.assign(new Array(2), { 1: 1 }),
  'NaN, Infinity, -Infinity and -0': () => [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
  ],
  'the bigint 9007199254740993': () => 9_007_199_254_740_993n,
  'the date 2026-01-02T03:04:05.678Z': () => new Date('2026-01-02T03:04:05.678Z'),
  'the pattern /a+/gi': () => /a+/gi,
  'the URL https://example.com/a?b=c': () => new URL('https://example.com/a?b=c'),
  'a Map of a to 1 and [2] to {b: 3}': () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [[2], { b: 3 }],
    ]),
  'a Set of b, a and 1': () => new Set(['b', 'a', 1]),
  'a Buffer of 1, 2, 255': () => Buffer.from([1, 2, 255]),
  'a Uint8Array of 1, 2, 255': () => Uint8Array.of(1, 2, 255),
  'a Float64Array of 1.5': () => Float64Array.of(1.5),
  'an ArrayBuffer of 1, 2, 255': () => Uint8Array.of(1, 2, 255).buffer,
  'a Money of 1 and USD': () => new Money(1, 'USD'),
  'a Card of 1 and USD, which has a toJSON': () => new Card(1, 'USD'),
  'an Error declined with the cause 7': () => new Error('declined', { cause: 7 }),
  'a TypeError declined': () => new TypeError('declined'),
  'an own property __proto__ of 1': () => JSON.parse('{"__proto__": 1}'),
  'properties $, $x and $$ of 1, 2, 3': () => ({ $: 1, $x: 2, $$: 3 }),
};

/** JSON in one form, written a second time and independently of the library. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${stableJson((value as Record<string, unknown>)[name])}`).join(',')}}`;
}

describe('golden vectors', () => {
  const vectors = fixture<Vector[]>('vectors/keys.json');

  it('are many, and cover each kind of payload', () => {
    expect(vectors).to.have.length.of.at.least(25);
    expect(vectors.flatMap((vector) => vector.described ?? [])).to.have.members(Object.keys(described));
  });

  for (const { name, scope, key, described: description, digest } of vectors) {
    it(`hold for ${name}, scope ${JSON.stringify(scope)}, ${description ?? JSON.stringify(key)}`, async () => {
      const payload = description === undefined ? key : described[description]?.();
      const reader = keyReader({
        name,
        key: (one: unknown) => one as object,
        ...(scope !== null && { scope: () => scope as object }),
      });
      expect(await reader(payload)).to.equal(`${name}#${digest}`);
      if (description !== undefined) return;
      expect(
        createHash('sha256')
          .update(stableJson([name, scope, key]))
          .digest('hex'),
      ).to.equal(digest);
    });
  }
});
