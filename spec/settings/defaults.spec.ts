import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  makeIdempotent,
  recordOf,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Timed {
  place(id: string): Promise<void>;
}

describe('defaults', () => {
  let clock: SinonFakeTimers;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  /** How long the claim and the outcome of a first call last, in milliseconds. */
  async function leaseAndTtl(service: Timed, id = 'a'): Promise<[number, number]> {
    await service.place(id);
    const claimed = store.calls.findLast(({ step }) => step === 'claim')?.record?.state;
    const { expiresAt } =
      (await recordOf(service, 'place', id).inspect()) ?? expect.fail('there is no record');
    return [
      (claimed?.status === 'in-progress' ? claimed.leaseUntil : 0) - Date.now(),
      expiresAt - Date.now(),
    ];
  }

  describe('of classes', () => {
    it('are merged option by option; the nearest class of the instance wins', async () => {
      @IdempotencyDefaults({ ttl: 60, lease: 10 })
      class MergingClerk {
        @Idempotent()
        async place(_id: string) {}
      }
      @IdempotencyDefaults({ ttl: 120 })
      class MergingFrontClerk extends MergingClerk {}
      expect(await leaseAndTtl(new MergingFrontClerk())).to.deep.equal([10_000, 120_000]);
    });

    it('take an option that is undefined from the next class, and then from the process', async () => {
      const neither = { ttl: undefined, lease: undefined } as object;
      configureIdempotency({ store, lease: 20 });
      @IdempotencyDefaults({ ...neither, ttl: 60 })
      class UndefinedClerk {
        @Idempotent(neither)
        async place(_id: string) {}
      }
      @IdempotencyDefaults(neither)
      class UndefinedFrontClerk extends UndefinedClerk {}
      expect(await leaseAndTtl(new UndefinedFrontClerk())).to.deep.equal([20_000, 60_000]);
    });

    it('name operations: by the method’s name option, else the class’s, else the class itself; none is inherited', async () => {
      class PlainClerk {
        @Idempotent()
        async stamp(_id: string) {}
        @Idempotent({ name: 'stamp twice' })
        async stampTwice(_id: string) {}
      }
      @IdempotencyDefaults({ name: 'Head' })
      class HeadClerk extends PlainClerk {
        @Idempotent()
        async sign(_id: string) {}
        @Idempotent({ name: 'sign twice' })
        async signTwice(_id: string) {}
      }
      class DeputyClerk extends HeadClerk {
        @Idempotent()
        async initial(_id: string) {}
      }
      const deputy = new DeputyClerk();
      const names: string[] = [];
      for (const method of ['stamp', 'stampTwice', 'sign', 'signTwice', 'initial'] as const) {
        await deputy[method]('a');
        names.push((await recordOf(deputy, method, 'a').inspect())?.operation ?? '');
      }
      expect(names).to.deep.equal([
        'PlainClerk.stamp',
        'stamp twice',
        'Head.sign',
        'sign twice',
        'DeputyClerk.initial',
      ]);
    });

    it('are merged where a class has them twice; the upper ones win', async () => {
      @IdempotencyDefaults({ ttl: 60 })
      @IdempotencyDefaults({ ttl: 120, lease: 10 })
      class TwiceGivenClerk {
        @Idempotent()
        async place(_id: string) {}
      }
      expect(await leaseAndTtl(new TwiceGivenClerk())).to.deep.equal([10_000, 60_000]);
    });

    it('do not apply to parents and siblings', async () => {
      class SharedClerk {
        @Idempotent()
        async file(_id: string) {}
      }
      @IdempotencyDefaults({ ttl: 60 })
      class QuickClerk extends SharedClerk {}
      class SlowClerk extends SharedClerk {}
      for (const [clerk, ttl] of [
        [new QuickClerk(), 60_000],
        [new SlowClerk(), 86_400_000],
        [new SharedClerk(), 86_400_000],
      ] as const) {
        await clerk.file(`${ttl} ${clerk.constructor.name}`);
        const view = await recordOf(clerk, 'file', `${ttl} ${clerk.constructor.name}`).inspect();
        expect((view?.expiresAt ?? 0) - Date.now(), clerk.constructor.name).to.equal(ttl);
      }
    });

    it('apply to static methods too', async () => {
      @IdempotencyDefaults({ ttl: 60 })
      class StaticClerk {
        readonly desk = 1;
        @Idempotent()
        static async file(_id: string) {}
      }
      await StaticClerk.file('a');
      expect(((await recordOf(StaticClerk, 'file', 'a').inspect())?.expiresAt ?? 0) - Date.now()).to.equal(
        60_000,
      );
    });
  });

  describe('of a class that another decorator replaced', () => {
    type AnyClass = abstract new (...args: never[]) => object;
    function proxied<C extends AnyClass>(target: C): C {
      return new Proxy(target, {});
    }
    /** Does what a decorator does that was made for classes called without `new`. */
    function wrapped<C extends AnyClass>(target: C): C {
      const wrapper = function wrapper(...args: unknown[]) {
        return Reflect.construct(target as unknown as new () => object, args);
      };
      Object.setPrototypeOf(wrapper, target);
      wrapper.prototype = target.prototype;
      return wrapper as unknown as C;
    }

    it('by a proxy: apply to its instances and its static methods', async () => {
      @IdempotencyDefaults({ ttl: 60, lease: 10 })
      @proxied
      class ProxiedClerk {
        readonly desk = 1;
        @Idempotent()
        async place(_id: string) {}
        @Idempotent({ name: 'ProxiedClerk.file' })
        static async file(_id: string) {}
      }
      expect(await leaseAndTtl(new ProxiedClerk())).to.deep.equal([10_000, 60_000]);
      await ProxiedClerk.file('a');
      expect(((await recordOf(ProxiedClerk, 'file', 'a').inspect())?.expiresAt ?? 0) - Date.now()).to.equal(
        60_000,
      );
    });

    it('by a function: apply to its instances', async () => {
      @IdempotencyDefaults({ ttl: 60, lease: 10 })
      @wrapped
      class WrappedClerk {
        @Idempotent({ name: 'WrappedClerk.place' })
        async place(_id: string) {}
      }
      expect(await leaseAndTtl(new WrappedClerk())).to.deep.equal([10_000, 60_000]);
    });

    it('above the defaults: they apply as well', async () => {
      @proxied
      @IdempotencyDefaults({ ttl: 60, lease: 10 })
      class ClerkBehindProxy {
        @Idempotent()
        async place(_id: string) {}
      }
      expect(await leaseAndTtl(new ClerkBehindProxy())).to.deep.equal([10_000, 60_000]);
    });
  });

  describe('of the process, by configureIdempotency,', () => {
    const clerk: Timed = { place: makeIdempotent(async (_id: string) => {}, { name: 'Configured.place' }) };

    it('replace the last ones as a whole, for operations that were called before too', async () => {
      configureIdempotency({ store, ttl: 60, lease: 10 });
      expect(await leaseAndTtl(clerk, 'a')).to.deep.equal([10_000, 60_000]);
      configureIdempotency({ store, ttl: 120 });
      expect(await leaseAndTtl(clerk, 'b'), 'the lease is the built-in one again').to.deep.equal([
        30_000, 120_000,
      ]);
    });

    it('are reset with {}', async () => {
      configureIdempotency({ store, ttl: 60 });
      configureIdempotency({});
      await clerk.place('c');
      expect(store.count(), 'the store is the default one').to.equal(0);
      expect(((await recordOf(clerk, 'place', 'c').inspect())?.expiresAt ?? 0) - Date.now()).to.equal(
        86_400_000,
      );
    });

    it('stay as they were where a new configuration is refused', async () => {
      configureIdempotency({ store, ttl: 60 });
      const options = { lease: 10, ttl: 0 };
      expect(() => configureIdempotency(options)).to.throw(ConfigurationError, /"ttl" is 0/);
      expect(await leaseAndTtl(clerk, 'd')).to.deep.equal([30_000, 60_000]);
    });

    it('are not changed by a later change of the object that was passed', async () => {
      const options = { store, ttl: 60 };
      configureIdempotency(options);
      options.ttl = 120;
      expect((await leaseAndTtl(clerk, 'e'))[1]).to.equal(60_000);
    });
  });
});
