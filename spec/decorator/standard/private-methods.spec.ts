import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  Idempotent,
  InMemoryStore,
  idempotentOperations,
  recordOf,
} from 'retrysafe';

/** `Idempotent` for places where the compiler would refuse it. */
// biome-ignore lint/suspicious/noExplicitAny: this type accepts everything
const Anywhere = Idempotent as (...options: unknown[]) => any;

class PrivateOrders {
  static runs = 0;
  runs = 0;
  #tenant = 't1';

  @Idempotent({
    key: (id) => id,
    scope() {
      return this.#tenant;
    },
  })
  async #place(id: string) {
    this.runs += 1;
    return `placed ${id} for ${this.#tenant}`;
  }

  @Idempotent()
  static async #audit(id: string) {
    PrivateOrders.runs += 1;
    return `audited ${id} by ${this.name}`;
  }

  place(id: string) {
    return this.#place(id);
  }

  static audit(id: string) {
    return PrivateOrders.#audit(id);
  }

  handOn() {
    return { handedOn: this.#place, around: (id: string) => this.#place(id) };
  }

  get facts() {
    return { name: this.#place.name, length: this.#place.length };
  }
}

class InheritingPrivate extends PrivateOrders {}

describe('private methods', () => {
  beforeEach(() => {
    configureIdempotency({ store: new InMemoryStore() });
    PrivateOrders.runs = 0;
  });
  afterEach(() => configureIdempotency({}));

  it('run once for equal calls, with their `this` and its private fields', async () => {
    const orders = new PrivateOrders();
    expect(await orders.place('a')).to.equal('placed a for t1');
    expect(await orders.place('a')).to.equal('placed a for t1');
    expect(orders.runs).to.equal(1);
  });

  it('run once for equal calls where they are static', async () => {
    expect(await PrivateOrders.audit('a')).to.equal('audited a by PrivateOrders');
    expect(await PrivateOrders.audit('a')).to.equal('audited a by PrivateOrders');
    expect(PrivateOrders.runs).to.equal(1);
  });

  it('belong to the class that declares them, called on a subclass too', async () => {
    const orders = new InheritingPrivate();
    await orders.place('a');
    expect(await recordOf(orders, '#place', 'a').inspect()).to.include({
      operation: 'PrivateOrders.#place',
      status: 'completed',
    });
  });

  it('are refused without their instance where `scope` needs it, and run in a function around them', async () => {
    const orders = new PrivateOrders();
    const { handedOn, around } = orders.handOn();
    const error = await handedOn('a').catch((reason) => reason);
    expect(error).to.be.instanceOf(ConfigurationError);
    expect(error.message).to.match(
      /^PrivateOrders\.#place: it was called without its instance.*\(request\) => this\.#place\(request\)/,
    );
    expect(await around('a')).to.equal('placed a for t1');
    expect(orders.runs).to.equal(1);
  });

  it('keep their name and length', () => {
    expect(new PrivateOrders().facts).to.deep.equal({ name: '#place', length: 1 });
  });

  it('are inspected and forgotten by their name with #', async () => {
    const orders = new PrivateOrders();
    expect(await recordOf(orders, '#place', 'a').inspect()).to.equal(undefined);
    await orders.place('a');
    expect(await recordOf(orders, '#place', 'a').inspect()).to.include({
      status: 'completed',
      outcome: 'value',
    });
    expect(await recordOf(orders, '#place', 'a').forget()).to.equal(true);
    expect((await recordOf(orders, '#place', 'a').inspect())?.status).to.equal('released');
    await orders.place('a');
    expect(orders.runs).to.equal(2);
  });

  it('are inspected and forgotten by their name where they are static', async () => {
    await PrivateOrders.audit('a');
    expect(await recordOf(PrivateOrders, '#audit', 'a').inspect()).to.include({
      operation: 'PrivateOrders.#audit',
    });
    expect(await recordOf(PrivateOrders, '#audit', 'a').forget()).to.equal(true);
    await PrivateOrders.audit('a');
    expect(PrivateOrders.runs).to.equal(2);
  });

  it('are among the operations of their class', () => {
    expect(idempotentOperations(PrivateOrders)).to.have.deep.members([
      { name: 'PrivateOrders.#place', method: '#place', isStatic: false },
      { name: 'PrivateOrders.#audit', method: '#audit', isStatic: true },
    ]);
  });

  describe('other private members are refused when the class is defined', () => {
    const places: Record<string, () => unknown> = {
      '#total, a getter': () =>
        class {
          @Anywhere()
          get #total() {
            return 1;
          }
          total() {
            return this.#total;
          }
        },
      '#place, a field': () =>
        class {
          @Anywhere()
          #place = async () => 1;
          place() {
            return this.#place;
          }
        },
      '#amount, an auto-accessor': () =>
        class {
          @Anywhere()
          accessor #amount = 1;
          amount() {
            return this.#amount;
          }
        },
    };
    for (const [place, define] of Object.entries(places)) {
      it(`refuses ${place}`, () => {
        const name = place.slice(0, place.indexOf(','));
        expect(define).to.throw(
          ConfigurationError,
          new RegExp(`on ${name}: it is on an? .*put it on a method`),
        );
      });
    }
  });
});
