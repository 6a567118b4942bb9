import assert from 'node:assert/strict';
import { expect } from 'chai';
import { keyOf } from '../support/key-of.js';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { replayed, storedOutcome } from '../support/replayed.js';

const kinds = [
  'Map',
  'Set',
  'Date',
  'Array',
  'RegExp',
  'URL',
  'URLSearchParams',
  'Uint8Array',
  'ArrayBuffer',
  'Number',
  'Temporal.Instant',
  'Error',
];

/** An instance of a class whose Symbol.toStringTag names another class. */
function selfCalled(kind: string, fields: object): object {
  class SelfCalled {
    get [Symbol.toStringTag](): string {
      return kind;
    }

    toString(): string {
      return 'the same for all';
    }
  }
  Object.defineProperty(SelfCalled, 'name', { value: `SelfCalled${kind.replace('.', '')}` });
  return Object.assign(new SelfCalled(), fields);
}

describe('a value whose Symbol.toStringTag names another class', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  for (const kind of kinds) {
    it(`replays as what it is, with its fields, where the tag is ${kind}`, async () => {
      const { value } = await replayed<unknown>([selfCalled(kind, { price: 5n })]);
      assert.deepStrictEqual(value, [{ price: 5n }]);
      expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS').join()).to.include(
        `SelfCalled${kind.replace('.', '')}: it replays as plain data`,
      );
    });

    it(`is told apart by its fields in keys where the tag is ${kind}`, async () => {
      const one = await keyOf(selfCalled(kind, { price: 5 }));
      expect(await keyOf(selfCalled(kind, { price: 5 }))).to.equal(one);
      expect(await keyOf(selfCalled(kind, { price: 6 }))).to.not.equal(one);
    });
  }

  it('replays as what it is where its class has another tag', async () => {
    class When extends Date {
      get [Symbol.toStringTag](): string {
        return 'Map';
      }
    }
    class Order extends Map<string, number> {
      override get [Symbol.toStringTag](): string {
        return 'Order';
      }
    }
    const { value } = await replayed<unknown>([new When(5), new Order([['a', 1]])]);
    assert.deepStrictEqual(value, [new Date(5), new Map([['a', 1]])]);
    expect(await keyOf(new When(5))).to.not.equal(await keyOf(new When(6)));
    expect(await keyOf(new Order([['a', 1]]))).to.not.equal(await keyOf(new Order([['a', 2]])));
  });

  it('keeps plain JSON plain', async () => {
    const { record } = await replayed([{ a: 1 }]);
    expect(storedOutcome(record)).to.have.property('json');
  });
});
