import 'retrysafe/jmespath';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { keyReader } from '../support/key-of.js';
import { seed } from '../support/random.js';

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
