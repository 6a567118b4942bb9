import { expect } from 'chai';
import { configureIdempotency, Idempotent, InMemoryStore, makeIdempotent, recordOf } from 'retrysafe';

describe('a function keeps its own properties through makeIdempotent', () => {
  beforeEach(() => configureIdempotency({ store: new InMemoryStore() }));
  afterEach(() => configureIdempotency({}));

  const tag = Symbol('tag');

  function service() {
    const stack: string[] = [];
    const handle = async (id: string) => [...stack, id].join();
    return Object.assign(handle, {
      stack,
      timeout: 5,
      [tag]: 'tagged',
      use(name: string) {
        this.stack.push(name);
        return this;
      },
    });
  }

  it('with their values, those of symbols too, and listed as its own', async () => {
    const handle = makeIdempotent(service(), { name: 'ownProperties.handle' });
    expect(handle.timeout).to.equal(5);
    expect(handle[tag]).to.equal('tagged');
    expect(Object.keys(handle)).to.deep.equal(['stack', 'timeout', 'use']);
    expect({ ...handle }).to.have.property(tag, 'tagged');
    expect(Object.hasOwn(handle, 'use')).to.equal(true);
    expect(handle.use('logged')).to.equal(handle);
    expect(await handle('a')).to.equal('logged,a');
  });

  it('shared with the result: an assignment to one changes both', () => {
    const original: ReturnType<typeof service> & { later?: number } = service();
    const handle = makeIdempotent(original, { name: 'ownProperties.common' });
    handle.timeout = 6;
    expect(original.timeout).to.equal(6);
    original.timeout = 7;
    expect(handle.timeout).to.equal(7);
    original.later = 8;
    expect(handle.later).to.equal(8);
  });

  it('with accessors, what is not enumerable, and what cannot be assigned to', () => {
    let calls = 1;
    const counted = Object.defineProperties(async (_id: string) => {}, {
      calls: {
        get: () => calls,
        set: (value) => {
          calls = value * 10;
        },
        enumerable: true,
      },
      version: { value: 3, configurable: true },
      size: { get: () => 4 },
    }) as ((id: string) => Promise<void>) & { calls: number; version: number; size: number };
    const handle = makeIdempotent(counted, { name: 'ownProperties.counted' });
    expect([handle.calls, handle.version, handle.size]).to.deep.equal([1, 3, 4]);
    calls = 2;
    expect(handle.calls).to.equal(2);
    handle.calls = 3;
    expect(calls).to.equal(30);
    expect(Object.keys(handle)).to.deep.equal(['calls']);
    for (const name of ['version', 'size'] as const) {
      expect(() => {
        handle[name] = 1;
      }, name).to.throw(TypeError);
    }
  });

  it('and its name and length, and is no constructor', () => {
    // biome-ignore lint/complexity/useArrowFunction: an arrow function has no prototype
    const plain = function (_first: string, _second: string) {
      return Promise.resolve();
    };
    const handle = makeIdempotent(plain, { name: 'ownProperties.plain' });
    expect(handle).to.include({ name: 'plain', length: 2 });
    expect(handle).to.be.instanceOf(Function);
    // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
    expect(() => new (handle as any)()).to.throw(TypeError, /not a constructor/);
  });

  it('when it is made safe twice, each by operations of their own', async () => {
    const once = makeIdempotent(service(), { name: 'ownProperties.once' });
    const twice = makeIdempotent(once, { name: 'ownProperties.twice' });
    expect(twice.use('logged')).to.equal(twice);
    expect(await twice('a')).to.equal('logged,a');
    expect((await recordOf(twice, 'a').inspect())?.operation).to.equal('ownProperties.twice');
    expect((await recordOf(once, 'a').inspect())?.operation).to.equal('ownProperties.once');
  });

  it('and so does a decorated method with properties that decorators below set', () => {
    // biome-ignore lint/suspicious/noExplicitAny: it has the arguments of either mode
    const Tagged = (target: any, _context: any, descriptor?: any): any => {
      (descriptor?.value ?? target).tagged = true;
    };
    class TaggedOrders {
      @Idempotent({ name: 'TaggedOrders.place' })
      @Tagged
      async place(_id: string) {}
    }
    expect(new TaggedOrders().place).to.have.property('tagged', true);
  });
});
