import { expect } from 'chai';
import * as fc from 'fast-check';
import { keyReader } from '../support/key-of.js';
import { seed } from '../support/random.js';

const queued = (body: string) => ({ Records: [{ eventSource: 'aws:sqs', body }] });
const keyOfMessage = keyReader({ key: 'Records[0].body' });
const keyOfValue = (value: unknown) => keyReader({ key: 'value' })({ value });

describe('a message that is a text', () => {
  for (const text of [
    '26e7694',
    '61e9540',
    '1e3',
    '1000',
    '0x10',
    '-0',
    '12345678',
    '"quoted"',
    'true',
    'null',
    '007',
    '{',
    '[1',
    '{"a":}',
    '\ufeff',
    ' 5 ',
  ]) {
    it(`is that text: ${JSON.stringify(text)}`, async () => {
      expect(await keyOfMessage(queued(text))).to.equal(await keyOfValue(text));
    });
  }

  for (const text of ['{"id":1}', ' {"id":1}', '\ufeff{"id":1}', '\ufeff\r\n\t {"id":1} \n'])
    it(`is read where it is an object: ${JSON.stringify(text)}`, async () => {
      expect(await keyOfMessage(queued(text))).to.equal(await keyOfValue({ id: 1 }));
    });

  it('is read where it is a list', async () => {
    expect(await keyOfMessage(queued(' [1, "26e7694"]'))).to.equal(await keyOfValue([1, '26e7694']));
  });

  it('is any JSON where the expression decodes it', async () => {
    const read = keyReader({ key: 'Records[0].powertools_json(body)' });
    expect(await read(queued('1e3'))).to.equal(await keyOfValue(1_000));
    expect(await read(queued('"quoted"'))).to.equal(await keyOfValue('quoted'));
    expect(await read(queued('26e7694'))).not.to.equal(await read(queued('61e9540')));
  });
});

/** JSON as other software may write it: with white space, escapes, repeated names, and numbers of every length. */
const space = fc.constantFrom('', '', '', ' ', '\n\t');
const words = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom('a', 'b', '__proto__', '"', '\\', '\\"', '1e400', '0', '[', '}', ','),
);
const name = words.map((word) => JSON.stringify(word));
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom('0', '-1', '1.5', 'true', 'false', 'null', '123456789012345', '1e3', '-0'),
    name,
    fc
      .tuple(space, fc.array(tie('json'), { maxLength: 4 }), space)
      .map(([before, parts, between]) => `[${before}${parts.join(`${between},${before}`)}${between}]`),
    fc
      .tuple(space, fc.array(fc.tuple(name, tie('json')), { maxLength: 4 }), space)
      .map(
        ([before, parts, between]) =>
          `{${parts.map(([one, part]) => `${before}${one}${between}:${part}`).join(',')}${between}}`,
      ),
  ),
}));

describe('a text of JSON', function () {
  this.timeout(60_000);
  const long = '12345678901234567890';
  const read = (text: string) => keyOfMessage(queued(text));
  const whole = (value: unknown) => keyOfValue(withoutMinusZero(value));

  it('becomes what JSON.parse makes of it', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        expect(await read(`[${text},0]`)).to.equal(await whole(JSON.parse(`[${text},0]`)));
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it('keeps its long numbers in their places', async () => {
    await fc.assert(
      fc.asyncProperty(json, json, name, async (text, other, own) => {
        // A random text stands for the number where JSON.parse reads it.
        const made = (number: string) =>
          `{${own}:[${text},${number},{"x":${number},"y":${other},"x":${number}}],"n":${other},"a":${text},"z":{"deep":[${number}]}}`;
        const expected = JSON.parse(made('"of twenty digits"'), (_, part) =>
          part === 'of twenty digits' ? BigInt(long) : part,
        );
        const digest = (await whole(expected)) as string;
        expect(await read(made(long))).to.equal(digest);
        expect(await read(made(`${long}.0`))).to.equal(digest);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it('has the last of two properties with one name', async () => {
    const cases: readonly [string, unknown][] = [
      [`{"a":${long},"a":1}`, { a: 1 }],
      [`{"a":1,"a":${long}}`, { a: BigInt(long) }],
      [`{"a":[${long}],"a":[1]}`, { a: [1] }],
      [`{"a":[${long},2],"a":{"b":[3]},"c":${long}}`, { a: { b: [3] }, c: BigInt(long) }],
      [`{"a":{"b":${long}},"a":{"b":{"c":${long}}}}`, { a: { b: { c: BigInt(long) } } }],
      [`{"\\u0061":${long},"a":"x","b":[${long}]}`, { a: 'x', b: [BigInt(long)] }],
    ];
    for (const [text, value] of cases) expect(await read(text), text).to.equal(await keyOfValue(value));
  });
});

// JSON has one zero, and a service's own numbers have two.
function withoutMinusZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const [name, part] of Object.entries(value))
    Object.defineProperty(copy, name, { value: withoutMinusZero(part), enumerable: true });
  return copy;
}
