import { expect } from 'chai';
import * as fc from 'fast-check';
import { KeyError } from 'retrysafe';
import { fixture } from '../support/fixture.js';
import { keyReader } from '../support/key-of.js';
import { seed } from '../support/random.js';
import { rejection } from '../support/rejection.js';

const httpEvent = (body: string) => ({ requestContext: {}, isBase64Encoded: false, headers: {}, body });

/** The key of a number in a request, for each place where the library reads JSON. */
const places: Record<string, (number: string) => Promise<string>> = {
  'a property of an event': (number) => keyReader({ key: 'body.id' })(httpEvent(`{"id":${number}}`)),
  'an element of a list': (number) =>
    keyReader({ key: 'body[1].ids[0]' })(httpEvent(` [0, {"ids": [${number} ] } ]`)),
  'a queue message': (number) =>
    keyReader({ key: 'Records[0].body.id' })({
      Records: [{ eventSource: 'aws:sqs', body: `{"id":${number}}` }],
    }),
  'json()': (number) => keyReader({ key: 'json(text)' })({ text: number }),
  'powertools_json()': (number) =>
    keyReader({ key: 'powertools_json(text).id' })({ text: `{"id":${number}}` }),
  'JSON within JSON': (number) =>
    keyReader({ key: 'json(json(text).inner).id' })({ text: JSON.stringify({ inner: `{"id":${number}}` }) }),
  'a literal of the expression': (number) => keyReader({ key: `id || \`${number}\`` })({ other: 1 }),
  'a list in a literal': (number) => keyReader({ key: `\`[[${number}]]\`[][]|[0]` })({ other: 1 }),
  'to_number()': (number) => keyReader({ key: 'to_number(text)' })({ text: number }),
};

interface Vector {
  readonly texts: readonly string[];
  readonly digest: string;
}

const vectors = fixture<Vector[]>('vectors/numbers.json');
const short = (text: string) =>
  text.length > 40 ? `${text.slice(0, 20)}… of ${text.length} characters` : text;

describe('one number, however a request writes it,', () => {
  for (const [place, read] of Object.entries(places)) {
    for (const { texts, digest } of vectors) {
      it(`has one key: ${texts.map(short).join(', ')} in ${place}`, async () => {
        for (const text of texts) expect(await read(text), short(text)).to.equal(`Payments.accept#${digest}`);
      });
    }
  }

  it('has one fingerprint, too', async () => {
    const digests = vectors.map(({ digest }) => digest);
    expect(new Set(digests)).to.have.property('size', digests.length);
  });

  it('equals the bigint that a service reads', async () => {
    const key = keyReader({ key: 'body.id' });
    expect(await key({ body: { id: 9_007_199_254_740_993n } })).to.equal(
      await key(httpEvent('{"id":9007199254740993.0}')),
    );
  });

  it('equals no text, not even the one that it is written as', async () => {
    const key = keyReader({ key: 'body.id' });
    const number = await key(httpEvent('{"id":1e400}'));
    for (const text of [
      '"1e400"',
      '{"$":["bigint","1e400"]}',
      `{"$":["bigint","1${'0'.repeat(400)}"]}`,
      `"1${'0'.repeat(400)}"`,
    ])
      expect(await key(httpEvent(`{"id":${text}}`))).not.to.equal(number);
  });

  it('is refused only where the key selects it and its exponent has more than a thousand digits', async () => {
    const event = httpEvent(`{"id":1e${'9'.repeat(1_001)},"name":"n"}`);
    const error = await rejection(keyReader({ key: 'body.id' })(event));
    expect(error).to.be.instanceOf(KeyError);
    expect(await keyReader({ key: 'body.name' })(event)).to.be.a('string');
  });
});

/** A number as a fraction of bigints, which compares without the library. */
function fractionOf(text: string): readonly [bigint, bigint] {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const power = Number(exponent) - fraction.length;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}

const digit = fc.constantFrom('0', '0', '1', '9', '3');
const digits = (minLength: number, maxLength: number) =>
  fc.array(digit, { minLength, maxLength }).map((all) => all.join(''));
const numberText = fc
  .record({
    sign: fc.constantFrom('', '', '-'),
    whole: fc.oneof(
      fc.constantFrom('0', '1', '9007199254740993', '9007199254740992'),
      digits(0, 18).map((rest) => `1${rest}`),
    ),
    fraction: fc.oneof(
      fc.constant(''),
      digits(1, 20).map((all) => `.${all}`),
    ),
    exponent: fc.oneof(
      fc.constant(''),
      fc
        .tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'e0', 'E-00'), fc.nat(25))
        .map(([e, power]) => e + power),
    ),
  })
  .map(({ sign, whole, fraction, exponent }) => sign + whole + fraction + exponent);

/** Another way to write a number, or to write it and change it a little. */
const rewritten = fc.record({
  zeros: fc.nat(4),
  shift: fc.integer({ min: -6, max: 6 }),
  change: fc.boolean(),
});

describe('numbers of any text', function () {
  this.timeout(60_000);

  it('share a key exactly when they are equal', async () => {
    const seen = { equal: 0, different: 0 };
    const key = keyReader({ key: 'json(@)' });
    await fc.assert(
      fc.asyncProperty(numberText, rewritten, async (text, { zeros, shift, change }) => {
        const [, mantissa = '', exponent = '0'] = /^([^eE]+)(?:[eE](.+))?$/.exec(text) ?? [];
        const longer = `${mantissa}${mantissa.includes('.') ? '' : '.0'}${'0'.repeat(zeros)}${change ? '1' : ''}`;
        const moved = `${longer}${'0'.repeat(Math.max(0, shift))}e${Number(exponent)}`;
        const [one, other] = [fractionOf(text), fractionOf(moved)];
        const isSame = one[0] * other[1] === other[0] * one[1];
        seen[isSame ? 'equal' : 'different'] += 1;
        expect((await key(text)) === (await key(moved)), `${text} and ${moved}`).to.equal(isSame);
      }),
      { seed, numRuns: 2_000 },
    );
    expect(Math.min(seen.equal, seen.different)).to.be.above(400);
  });
});
