import { expect } from 'chai';
import { configureIdempotency, Idempotent, InMemoryStore, makeIdempotent } from 'retrysafe';

type Key = string | symbol;

/** A metadata polyfill with a map of its own. It reads marks along the prototypes, as every polyfill does. */
function polyfill() {
  const marks = new WeakMap<object, Map<Key, unknown>>();
  const own = (target: object) => {
    const known = marks.get(target) ?? new Map<Key, unknown>();
    marks.set(target, known);
    return known;
  };
  const getMetadata = (key: Key, target: object | null): unknown =>
    target === null || own(target).has(key)
      ? target && own(target).get(key)
      : getMetadata(key, Object.getPrototypeOf(target));
  return {
    defineMetadata(key: Key, value: unknown, target: object) {
      own(target).set(key, value);
    },
    getOwnMetadataKeys: (target: object): Key[] => [...own(target).keys()],
    getOwnMetadata: (key: Key, target: object) => own(target).get(key),
    hasOwnMetadata: (key: Key, target: object) => own(target).has(key),
    getMetadata,
  };
}
type Polyfill = ReturnType<typeof polyfill>;

const throws = () => {
  throw new TypeError('this polyfill takes no functions');
};
const partial: Record<string, (whole: Polyfill) => Partial<Polyfill>> = {
  'that has everything': (whole) => whole,
  'without getOwnMetadataKeys': ({ getOwnMetadataKeys, ...rest }) => rest,
  'without getOwnMetadata': ({ getOwnMetadata, ...rest }) => rest,
  'without hasOwnMetadata': ({ hasOwnMetadata, ...rest }) => rest,
  'without defineMetadata': ({ defineMetadata, ...rest }) => rest,
  'that only reads along the prototypes': ({ getMetadata }) => ({ getMetadata }),
  'whose getOwnMetadataKeys throws': (whole) => ({ ...whole, getOwnMetadataKeys: throws }),
  'whose defineMetadata throws': (whole) => ({ ...whole, defineMetadata: throws }),
};
const names = ['defineMetadata', 'getOwnMetadataKeys', 'getOwnMetadata', 'hasOwnMetadata', 'getMetadata'];

describe('the metadata that other decorators set on a method', () => {
  const global = Reflect as unknown as Record<string, unknown>;
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(Reflect, name)] as const);

  beforeEach(() => configureIdempotency({ store: new InMemoryStore() }));
  afterEach(() => {
    configureIdempotency({});
    for (const [name, descriptor] of before) {
      delete global[name];
      if (descriptor) Object.defineProperty(Reflect, name, descriptor);
    }
  });

  function install(functions: Partial<Polyfill>) {
    for (const name of names) delete global[name];
    Object.assign(Reflect, functions);
  }

  /** A decorator for both modes that adds to a method's metadata by a polyfill. */
  function Mark({ defineMetadata, getMetadata }: Polyfill, key: Key, value: string) {
    // biome-ignore lint/suspicious/noExplicitAny: it has the arguments of either mode
    return (target: any, _context: any, descriptor?: any): any => {
      const method = descriptor?.value ?? target;
      defineMetadata(key, [...((getMetadata(key, method) as string[]) ?? []), value], method);
    };
  }

  function markedClass(whole: Polyfill) {
    class MarkedPayments {
      @Mark(whole, 'guards', 'above')
      @Mark(whole, 'path', 'pay')
      @Idempotent({ name: 'MarkedPayments.pay' })
      @Mark(whole, 'guards', 'below')
      @Mark(whole, 'status', '202')
      async pay(_id: string) {}
    }
    return new MarkedPayments().pay;
  }

  for (const [what, part] of Object.entries(partial)) {
    it(`is read from the method that replaces it, with a polyfill ${what}`, () => {
      const whole = polyfill();
      install(part(whole));
      const pay = markedClass(whole);
      const read = (key: Key) => whole.getMetadata(key, pay);
      expect([read('guards'), read('path'), read('status')]).to.deep.equal([
        ['below', 'above'],
        ['pay'],
        ['202'],
      ]);
    });

    it(`is read from a function of makeIdempotent, with a polyfill ${what}`, () => {
      const whole = polyfill();
      install(part(whole));
      const fn = async (_id: string) => {};
      whole.defineMetadata('guards', ['below'], fn);
      const pay = makeIdempotent(fn, { name: 'marked.pay' });
      expect(whole.getMetadata('guards', pay)).to.deep.equal(['below']);
    });
  }

  it('is the replacement’s own where the polyfill lists own metadata, with the same value', () => {
    const whole = polyfill();
    install(whole);
    const pay = markedClass(whole);
    expect(whole.getOwnMetadataKeys(pay)).to.have.members(['guards', 'path', 'status']);
    expect(whole.getOwnMetadata('status', pay)).to.deep.equal(['202']);
    expect(whole.hasOwnMetadata('guards', pay)).to.equal(true);
  });

  it('is the replacement’s own also where the value is undefined', () => {
    const whole = polyfill();
    install(whole);
    const fn = async (_id: string) => {};
    whole.defineMetadata('nothing', undefined, fn);
    expect(whole.hasOwnMetadata('nothing', makeIdempotent(fn, { name: 'marked.nothing' }))).to.equal(true);
  });

  it('is not hidden by another polyfill of which the process has only a part', () => {
    const [listing, reading] = [polyfill(), polyfill()];
    install({ ...reading, getOwnMetadataKeys: listing.getOwnMetadataKeys });
    const fn = async (_id: string) => {};
    listing.defineMetadata('guards', ['below'], fn);
    const pay = makeIdempotent(fn, { name: 'marked.twoPolyfills' });
    expect(listing.getMetadata('guards', pay)).to.deep.equal(['below']);
    expect(reading.getOwnMetadataKeys(pay)).to.deep.equal([]);
  });

  it('is read by a polyfill that is no global, or was loaded after the class was defined', () => {
    const [local, later] = [polyfill(), polyfill()];
    install({});
    const fn = async (_id: string) => {};
    local.defineMetadata('guards', ['below'], fn);
    const pay = makeIdempotent(fn, { name: 'marked.later' });
    install(later);
    later.defineMetadata('path', '/pay', fn);
    expect(local.getMetadata('guards', pay)).to.deep.equal(['below']);
    expect(later.getMetadata('path', pay)).to.equal('/pay');
  });

  it('is in the registry of reflect-metadata 0.2 for copies of it that are no global', async () => {
    install({});
    const metadata = await import('reflect-metadata/no-conflict');
    const fn = async (_id: string) => {};
    metadata.defineMetadata('guards', ['below'], fn);
    const pay = makeIdempotent(fn, { name: 'marked.registry' });
    expect(metadata.getOwnMetadata('guards', pay)).to.deep.equal(['below']);
    expect(metadata.getMetadata('guards', pay)).to.deep.equal(['below']);
  });

  it('does not reach a polyfill that would lose what the library knows of classes', async () => {
    const whole = polyfill();
    install({ ...whole, getOwnMetadata: throws, getMetadata: throws, defineMetadata: throws });
    class UnmarkedPayments {
      runs = 0;
      @Idempotent({ key: 'id' })
      async pay(_payment: { id: string }) {
        this.runs += 1;
      }
    }
    const payments = new UnmarkedPayments();
    await payments.pay({ id: 'a' });
    install({});
    await payments.pay({ id: 'a' });
    expect(payments.runs).to.equal(1);
  });
});
