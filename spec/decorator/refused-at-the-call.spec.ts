// biome-ignore-all lint/complexity/noStaticOnlyClass: static members are decorated here, too
import 'retrysafe/jmespath';
import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  idempotentOperations,
  makeIdempotent,
} from 'retrysafe';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

const httpApiEvent = {
  version: '2.0',
  routeKey: 'POST /holds',
  rawPath: '/holds',
  rawQueryString: '',
  headers: { 'content-type': 'application/json' },
  requestContext: { requestId: 'JKJaXmPLvHcESHA=', timeEpoch: 1583817383220, http: { method: 'POST' } },
  body: '{"transactionId":"t1"}',
  isBase64Encoded: false,
};
const sqsRecord = {
  messageId: '059f36b4-87a3-44ab-83d2-661975830a7d',
  receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a',
  body: '{"transactionId":"t1"}',
  attributes: { ApproximateReceiveCount: '1' },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:my-queue',
  awsRegion: 'us-east-2',
};
const events = {
  'an HTTP API event': httpApiEvent,
  'an SQS event': { Records: [sqsRecord] },
  'an SQS record': sqsRecord,
};
const context = { awsRequestId: 'c6af9ac6', getRemainingTimeInMillis: () => 30_000 };

describe('a fault that only a call can show is refused at the call, before the method runs', () => {
  let store: ScriptedStore;
  let runs: number;
  const count = async (..._given: unknown[]) => {
    runs += 1;
  };

  beforeEach(() => {
    runs = 0;
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => configureIdempotency({}));

  async function refusal(call: () => Promise<unknown>): Promise<string> {
    const error = await rejection((async () => call())());
    expect(error).to.be.instanceOf(ConfigurationError);
    expect([runs, store.count()], 'runs and store calls').to.deep.equal([0, 0]);
    return (error as Error).message;
  }

  for (const [what, event] of Object.entries(events)) {
    describe(`${what}, which differs with every delivery,`, () => {
      const whole = {
        'by default': {},
        "by '@'": { key: '@' },
        'by a function that returns it': { key: (...given: unknown[]) => given[0] as object },
      };
      for (const [how, options] of Object.entries(whole)) {
        it(`is refused as the whole key ${how}`, async () => {
          const handle = makeIdempotent(count, { name: `handle ${what} ${how}`, ...options });
          const message = await refusal(() => handle(event, context));
          expect(message).to.match(
            /option "key" is a whole Lambda event.*expected .*\{ key: '(?:Records\[\]\.)?body\.id' \}/,
          );
        });
      }

      it('is refused as scope and as fingerprint', async () => {
        const scoped = makeIdempotent(count, { name: `scope ${what}`, key: '`1`', scope: '@' });
        expect(await refusal(() => scoped(event, context))).to.contain(
          'option "scope" is a whole Lambda event',
        );
        const marked = makeIdempotent(count, { name: `mark ${what}`, key: '`1`', fingerprint: true });
        expect(await refusal(() => marked(event, context))).to.contain(
          'option "fingerprint" is a whole Lambda event',
        );
      });

      it('is accepted with a key that selects a part of it', async () => {
        const handle = makeIdempotent(count, {
          name: `part of ${what}`,
          key: (given) => JSON.stringify(given).length,
        });
        await handle(event, context);
        expect(runs).to.equal(1);
      });
    });
  }

  describe('a lease longer than renewFor of another level', () => {
    it('is refused where the class has the lease and the method renewFor', async () => {
      @IdempotencyDefaults({ lease: 60 })
      class LongLeases {
        @Idempotent({ renewFor: 45 })
        place(id: string): Promise<void> {
          return count(id);
        }
      }
      const message = await refusal(() => new LongLeases().place('a'));
      expect(message).to.match(
        /^LongLeases\.place: option "lease" is 60; expected no longer than renewFor, which is 45$/,
      );
    });

    it('is refused where the process has the lease, or renewFor is the built-in one', async () => {
      configureIdempotency({ store, lease: '14m' });
      const short = makeIdempotent(count, { name: 'short renewal', renewFor: '13m' });
      expect(await refusal(() => short())).to.match(/option "lease" is '14m'.*renewFor, which is '13m'/);
      const long = makeIdempotent(count, { name: 'built-in renewal', lease: '16m' });
      expect(await refusal(() => long())).to.match(/option "lease" is '16m'.*renewFor, which is 900/);
    });

    it('is no fault where a nearer level corrects it', async () => {
      configureIdempotency({ store, lease: '14m' });
      await makeIdempotent(count, { name: 'right renewal', renewFor: '13m', lease: 5 })();
      expect(runs).to.equal(1);
    });
  });

  it('refuses classes and remember of different levels that share a name', async () => {
    class Money extends Error {}
    const MoneyOfAnother = class Money {};
    configureIdempotency({ store, remember: [Money] });
    const pay = makeIdempotent(count, { name: 'pay with two moneys', classes: [MoneyOfAnother] });
    expect(await refusal(() => pay())).to.match(
      /option "classes".*expected a list whose class "Money" is the one in remember/,
    );
  });

  describe('a name that a minifier gave', () => {
    it('is refused for a class, with the advice how to name it', async () => {
      class ab {
        @Idempotent()
        place(id: string): Promise<void> {
          return count(id);
        }
      }
      const message = await refusal(() => new ab().place('a'));
      expect(message).to.match(
        /option "name" is undefined.*class is "ab", which looks minified.*Set it with @IdempotencyDefaults\(\{ name: '/,
      );
      expect(message).to.match(/keepNames$/);
      expect(() => idempotentOperations(ab)).to.throw(ConfigurationError, /looks minified/);
    });

    it('is refused for a class as compilers name an anonymous one', async () => {
      class class_1 {
        @Idempotent()
        place(id: string): Promise<void> {
          return count(id);
        }
      }
      expect(await refusal(() => new class_1().place('a'))).to.match(
        /class is "class_1", which was made up by a compiler or bundler.*@IdempotencyDefaults\(\{ name: '.*on the class$/,
      );
    });

    it('is refused for a class with a static method', async () => {
      const message = await refusal(() => {
        class xy {
          @Idempotent()
          static place(id: string): Promise<void> {
            return count(id);
          }
        }
        return xy.place('a');
      });
      expect(message).to.match(/class is "xy", which looks minified/);
    });

    it('is refused for a method when its class is defined', () => {
      const define = () => {
        class MinifiedMethods {
          @Idempotent()
          p(id: string): Promise<void> {
            return count(id);
          }
        }
        return MinifiedMethods;
      };
      expect(define).to.throw(ConfigurationError, /method is "p", which looks minified/);
    });

    it('is refused for a function, and for one without a name, at once', () => {
      const named = async function e() {};
      expect(() => makeIdempotent(named)).to.throw(
        ConfigurationError,
        /function is "e", which looks minified/,
      );
      expect(() => makeIdempotent(async () => {})).to.throw(ConfigurationError, /the function has no name/);
    });

    it('is no fault where the method, the class or the function has a name option', async () => {
      class cd {
        @Idempotent({ name: 'Minified.place' })
        place(id: string): Promise<void> {
          return count(id);
        }
      }
      @IdempotencyDefaults({ name: 'Named' })
      class ef {
        @Idempotent()
        place(id: string): Promise<void> {
          return count(id);
        }
      }
      await new cd().place('a');
      await new ef().place('a');
      await makeIdempotent(count, { name: 'xy' })();
      expect(runs).to.equal(3);
      expect(idempotentOperations(ef)[0]?.name).to.equal('Named.place');
    });
  });
});

describe('a name that a compiler or bundler made up', () => {
  const store = new ScriptedStore();
  beforeEach(() => configureIdempotency({ store }));

  const ofClasses = {
    'TypeScript, of a default export': ['default_1', 'default'],
    'TypeScript, of a class expression': ['class_1', '_classThis'],
    'Babel and swc': ['_default', '_class', '_class2', '_Class', '_Class2'],
    'esbuild, of a default export': ['pay_card_default', 'pay_card_default2', 'require_default'],
    'esbuild, of a class expression': ['_a2', '_b12'],
    'webpack, of a default export': ['__WEBPACK_DEFAULT_EXPORT__', 'pay_card_class'],
    'Turbopack, of a default export': ['__TURBOPACK__default__export__'],
    'Rollup, of two classes with one name': ['PaymentService$1', '_default$1'],
    Parcel: ['$4fa36e821943b400$var$PaymentService', '$4fa36e821943b400$export$2e2bcd8739ae039'],
    'a class without a name': [''],
  };

  for (const [maker, names] of Object.entries(ofClasses)) {
    it(`is refused for a class: ${maker}`, async () => {
      for (const name of names) {
        const unnamed = classNamed(name);
        expect(() => idempotentOperations(unnamed), name).to.throw(
          ConfigurationError,
          /^(\S+|\(anonymous class\))\.place: option "name" is undefined.*@IdempotencyDefaults\(\{ name: '\w+' \}\) on the class$/,
        );
        expect(await rejection((async () => new unnamed().place('a'))()), name).to.be.instanceOf(
          ConfigurationError,
        );
      }
      expect(store.calls).to.be.empty;
    });
  }

  const ofFunctions = [
    'default',
    'default_1',
    '_default',
    'refund_default',
    '_default2',
    'anonymous',
    'bound refund',
    'refund$1',
  ];
  for (const name of ofFunctions) {
    it(`is refused for a function: ${name}`, () => {
      const fn = Object.defineProperty(async () => 1, 'name', { value: name });
      expect(() => makeIdempotent(fn)).to.throw(
        ConfigurationError,
        /the name of the function is ".+", which was made up by a compiler or bundler.*makeIdempotent\(placeHold, \{ name: 'placeHold' \}\)$/,
      );
      expect(() => makeIdempotent(fn, { name: 'refund' })).not.to.throw();
    });
  }

  it('does not match names that people write', () => {
    for (const name of [
      'Payment2',
      'Default',
      'Defaults',
      'ClassService',
      'Class',
      'Pay',
      'OAuth2',
      '_Ledger',
      'payment_service',
      '$Pay',
      'DefaultPayments',
    ])
      expect(idempotentOperations(classNamed(name))[0]?.name).to.equal(`${name}.place`);
    for (const name of ['setDefault', 'cancelClass', 'pay2', 'boundary', 'useClass'])
      expect(() =>
        makeIdempotent(Object.defineProperty(async () => 1, 'name', { value: name })),
      ).not.to.throw();
  });

  it('is no fault of a class that has a name by its options', () => {
    @IdempotencyDefaults({ name: 'PayCard' })
    class pay_card_default {
      @Idempotent()
      async place(id: string): Promise<string> {
        return id;
      }
    }
    expect(idempotentOperations(pay_card_default)[0]?.name).to.equal('PayCard.place');
  });

  it('is refused for a class that hides its name behind a static method', () => {
    class Hidden {
      static name(): string {
        return 'Hidden';
      }
      @Idempotent()
      async place(id: string): Promise<string> {
        return id;
      }
    }
    expect(() => idempotentOperations(Hidden)).to.throw(ConfigurationError, /the class has no name/);
  });
});

function classNamed(name: string) {
  class Unnamed {
    @Idempotent()
    async place(id: string): Promise<string> {
      return id;
    }
  }
  Object.defineProperty(Unnamed, 'name', { value: name });
  return Unnamed;
}

describe('two operations of one name', () => {
  let warnings: (Error & { code?: string })[];
  const listen = (warning: Error) => warnings.push(warning);
  const shown = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    warnings = [];
    process.on('warning', listen);
  });
  afterEach(() => {
    process.off('warning', listen);
  });

  it('cause one warning in the process that names them, however many there are', async () => {
    makeIdempotent(async () => 1, { name: 'Duplicate.byOption' });
    await shown();
    expect(warnings).to.deep.equal([]);
    makeIdempotent(async () => 2, { name: 'Duplicate.byOption' });
    makeIdempotent(async () => 3, { name: 'Duplicate.byOption' });
    await shown();
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include({ name: 'RetrysafeWarning', code: 'RETRYSAFE_DUPLICATE_NAME' });
    expect(warnings[0]?.message).to.match(/"Duplicate\.byOption".*another `name`/);
  });

  it('cause the warning where two classes have one name', async () => {
    const define = (define: 1 | 2) => {
      if (define === 1) {
        class TwiceNamed {
          @Idempotent()
          async place() {
            return 'one';
          }
        }
        return TwiceNamed;
      }
      class TwiceNamed {
        @Idempotent()
        async place() {
          return 'two';
        }
      }
      return TwiceNamed;
    };
    expect(idempotentOperations(define(1))).to.have.length(1);
    expect(idempotentOperations(define(2))).to.have.length(1);
    await shown();
    expect(warnings.map(({ message }) => /"(.*?)"/.exec(message)?.[1])).to.deep.equal(['TwiceNamed.place']);
  });

  it('cause none where the same method is defined again, as test runners and hot reload do', async () => {
    const define = () => makeIdempotent(async () => 'same', { name: 'Duplicate.again' });
    define();
    define();
    await shown();
    expect(warnings).to.deep.equal([]);
  });
});
