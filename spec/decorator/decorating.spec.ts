// biome-ignore-all lint/complexity/noStaticOnlyClass: static members are decorated here, too
import { expect } from 'chai';
import {
  configureIdempotency,
  currentExecution,
  Idempotent,
  InMemoryStore,
  makeIdempotent,
  recordOf,
} from 'retrysafe';

interface Order {
  readonly id: string;
}

describe('decorating', () => {
  beforeEach(() => configureIdempotency({ store: new InMemoryStore() }));
  afterEach(() => configureIdempotency({}));

  describe('what can be decorated', () => {
    it('runs an instance method once for equal calls', async () => {
      class InstanceOrders {
        runs = 0;
        @Idempotent({ key: 'id' })
        async place({ id }: Order) {
          this.runs += 1;
          return { placed: id, run: this.runs };
        }
      }
      const orders = new InstanceOrders();
      expect(await orders.place({ id: 'a' })).to.deep.equal({ placed: 'a', run: 1 });
      expect(await orders.place({ id: 'a' })).to.deep.equal({ placed: 'a', run: 1 });
      expect(await orders.place({ id: 'b' })).to.deep.equal({ placed: 'b', run: 2 });
      expect((await recordOf(orders, 'place', { id: 'a' }).inspect())?.operation).to.equal(
        'InstanceOrders.place',
      );
    });

    it('shares outcomes between instances of a class, since the operation is the same', async () => {
      let runs = 0;
      class SharedOrders {
        @Idempotent()
        async place(_order: Order) {
          runs += 1;
          return runs;
        }
      }
      expect(await new SharedOrders().place({ id: 'a' })).to.equal(1);
      expect(await new SharedOrders().place({ id: 'a' })).to.equal(1);
    });

    it('runs a static method once for equal calls, with the class as `this`', async () => {
      class StaticOrders {
        static runs = 0;
        @Idempotent({ key: 'id' })
        static async place(_order: Order) {
          StaticOrders.runs += 1;
          return this === StaticOrders;
        }
      }
      expect(await StaticOrders.place({ id: 'a' })).to.equal(true);
      expect(await StaticOrders.place({ id: 'a' })).to.equal(true);
      expect(StaticOrders.runs).to.equal(1);
      expect((await recordOf(StaticOrders, 'place', { id: 'a' }).inspect())?.operation).to.equal(
        'StaticOrders.place',
      );
    });

    it('keeps a static and an instance method of one name apart by a name of their own', async () => {
      class TwoSides {
        static runs: string[] = [];
        @Idempotent()
        async place(_order: Order) {
          TwoSides.runs.push('instance');
        }
        @Idempotent({ name: 'TwoSides.placeStatic' })
        static async place(_order: Order) {
          TwoSides.runs.push('static');
        }
      }
      for (let times = 0; times < 2; times += 1) {
        await new TwoSides().place({ id: 'a' });
        await TwoSides.place({ id: 'a' });
      }
      expect(TwoSides.runs).to.deep.equal(['instance', 'static']);
    });

    it('runs a symbol-named method once for equal calls, and names it by its description', async () => {
      const capture = Symbol('capture');
      class SymbolOrders {
        runs = 0;
        @Idempotent({ key: 'id' })
        async [capture](_order: Order) {
          this.runs += 1;
        }
      }
      const orders = new SymbolOrders();
      await orders[capture]({ id: 'a' });
      await orders[capture]({ id: 'a' });
      expect(orders.runs).to.equal(1);
      expect((await recordOf(orders, capture, { id: 'a' }).inspect())?.operation).to.equal(
        'SymbolOrders.[capture]',
      );
    });

    it('treats an inherited method as the operation of the class that declares it', async () => {
      let runs = 0;
      class DeclaringOrders {
        @Idempotent({ key: 'id' })
        async place(_order: Order) {
          runs += 1;
          return { by: this.constructor.name };
        }
      }
      class InheritingOrders extends DeclaringOrders {}
      expect(await new InheritingOrders().place({ id: 'a' })).to.deep.equal({ by: 'InheritingOrders' });
      expect(await new DeclaringOrders().place({ id: 'a' })).to.deep.equal({ by: 'InheritingOrders' });
      expect(runs).to.equal(1);
      const record = await recordOf(new InheritingOrders(), 'place', { id: 'a' }).inspect();
      expect(record?.operation).to.equal('DeclaringOrders.place');
    });

    it('treats an override that calls `super` as two operations', async () => {
      const runs: string[] = [];
      class BasicOrders {
        @Idempotent({ key: 'id' })
        async place({ id }: Order): Promise<string> {
          runs.push(currentExecution().operation);
          return `basic ${id}`;
        }
      }
      class CheckedOrders extends BasicOrders {
        @Idempotent({ key: 'id' })
        override async place(order: Order) {
          runs.push(currentExecution().operation);
          return `checked ${await super.place(order)}`;
        }
      }
      const checked = new CheckedOrders();
      expect(await checked.place({ id: 'a' })).to.equal('checked basic a');
      expect(await checked.place({ id: 'a' })).to.equal('checked basic a');
      expect(runs).to.deep.equal(['CheckedOrders.place', 'BasicOrders.place']);
      expect(await new BasicOrders().place({ id: 'a' }), 'the inner one has an outcome too').to.equal(
        'basic a',
      );
      expect(runs).to.have.length(2);
    });

    it('makes a plain function safe to retry with makeIdempotent', async () => {
      let runs = 0;
      const placeOrder = makeIdempotent(
        async function placeOrder({ id }: Order) {
          runs += 1;
          return id;
        },
        { key: 'id' },
      );
      expect(await placeOrder({ id: 'a' })).to.equal('a');
      expect(await placeOrder({ id: 'a' })).to.equal('a');
      expect(runs).to.equal(1);
      expect((await recordOf(placeOrder, { id: 'a' }).inspect())?.operation).to.equal('placeOrder');
    });
  });

  describe('what the method keeps', () => {
    class KeepingOrders {
      seen: unknown[] = [];
      self: unknown;
      @Idempotent({ key: 'id' })
      async place(...given: [order: Order, amount?: number, ...more: unknown[]]) {
        this.seen = given;
        this.self = this;
      }
      @Idempotent({ key: 'id' })
      async three(_order: Order, _amount: number, _currency: string, _note = 'none') {}
    }

    it('has its `this` and the very arguments it was called with', async () => {
      const orders = new KeepingOrders();
      const order = { id: 'a' };
      const more = { than: ['declared'] };
      await orders.place(order, 2, more);
      expect(orders.self).to.equal(orders);
      expect(orders.seen).to.have.length(3);
      expect(orders.seen[0]).to.equal(order);
      expect(orders.seen[2]).to.equal(more);
    });

    it('has the `this` that it is called with, like any function', async () => {
      const passOn = makeIdempotent(async function passOn(this: { tag: string }, id: string) {
        return `${this.tag} ${id}`;
      });
      expect(await passOn.call({ tag: 'first' }, 'a')).to.equal('first a');
    });

    for (const self of [0, '', false, null, undefined, 1n, 'text', Symbol('self'), Object.create(null)]) {
      it(`may have any \`this\`: ${typeof self} ${typeof self === 'object' ? self && 'without a prototype' : String(self)}`, async () => {
        const isSame = makeIdempotent(
          async function isSame(this: unknown, _id: string) {
            return this === self;
          },
          {
            name: `this is ${typeof self} ${self ? 'and truthy' : JSON.stringify(self)}`,
            store: new InMemoryStore(),
          },
        );
        expect(await isSame.call(self, `${String(typeof self)}`)).to.equal(true);
        expect(await isSame.call(self, `${String(typeof self)}`)).to.equal(true);
      });
    }

    it('keeps its name and length', () => {
      const { place, three } = KeepingOrders.prototype;
      expect(place).to.include({ name: 'place', length: 0 });
      expect(three).to.include({ name: 'three', length: 3 });
      const capture = Symbol('capture');
      class NamedBySymbol {
        @Idempotent()
        async [capture](_order: Order) {}
        @Idempotent()
        static async staticOne(_first: number, _second: number) {}
      }
      expect(NamedBySymbol.prototype[capture]).to.include({ name: '[capture]', length: 1 });
      expect(NamedBySymbol.staticOne).to.include({ name: 'staticOne', length: 2 });
      const fn = makeIdempotent(async function placeTwice(_first: Order, _second: Order) {});
      expect(fn).to.include({ name: 'placeTwice', length: 2 });
    });

    it('stays an ordinary method of the prototype: not enumerable, replaceable', () => {
      const property = Object.getOwnPropertyDescriptor(KeepingOrders.prototype, 'place');
      expect(property).to.include({ enumerable: false, writable: true, configurable: true });
    });
  });

  describe('among other decorators', () => {
    /** A decorator for both modes that records each call that it gets. */
    function Traced(notes: string[], label: string) {
      type Method = (this: unknown, ...args: unknown[]) => unknown;
      const traced = (method: Method): Method =>
        function (...args) {
          notes.push(label);
          return method.apply(this, args);
        };
      // biome-ignore lint/suspicious/noExplicitAny: it has the arguments of either mode
      return (target: any, _context: any, descriptor?: any): any => {
        if (descriptor === undefined) return traced(target);
        descriptor.value = traced(descriptor.value);
        return descriptor;
      };
    }

    it('calls a decorator above for each call, and one below for each run', async () => {
      const notes: string[] = [];
      class TracedOrders {
        @Traced(notes, 'above')
        @Idempotent({ key: 'id' })
        @Traced(notes, 'below')
        async place({ id }: Order) {
          notes.push('run');
          return id;
        }
      }
      const orders = new TracedOrders();
      expect(await orders.place({ id: 'a' })).to.equal('a');
      expect(await orders.place({ id: 'a' })).to.equal('a');
      expect(notes).to.deep.equal(['above', 'below', 'run', 'above']);
    });

    it('finds the method by its name for inspect under a decorator that replaced it', async () => {
      class ReplacedOrders {
        @Traced([], 'above')
        @Idempotent({ key: 'id' })
        async place({ id }: Order) {
          return id;
        }
      }
      const orders = new ReplacedOrders();
      await orders.place({ id: 'a' });
      expect((await recordOf(orders, 'place', { id: 'a' }).inspect())?.status).to.equal('completed');
    });
  });
});
