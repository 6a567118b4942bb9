import { expect } from 'chai';
import { ConfigurationError, IdempotencyDefaults, Idempotent, recordOf } from 'retrysafe';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

interface Order {
  readonly id: string;
}

describe('a store that is injected into the constructor', () => {
  it('keeps the records of the instance it was injected into', async () => {
    class InjectedOrders {
      runs = 0;
      constructor(readonly store: ScriptedStore) {}

      @Idempotent({ key: 'id', store: (self) => self.store })
      async place({ id }: Order) {
        this.runs += 1;
        return id;
      }
    }
    const one = new InjectedOrders(new ScriptedStore());
    const other = new InjectedOrders(new ScriptedStore());
    await one.place({ id: 'a' });
    await one.place({ id: 'a' });
    expect([one.runs, one.store.count('claim'), other.store.count()]).to.deep.equal([1, 2, 0]);
    await other.place({ id: 'a' });
    expect([other.runs, other.store.count('claim')]).to.deep.equal([1, 1]);
    const record = await recordOf(other, 'place', { id: 'a' }).inspect();
    expect(await other.store.inner.find(record?.key ?? '')).to.have.property('key', record?.key);
  });

  it('serves all methods of a class that its defaults name', async () => {
    @IdempotencyDefaults({ store: (self) => self.store })
    class InjectedByDefault {
      constructor(readonly store: ScriptedStore) {}
      @Idempotent()
      async place(_order: Order) {}
    }
    const orders = new InjectedByDefault(new ScriptedStore());
    await orders.place({ id: 'a' });
    expect(orders.store.count('claim')).to.equal(1);
  });

  it('is refused by name where the function returns no store, before the method runs', async () => {
    class UninjectedOrders {
      store?: ScriptedStore;
      runs = 0;
      @Idempotent({ store: (self) => self.store as ScriptedStore })
      async place(_order: Order) {
        this.runs += 1;
      }
    }
    const orders = new UninjectedOrders();
    const error = await rejection(orders.place({ id: 'a' }));
    expect(error).to.be.instanceOf(ConfigurationError);
    expect((error as Error).message).to.match(/UninjectedOrders\.place.*"store".*undefined.*expected/);
    expect(orders.runs).to.equal(0);
  });
});
