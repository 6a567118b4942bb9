import { expect } from 'chai';
import * as fc from 'fast-check';
import { keyReader } from '../support/key-of.js';
import { seed } from '../support/random.js';

const queued = (body: string) => ({ Records: [{ eventSource: 'aws:sqs', body }] });
const keyOfMessage = keyReader({ key: 'Records[0].body' });
const keyOfValue = (value: unknown) => keyReader({ key: 'value' })({ value });

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
