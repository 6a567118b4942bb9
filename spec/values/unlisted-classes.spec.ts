import assert from 'node:assert/strict';
import { expect } from 'chai';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { replayed } from '../support/replayed.js';

const code = 'RETRYSAFE_UNLISTED_CLASS';

class Coupon {
  readonly issuedAt = new Date(7);

  constructor(readonly label: string) {}

  describe(): string {
    return this.label;
  }
}

class Temperature {
  constructor(readonly kelvin: number) {}

  toJSON(): unknown {
    return { celsius: this.kelvin - 273 };
  }
}

class Vault {
  readonly #secret = 42;

  toJSON(): unknown {
    return { open: this.#secret === 42 };
  }
}

class Snapshot {
  readonly takenAt = 5;

  toJSON(): unknown {
    return this;
  }
}

class RateTable extends Map<string, number> {
  readonly base = 'EUR';
}

describe('instances of classes that are not listed', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  it('replay as plain data of their own fields, with one process warning naming class and option', async () => {
    const made = () => ({ coupons: [new Coupon('ten'), new Coupon('five')] });
    const { value } = await replayed(made());
    assert.deepStrictEqual(
      value.coupons.map((coupon) => ({ ...coupon })),
      [
        { issuedAt: new Date(7), label: 'ten' },
        { issuedAt: new Date(7), label: 'five' },
      ],
    );
    expect(Object.getPrototypeOf(value.coupons[0])).to.equal(Object.prototype);
    await replayed(made());
    expect(warnings.texts(code)).to.have.length(1);
    expect(warnings.texts(code)[0]).to.include('Coupon').and.to.include('classes').and.not.to.include('ten');
  });

  it('replay as what their toJSON() returns', async () => {
    const { value } = await replayed<unknown>({ outside: new Temperature(300) });
    assert.deepStrictEqual(value, { outside: { celsius: 27 } });
    expect(warnings.texts(code).join()).to.include('Temperature');
  });

  it('replay by toJSON() even with private fields', async () => {
    const { value } = await replayed<unknown>([new Vault()]);
    assert.deepStrictEqual(value, [{ open: true }]);
  });

  it('replay as their own fields where toJSON() returns the instance itself', async () => {
    const { value } = await replayed<unknown>({ snapshot: new Snapshot() });
    assert.deepStrictEqual(value, { snapshot: { takenAt: 5 } });
  });

  it('replay as the built-in parent that they extend, with the warning', async () => {
    const { value } = await replayed<unknown>({ rates: new RateTable([['chf', 1.1]]) });
    assert.deepStrictEqual(value, { rates: Object.assign(new Map([['chf', 1.1]]), { base: 'EUR' }) });
    expect(warnings.texts(code).join()).to.include('RateTable');
  });

  it('cause no warning where they are listed', async () => {
    class Voucher {
      readonly value = 1;
    }
    await replayed(new Voucher(), { classes: [Voucher] });
    expect(warnings.texts(code)).to.deep.equal([]);
  });
});
