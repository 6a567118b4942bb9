import assert from 'node:assert/strict';
import { expect } from 'chai';
import { currentExecution, Idempotent, type PersistenceStore } from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { objectsIn } from '../support/references.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Line {
  amount: number;
}

interface Receipt {
  id: string;
  lines: Line[];
  paidAt?: Date;
  rates?: Map<string, { factor: number }>;
  tags?: Set<{ name: string }>;
  seal?: Uint8Array;
  scan?: Buffer;
}

const results: Record<string, () => Receipt> = {
  'a plain JSON result': () => ({ id: 'r-1', lines: [{ amount: 1 }, { amount: 2 }] }),
  'a result of dates, maps, sets and bytes': () => ({
    id: 'r-2',
    lines: [{ amount: 1 }],
    paidAt: new Date(0),
    rates: new Map([['eur', { factor: 2 }]]),
    tags: new Set([{ name: 'paid' }]),
    seal: Uint8Array.of(1, 2, 3),
    scan: Buffer.from('scan'),
  }),
};

function spoil(receipt: Receipt): void {
  receipt.id = 'spoiled';
  for (const line of receipt.lines) line.amount = -1;
  receipt.lines.length = 0;
  receipt.paidAt?.setTime(1);
  for (const rate of receipt.rates?.values() ?? []) rate.factor = -1;
  receipt.rates?.clear();
  receipt.tags?.clear();
  receipt.seal?.fill(9);
  receipt.scan?.fill(9);
}

class ReceiptService {
  runs = 0;
  readonly gate = defer();

  constructor(
    readonly store: PersistenceStore,
    readonly result: () => Receipt,
  ) {}

  @Idempotent({ key: 'orderId', store: (self: ReceiptService) => self.store, ttl: 300 })
  async issue(_order: { orderId: string }): Promise<Receipt> {
    this.runs += 1;
    await this.gate.promise;
    return this.result();
  }

  @Idempotent({ key: 'orderId', store: (self: ReceiptService) => self.store, ttl: 300, keepLocal: 10 })
  async issueKept(_order: { orderId: string }): Promise<Receipt> {
    this.runs += 1;
    await this.gate.promise;
    return this.result();
  }
}

function expectNothingShared(outcomes: readonly object[]): void {
  const owners = new Map<object, number>();
  for (const [index, outcome] of outcomes.entries()) {
    for (const part of objectsIn(outcome)) {
      if (owners.has(part)) expect.fail(`outcomes ${owners.get(part)} and ${index} share an object`);
      owners.set(part, index);
    }
  }
}

describe('one outcome for equal calls', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = fakeTime();
  });
  afterEach(() => clock.restore());

  for (const [what, result] of Object.entries(results)) {
    it(`gives 1,000 concurrent calls of one process one run and a copy each of ${what}`, async () => {
      const service = new ReceiptService(new ScriptedStore(), result);
      const calls = Array.from({ length: 1_000 }, () => service.issue({ orderId: 'o-1' }));
      service.gate.resolve();
      const outcomes = await Promise.all(calls);
      expect(service.runs).to.equal(1);
      for (const outcome of outcomes) assert.deepStrictEqual(outcome, result());
      expectNothingShared(outcomes);
    });

    it(`gives 1,000 concurrent calls of ten processes one run and a copy each of ${what}`, async () => {
      const store = new ScriptedStore();
      const services = Array.from({ length: 10 }, () => new ReceiptService(store.peer(), result));
      const calls = services.flatMap((service) =>
        Array.from({ length: 100 }, () => service.issue({ orderId: 'o-1' })),
      );
      await clock.tickAsync(2_000);
      for (const service of services) service.gate.resolve();
      await clock.tickAsync(2_000);
      const outcomes = await Promise.all(calls);
      expect(services.reduce((sum, { runs }) => sum + runs, 0)).to.equal(1);
      for (const outcome of outcomes) assert.deepStrictEqual(outcome, result());
      expectNothingShared(outcomes);
    });

    it(`protects ${what} from changes by callers, in other outcomes and in the store`, async () => {
      const service = new ReceiptService(new ScriptedStore(), result);
      const calls = Array.from({ length: 20 }, () => service.issue({ orderId: 'o-1' }));
      service.gate.resolve();
      const [first, second, ...others] = await Promise.all(calls);
      spoil(first as Receipt);
      spoil(second as Receipt);
      for (const outcome of others) assert.deepStrictEqual(outcome, result());
      const replay = await service.issue({ orderId: 'o-1' });
      assert.deepStrictEqual(replay, result());
      spoil(replay);
      assert.deepStrictEqual(await service.issue({ orderId: 'o-1' }), result());
      expect(service.runs).to.equal(1);
    });

    it(`protects ${what} from changes by callers where this process holds it by keepLocal`, async () => {
      const store = new ScriptedStore();
      const service = new ReceiptService(store, result);
      service.gate.resolve();
      spoil(await service.issueKept({ orderId: 'o-1' }));
      const asked = store.count();
      const replays = [];
      for (let round = 0; round < 3; round += 1) {
        const replay = await service.issueKept({ orderId: 'o-1' });
        assert.deepStrictEqual(replay, result());
        replays.push(replay);
      }
      expectNothingShared(replays);
      spoil(replays[0] as Receipt);
      assert.deepStrictEqual(await service.issueKept({ orderId: 'o-1' }), result());
      expect(store.count(), 'store calls of the replays').to.equal(asked);
      expect(service.runs).to.equal(1);
    });

    it(`protects ${what} from an immediate change by the caller whose call ran`, async () => {
      const service = new ReceiptService(new ScriptedStore(), result);
      const first = service.issue({ orderId: 'o-1' }).then(spoil);
      const joined = [service.issue({ orderId: 'o-1' }), service.issue({ orderId: 'o-1' })];
      service.gate.resolve();
      await first;
      for (const outcome of await Promise.all(joined)) assert.deepStrictEqual(outcome, result());
      assert.deepStrictEqual(await service.issue({ orderId: 'o-1' }), result());
    });
  }
});

interface Basket {
  id: string;
  items: string[];
}

class CheckoutService {
  runs = 0;
  readonly keys: string[] = [];

  constructor(
    readonly store: PersistenceStore,
    readonly gate = Promise.resolve(),
  ) {}

  @Idempotent({ store: (self: CheckoutService) => self.store })
  async checkOut(basket: Basket): Promise<number> {
    this.runs += 1;
    this.keys.push(currentExecution().key);
    basket.id = 'changed';
    basket.items.push('gift');
    await this.gate;
    basket.items.length = 0;
    return this.runs;
  }

  @Idempotent({ store: (self: CheckoutService) => self.store, key: 'id', fingerprint: true })
  async checkOutOnce(basket: Basket): Promise<number> {
    return this.#spoilAndCount(basket);
  }

  async #spoilAndCount(basket: Basket): Promise<number> {
    this.runs += 1;
    basket.items.push('gift');
    await this.gate;
    return this.runs;
  }
}

describe('a method that changes its argument while it runs', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = fakeTime();
  });
  afterEach(() => clock.restore());

  const basket = (): Basket => ({ id: 'b-1', items: ['book'] });

  it('is found by the next, unchanged, call', async () => {
    const service = new CheckoutService(new ScriptedStore());
    await service.checkOut(basket());
    expect(await service.checkOut(basket())).to.equal(1);
    expect(service.runs).to.equal(1);
  });

  it('is joined by an unchanged call while it runs', async () => {
    const gate = defer();
    const service = new CheckoutService(new ScriptedStore(), gate.promise);
    const first = service.checkOut(basket());
    await clock.tickAsync(10);
    expect(service.runs).to.equal(1);
    const second = service.checkOut(basket());
    gate.resolve();
    expect(await Promise.all([first, second])).to.deep.equal([1, 1]);
    expect(service.runs).to.equal(1);
  });

  it('is found by the next, unchanged, call in another process, while it runs and afterwards', async () => {
    const store = new ScriptedStore();
    const gate = defer();
    const service = new CheckoutService(store, gate.promise);
    const other = new CheckoutService(store.peer());
    const first = service.checkOut(basket());
    const waiting = other.checkOut(basket());
    await clock.tickAsync(1_000);
    gate.resolve();
    await clock.tickAsync(1_000);
    expect(await Promise.all([first, waiting, other.checkOut(basket())])).to.deep.equal([1, 1, 1]);
    expect([service.runs, other.runs]).to.deep.equal([1, 0]);
  });

  it('keeps the fingerprint that its arguments had when it was called', async () => {
    const store = new ScriptedStore();
    const service = new CheckoutService(store);
    await service.checkOutOnce(basket());
    expect(await service.checkOutOnce(basket())).to.equal(1);
    expect(await new CheckoutService(store.peer()).checkOutOnce(basket())).to.equal(1);
    expect(service.runs).to.equal(1);
  });
});
