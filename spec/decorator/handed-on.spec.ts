// biome-ignore-all lint/complexity/noStaticOnlyClass: static members are passed on here, too
import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  InMemoryStore,
  keyOf,
  makeIdempotent,
  recordOf,
} from 'retrysafe';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

interface Payment {
  readonly id: string;
}

type AnyFunction = (...args: never[]) => unknown;

/** A decorator for both modes that calls what it decorates without its `this`. */
// biome-ignore lint/suspicious/noExplicitAny: it has the arguments of either mode
function ForgetsThis(target: any, _context: any, descriptor?: any): any {
  if (descriptor === undefined) return (...args: unknown[]) => target(...args);
  const { value } = descriptor;
  descriptor.value = (...args: unknown[]) => value(...args);
  return descriptor;
}

describe('a method that is passed on without its instance', () => {
  let store: ScriptedStore;
  let runs: number;

  beforeEach(() => {
    runs = 0;
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => configureIdempotency({}));

  /** The message of the error with which a call is refused, before the method runs or the store is called. */
  async function refusal(call: () => unknown): Promise<string> {
    const error = await rejection((async () => call())());
    expect(error).to.be.instanceOf(ConfigurationError);
    expect([runs, store.count()], 'runs and store calls').to.deep.equal([0, 0]);
    return (error as Error).message;
  }

  describe('of a class that has options', () => {
    @IdempotencyDefaults({ scope: 'tenant', ttl: 60 })
    class ScopedPayments {
      @Idempotent({ key: 'id' })
      async pay(_payment: Payment) {
        runs += 1;
        return this instanceof ScopedPayments;
      }
      @Idempotent({ key: 'id' })
      static async refund(_payment: Payment) {
        runs += 1;
      }
    }
    const payment = { id: 'a', tenant: 'north' };
    const payments = new ScopedPayments();

    it('is refused, with the advice how to pass it on', async () => {
      const { pay } = payments;
      expect(await refusal(() => pay(payment))).to.match(
        /^ScopedPayments\.pay: it was called without its instance.*as \(request\) => service\.pay\(request\) or as service\.pay\.bind\(service\)/,
      );
      const routes = new Map<string, AnyFunction>([['pay', payments.pay]]);
      expect(await refusal(() => routes.get('pay')?.(payment as never))).to.match(/without its instance/);
    });

    it('is refused on any object that borrows it', async () => {
      const { pay } = ScopedPayments.prototype;
      const shapes: unknown[] = [
        { pay },
        { tenant: 'north', pay, constructor: ScopedPayments },
        Object.assign(Object.create(null), { pay }),
        new (class OtherPayments {})(),
        ScopedPayments,
        ScopedPayments.prototype,
        'text',
        7,
        null,
      ];
      for (const self of shapes) {
        expect(await refusal(() => pay.call(self as never, payment))).to.match(/without its instance/);
      }
    });

    it('is refused under a decorator that drops `this`', async () => {
      @IdempotencyDefaults({ ttl: 60 })
      class ForgetfulPayments {
        @ForgetsThis
        @Idempotent({ key: 'id' })
        async pay(_payment: Payment) {
          runs += 1;
        }
      }
      expect(await refusal(() => new ForgetfulPayments().pay(payment))).to.match(
        /^ForgetfulPayments\.pay: it was called without its instance/,
      );
    });

    it('runs bound, in a function around it, and on an instance by its prototypes', async () => {
      const instances: ScopedPayments[] = [
        payments,
        Object.create(payments),
        Object.create(ScopedPayments.prototype),
        new Proxy(payments, {}),
        new (class extends ScopedPayments {})(),
      ];
      for (const [index, self] of instances.entries()) {
        const request = { id: `run ${index}`, tenant: 'north' };
        const bound = self.pay.bind(self);
        const around = (one: typeof request) => self.pay(one);
        expect(await bound(request)).to.equal(true);
        expect(await around(request)).to.equal(true);
        expect(runs, 'and once').to.equal(index + 1);
      }
    });

    it('is refused where it is static and called without its class, or on an instance', async () => {
      const { refund } = ScopedPayments;
      for (const self of [undefined, {}, payments, class OtherPayments {}]) {
        expect(await refusal(() => refund.call(self as never, payment))).to.match(
          /^ScopedPayments\.refund: it was called without its class.*\(request\) => ScopedPayments\.refund\(request\)/,
        );
      }
      await refund.bind(ScopedPayments)(payment);
      await class extends ScopedPayments {}.refund(payment);
      await refund.call(new Proxy(ScopedPayments, {}), payment);
      expect(runs).to.equal(1);
    });

    it('is refused where its name is a symbol', async () => {
      const capture = Symbol('capture');
      @IdempotencyDefaults({ ttl: 60 })
      class SymbolPayments {
        @Idempotent({ key: 'id' })
        async [capture](_payment: Payment) {
          runs += 1;
        }
      }
      const service = new SymbolPayments();
      const { [capture]: detached } = service;
      expect(await refusal(() => detached(payment))).to.match(/=> service\[capture\]\(request\)/);
      await service[capture](payment);
      expect(runs).to.equal(1);
    });

    it('is refused before any instance exists, with a name option or without', async () => {
      @IdempotencyDefaults({ ttl: 60 })
      class UnmadePayments {
        @Idempotent({ key: 'id' })
        async pay(_payment: Payment) {
          runs += 1;
        }
        @Idempotent({ key: 'id', name: 'named.pay' })
        async payNamed(_payment: Payment) {
          runs += 1;
        }
      }
      const { pay, payNamed } = UnmadePayments.prototype;
      expect(await refusal(() => pay(payment))).to.match(/=> service\.pay\(request\)/);
      expect(await refusal(() => payNamed(payment))).to.match(
        /^named\.pay: .*=> service\.payNamed\(request\)/,
      );
    });

    it('is refused by recordOf and keyOf too, which take the service and the name', async () => {
      await payments.pay({ id: 'b', tenant: 'north' } as Payment);
      const { pay } = payments;
      const borrower = { pay };
      const asked = [
        () => recordOf(pay, payment),
        () => keyOf(pay, payment),
        () => recordOf(borrower, 'pay', payment),
        () => keyOf(borrower, 'pay', payment),
      ];
      for (const one of asked) {
        const error = thrown(one);
        expect(error).to.be.instanceOf(ConfigurationError);
        expect((error as Error).message).to.match(/recordOf and keyOf take \(service, 'pay', request\)/);
      }
    });

    it('keeps two tenants apart where it is passed on as advised', async () => {
      const pay = (request: Payment & { tenant: string }) => payments.pay(request);
      await pay({ id: 'c', tenant: 'north' });
      await pay({ id: 'c', tenant: 'south' });
      expect(runs).to.equal(2);
    });
  });

  describe('of a class whose subclass has options', () => {
    class InheritedPayments {
      @Idempotent({ key: 'id' })
      async pay(_payment: Payment) {
        runs += 1;
      }
    }

    it('may run until such a subclass is defined, and is refused afterwards', async () => {
      const { pay } = new InheritedPayments();
      await pay({ id: 'a' });
      await pay({ id: 'a' });
      expect(runs).to.equal(1);

      @IdempotencyDefaults({ scope: 'tenant' })
      class TenantPayments extends InheritedPayments {}
      runs = 0;
      store.calls.length = 0;
      expect(await refusal(() => pay({ id: 'a' }))).to.match(
        /^InheritedPayments\.pay: .*without its instance/,
      );
      const { pay: inherited } = new TenantPayments();
      expect(await refusal(() => inherited({ id: 'a' }))).to.match(/without its instance/);
      await new InheritedPayments().pay({ id: 'a' });
      expect(store.count('claim'), 'one of its own instances needs no option of a subclass').to.equal(1);
    });

    it('is refused where only the subclass has instances, and where no class has', async () => {
      class BasePayments {
        @Idempotent({ key: 'id', name: 'BasePayments.pay' })
        async pay(_payment: Payment) {
          runs += 1;
        }
      }
      @IdempotencyDefaults({ ttl: 60 })
      class DerivedPayments extends BasePayments {}
      const { pay } = DerivedPayments.prototype;
      expect(await refusal(() => pay({ id: 'a' }))).to.match(/without its instance/);
      const { pay: made } = new DerivedPayments();
      expect(await refusal(() => made({ id: 'a' }))).to.match(/without its instance/);
    });

    it('runs on an instance of another subclass, which has no options that could be lost', async () => {
      class FamilyPayments {
        @Idempotent({ key: 'id' })
        async pay(_payment: Payment) {
          runs += 1;
        }
      }
      @IdempotencyDefaults({ ttl: 60 })
      class EagerPayments extends FamilyPayments {}
      class LazyPayments extends FamilyPayments {}
      const { pay } = new EagerPayments();
      await pay.call(new LazyPayments(), { id: 'a' });
      expect(runs).to.equal(1);
    });
  });

  describe('of a class that another decorator replaced', () => {
    type AnyClass = abstract new (...args: never[]) => object;
    const replaced: Record<string, <C extends AnyClass>(target: C) => C> = {
      'a proxy': (target) => new Proxy(target, {}),
      'a subclass': (target) =>
        class ReplacedPayments extends (target as unknown as new () => object) {} as never,
      'a function': (target) => {
        const wrapper = function wrapper(...args: unknown[]) {
          return Reflect.construct(target as unknown as new () => object, args);
        };
        Object.setPrototypeOf(wrapper, target);
        wrapper.prototype = target.prototype;
        return wrapper as never;
      },
    };
    for (const [what, replace] of Object.entries(replaced)) {
      it(`by ${what}: is refused, and runs on its instances and its class`, async () => {
        @IdempotencyDefaults({ ttl: 60 })
        @replace
        class ReplacedPayments {
          @Idempotent({ key: 'id', name: `${what}.pay` })
          async pay(_payment: Payment) {
            runs += 1;
          }
          @Idempotent({ key: 'id', name: `${what}.refund` })
          static async refund(_payment: Payment) {
            runs += 1;
          }
        }
        const service = new ReplacedPayments();
        const { pay } = service;
        const { refund } = ReplacedPayments;
        expect(await refusal(() => pay({ id: 'a' }))).to.match(/without its instance/);
        expect(await refusal(() => refund({ id: 'a' }))).to.match(/without its class/);
        await service.pay({ id: 'a' });
        await ReplacedPayments.refund({ id: 'a' });
        expect(runs).to.equal(2);
      });
    }
  });

  describe('with options of its own that read the instance', () => {
    const asking = {
      'a store': { store: (self: { store: ScriptedStore }) => self.store },
      'a key': {
        key(this: { tenant: string }, { id }: Payment) {
          return [this.tenant, id];
        },
      },
      'a scope': {
        scope(this: { tenant: string }) {
          return `tenant ${this.tenant}`;
        },
      },
      'a fingerprint': {
        fingerprint(this: { tenant: string } | undefined) {
          return this?.tenant;
        },
      },
    };
    for (const [what, options] of Object.entries(asking)) {
      it(`is refused where ${what} does, and not with an error from within that function`, async () => {
        class AskingPayments {
          readonly store = store;
          readonly tenant = 'north';
          @Idempotent({ name: `AskingPayments.${what}`, ...(options as object) })
          async pay(_payment: Payment) {
            runs += 1;
          }
        }
        const service = new AskingPayments();
        const { pay } = service;
        for (const self of [undefined, { pay }, {}]) {
          expect(await refusal(() => pay.call(self as never, { id: 'a' }))).to.match(/without its instance/);
        }
        await service.pay({ id: 'a' });
        expect(runs).to.equal(1);
      });
    }

    it('is refused where a function of the process does', async () => {
      class PlainPayments {
        readonly tenant = 'north';
        @Idempotent({ key: 'id' })
        async pay(_payment: Payment) {
          runs += 1;
        }
      }
      configureIdempotency({
        store,
        scope(this: PlainPayments) {
          return this.tenant;
        },
      });
      const service = new PlainPayments();
      const { pay } = service;
      expect(await refusal(() => pay({ id: 'a' }))).to.match(/without its instance/);
      await service.pay({ id: 'a' });
      expect(runs).to.equal(1);
    });
  });

  describe('of classes without options', () => {
    it('runs once for equal calls, with whatever `this` it has', async () => {
      class FreePayments {
        @Idempotent({ key: ({ id }: Payment) => id, store: () => store })
        async pay(_payment: Payment) {
          runs += 1;
          return this;
        }
        @Idempotent({ key: 'id' })
        static async refund(_payment: Payment) {
          runs += 1;
          return this;
        }
      }
      const { pay } = new FreePayments();
      const { refund } = FreePayments;
      for (const call of [pay, pay, refund, refund]) expect(await call({ id: 'a' })).to.equal(undefined);
      expect(runs).to.equal(2);
      const key = (index: number) => store.calls[index]?.record?.key.split('#')[0];
      expect(key(0)).to.equal('FreePayments.pay');
    });

    it('runs where the class has a name by @IdempotencyDefaults and nothing else', async () => {
      @IdempotencyDefaults({ name: 'Payments' })
      class OnlyNamedPayments {
        @Idempotent({ key: 'id' })
        async pay(_payment: Payment) {
          runs += 1;
        }
      }
      const { pay } = new OnlyNamedPayments();
      await pay({ id: 'a' });
      expect(store.calls[0]?.record?.key).to.match(/^Payments\.pay#/);
    });

    it('runs as a function of makeIdempotent with any `this`, which its options may read', async () => {
      const pay = makeIdempotent(
        async function pay(this: { tenant: string }, _id: string) {
          runs += 1;
        },
        {
          scope() {
            return this.tenant;
          },
          store: new InMemoryStore(),
        },
      );
      await pay.call({ tenant: 'north' }, 'a');
      await pay.call({ tenant: 'south' }, 'a');
      expect(runs).to.equal(2);
    });
  });
});
