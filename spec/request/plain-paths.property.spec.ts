import 'retrysafe/jmespath';
import { search } from '@jmespath-community/jmespath';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { type IdempotencyRecord, InMemoryStore, makeIdempotent } from 'retrysafe';
import { seed } from '../support/random.js';

const numRuns = process.env.CI ? 10_000 : 2_000;
// Few names, so that most paths select something. Some of them are inherited by every object or array.
const names = ['a', 'b', 'length', 'size', 'constructor', '__proto__', 'toString', 'let', 'header'];

const index = fc.integer({ min: -3, max: 3 }).map((at) => `[${at}]`);
const name = fc.oneof(
  fc.constantFrom(...names),
  fc.constantFrom(...names, 'x-y', 'é"\\').map((one) => JSON.stringify(one)),
);
const space = fc.constantFrom('', '', '', ' ', '\n\t');
// The first branch of each `oneof` ends the nesting. Otherwise lists of lists would grow without end.
const nesting = { maxDepth: 3, depthIdentifier: 'parts of a path', withCrossShrink: true } as const;
const { path } = fc.letrec<{ path: string; list: string; hash: string; step: string }>((tie) => ({
  list: fc.tuple(space, fc.array(tie('path'), { minLength: 1, maxLength: 3 })).map(bracketed('[', ']')),
  hash: fc
    .tuple(
      space,
      fc.array(
        fc.tuple(name, tie('path')).map(([key, value]) => `${key}: ${value}`),
        { minLength: 1, maxLength: 3 },
      ),
    )
    .map(bracketed('{', '}')),
  step: fc.oneof(
    nesting,
    { weight: 4, arbitrary: fc.tuple(space, name).map(([gap, one]) => `${gap}.${gap}${one}`) },
    { weight: 2, arbitrary: index },
    { weight: 1, arbitrary: fc.oneof(tie('list'), tie('hash')).map((parts) => `.${parts}`) },
  ),
  path: fc
    .tuple(
      fc.oneof(nesting, name, index, fc.constant('@'), tie('list'), tie('hash')),
      fc.array(tie('step'), { maxLength: 4 }),
    )
    .map(([first, steps]) => first + steps.join('')),
}));

function bracketed(open: string, close: string) {
  return ([gap, parts]: [string, string[]]) => `${open}${gap}${parts.join(`${gap},`)}${gap}${close}`;
}

class Inherited {
  readonly own = 1;
  get a(): object {
    return { b: [1, { a: 'of the prototype' }] };
  }
}

const leaf = fc.oneof(fc.constantFrom(null, undefined, 0, '', 'text', true, -0), fc.integer());
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'medium' },
    leaf,
    fc.array(tie('document'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, 'x-y', 'é"\\'), tie('document'), { maxKeys: 4 }),
    fc.constantFrom(
      new Map([['a', 1]]),
      new Date(0),
      new Inherited(),
      Object.create({ a: { b: 'inherited' } }),
    ),
  ),
}));

// Most documents have something under the names that paths begin with.
const request = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(fc.constantFrom(...names), document, { minKeys: 4 }) },
  { weight: 1, arbitrary: document },
);

/** What a duplicate is compared by, as a text that differs exactly where that differs. */
async function selected(fingerprint: string | (() => never), request: unknown): Promise<string> {
  let kept: IdempotencyRecord | undefined;
  const store = new InMemoryStore();
  const select = makeIdempotent(async (_request: unknown) => undefined, {
    name: 'select',
    key: () => 'one',
    fingerprint,
    store: {
      claim: (record, now) => {
        kept = record;
        return store.claim(record, now);
      },
      replace: (record, token) => store.replace(record, token),
      find: (key) => store.find(key),
    },
  });
  const failure = await select(request).then(
    () => undefined,
    (error) => error,
  );
  if (failure) return `fails: ${failure.code}`;
  return String((kept?.state as { fingerprint?: string } | undefined)?.fingerprint);
}

describe('plain paths', function () {
  this.timeout(120_000);

  it('select what JMESPath selects, from any document', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(path, request, async (expression, given) => {
        const byPath = await selected(expression, given);
        expect(byPath).to.equal(await selected(() => search(given as never, expression) as never, given));
        seen.add(byPath);
      }),
      { numRuns, seed },
    );
    // Otherwise nearly all paths would have selected nothing.
    expect(seen.size).to.be.above(numRuns / 20);
  });

  it('that JMESPath refuses are refused', () => {
    for (const expression of [
      'a.',
      '.a',
      'a..b',
      '[a',
      'a[b]',
      'a.[0]',
      '[a,]',
      '{a}',
      '{a: b,}',
      '"a"(b)',
      'a b',
    ]) {
      expect(() => search({}, expression), expression).to.throw();
      const make = () => makeIdempotent(async (_request: unknown) => 1, { name: 'refused', key: expression });
      expect(make, expression).to.throw(/option "key".*does not parse/);
    }
  });
});
