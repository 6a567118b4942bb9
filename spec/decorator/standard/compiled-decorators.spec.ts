import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  type IdempotentOptions,
  idempotentOperations,
} from 'retrysafe';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';

// biome-ignore lint/suspicious/noExplicitAny: the output of a compiler has no types
const [Method, Class] = [Idempotent, IdempotencyDefaults] as any[];

interface Compiled {
  readonly options?: IdempotentOptions;
  readonly defaults?: object;
  /** The compiler's metadata, and the symbol under which the class has it. */
  readonly metadata?: object | undefined;
  readonly symbol?: symbol;
  /** Replaces the decorated method by another function. */
  readonly isReplaced?: boolean;
}

describe('standard decorators as compilers apply them', () => {
  let store: ScriptedStore;
  let runs: number;

  beforeEach(() => {
    runs = 0;
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => configureIdempotency({}));

  function compiled({ options = { key: 'id' }, defaults, metadata, symbol, isReplaced }: Compiled) {
    const initializers: ((this: object) => void)[] = [];
    class CompiledPayments {
      constructor() {
        for (const initializer of initializers) initializer.call(this);
      }
      async pay(_payment: { readonly id: string }) {
        runs += 1;
      }
    }
    const context = { kind: 'method', name: 'pay', static: false, private: false, metadata };
    const decorated = Method(options)(CompiledPayments.prototype.pay, {
      ...context,
      addInitializer: (initializer: () => void) => initializers.push(initializer),
    });
    CompiledPayments.prototype.pay = isReplaced
      ? function pay(this: unknown, ...args) {
          return decorated.apply(this, args);
        }
      : decorated;
    if (defaults) Class(defaults)(CompiledPayments, { kind: 'class', name: 'CompiledPayments', metadata });
    if (symbol) Object.defineProperty(CompiledPayments, symbol, { value: metadata });
    return CompiledPayments;
  }

  const operations = () => store.calls.map(({ record }) => record?.key.split('#')[0]);

  it('find the class without metadata, once an instance was made', async () => {
    const Payments = compiled({ metadata: undefined });
    const { pay } = Payments.prototype;
    const early = await rejection(pay({ id: 'a' }));
    expect(early).to.be.instanceOf(ConfigurationError);
    expect((early as Error).message).to.match(
      /"name" is undefined, and the class of the method is not known/,
    );
    await new Payments().pay({ id: 'a' });
    await pay({ id: 'b' });
    expect(operations()).to.include('CompiledPayments.pay');
    expect(runs).to.equal(2);
  });

  it('refuse a method that is passed on, without metadata', async () => {
    const Payments = compiled({ metadata: undefined, defaults: { ttl: 60 } });
    const payments = new Payments();
    const { pay } = payments;
    const error = await rejection(pay({ id: 'a' }));
    expect((error as Error).message).to.match(/^CompiledPayments\.pay: it was called without its instance/);
    await payments.pay({ id: 'a' });
    expect(runs).to.equal(1);
  });

  it('recognise an instance where neither metadata nor the method itself shows its class', async () => {
    const Payments = compiled({
      metadata: undefined,
      isReplaced: true,
      options: { name: 'replaced.pay', key: 'id', store: (self) => self.constructor && store },
    });
    const payments = new Payments();
    await payments.pay({ id: 'a' });
    const { pay } = payments;
    const error = await rejection(pay({ id: 'b' }));
    expect((error as Error).message).to.match(/^replaced\.pay: it was called without its instance/);
    expect(runs).to.equal(1);
  });

  it('find the class by its metadata, whatever the symbol', async () => {
    const Payments = compiled({ metadata: {}, symbol: Symbol('metadata of another polyfill') });
    expect(idempotentOperations(Payments)).to.deep.equal([
      { name: 'CompiledPayments.pay', method: 'pay', isStatic: false },
    ]);
    await new Payments().pay({ id: 'a' });
    expect(operations()).to.include('CompiledPayments.pay');
  });

  it('do not change the metadata, which other decorators read', () => {
    const metadata = { of: 'another decorator' };
    compiled({ metadata });
    expect(Reflect.ownKeys(metadata)).to.deep.equal(['of']);
  });
});
