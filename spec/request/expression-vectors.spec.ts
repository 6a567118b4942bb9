import 'retrysafe/jmespath';
import { expect } from 'chai';
import { KeyError } from 'retrysafe';
import { fixture } from '../support/fixture.js';
import { keyReader } from '../support/key-of.js';
import { rejection } from '../support/rejection.js';

interface Vector {
  readonly promise: string;
  readonly expression: string;
  readonly document: unknown;
  readonly selects?: unknown;
  readonly refused?: true;
}

const vectors = fixture<Vector[]>('vectors/expressions.json');
const keyOfValue = (value: unknown) => keyReader({ key: 'value' })({ value });

describe('the promises about expressions', () => {
  it('have vectors of both kinds', () => {
    expect(new Set(vectors.map(({ promise }) => promise))).to.have.property('size', 2);
  });

  for (const { promise, expression, document, selects, refused } of vectors) {
    const read = (option: 'key' | 'scope') =>
      keyReader(option === 'key' ? { key: expression } : { key: () => 1, scope: expression })(document);

    if (refused) {
      it(`hold: ${promise}, by ${expression}, which is refused`, async () => {
        for (const option of ['key', 'scope'] as const)
          expect(await rejection(read(option)), option).to.be.instanceOf(KeyError);
      });
    } else {
      it(`hold: ${promise}, by ${expression}`, async () => {
        expect(await read('key')).to.equal(await keyOfValue(selects));
        expect(await read('scope')).to.equal(
          await keyReader({ key: () => 1, scope: 'value' })({ value: selects }),
        );
      });
    }
  }
});
