// biome-ignore-all lint/complexity/noStaticOnlyClass: static members are decorated here, too
import { expect } from 'chai';
import { ConfigurationError, IdempotencyDefaults, Idempotent, makeIdempotent } from 'retrysafe';
import { thrown } from '../support/rejection.js';

/** `Idempotent` for places where the compiler would refuse it. */
// biome-ignore lint/suspicious/noExplicitAny: this type accepts everything
const Anywhere = Idempotent as (...options: unknown[]) => any;

describe('a decorator in the wrong place is refused when the class is defined', () => {
  const places: Record<string, () => unknown> = {
    'a getter': () => {
      class OnGetter {
        @Anywhere()
        get total() {
          return 1;
        }
      }
      return OnGetter;
    },
    'a setter': () => {
      class OnSetter {
        @Anywhere()
        set total(_total: number) {}
      }
      return OnSetter;
    },
    'a static getter': () => {
      class OnStaticGetter {
        @Anywhere()
        static get total() {
          return 1;
        }
      }
      return OnStaticGetter;
    },
    'an auto-accessor': () => {
      class OnAccessor {
        @Anywhere()
        accessor total = 1;
      }
      return OnAccessor;
    },
    'a field': () => {
      class OnField {
        @Anywhere()
        place = async () => 1;
      }
      return OnField;
    },
    'a static field': () => {
      class OnStaticField {
        @Anywhere()
        static place = async () => 1;
      }
      return OnStaticField;
    },
    'a class': () => {
      @Anywhere({ ttl: 60 })
      class OnClass {}
      return OnClass;
    },
  };
  const kinds: Record<string, RegExp> = {
    accessor: /accessor|getter|setter/,
    field: /field/,
    class: /class/,
  };

  for (const [place, define] of Object.entries(places)) {
    it(`refuses ${place}`, () => {
      const error = thrown(define);
      expect(error).to.be.instanceOf(ConfigurationError);
      const kind = place.includes('field') ? 'field' : place.includes('class') ? 'class' : 'accessor';
      expect((error as Error).message).to.match(kinds[kind] as RegExp);
      expect((error as Error).message).to.match(/put it on a method that returns a promise$/);
    });
  }

  it('refuses a generator method, whose steps cannot be an outcome', () => {
    const define = () => {
      class OnGenerator {
        @Anywhere()
        async *steps() {}
      }
      return OnGenerator;
    };
    expect(define).to.throw(ConfigurationError, /steps.*generator.*expected/);
  });

  it('refuses its use without parentheses, on a method and on a class', () => {
    const onMethod = () => {
      class WithoutParentheses {
        // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
        @(Idempotent as any)
        async place() {}
      }
      return WithoutParentheses;
    };
    const onClass = () => {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      @(Idempotent as any)
      class ClassWithoutParentheses {}
      return ClassWithoutParentheses;
    };
    for (const define of [onMethod, onClass]) {
      expect(define).to.throw(ConfigurationError, /without parentheses; write @Idempotent\(\)/);
    }
  });

  it('refuses class defaults on a method, and without parentheses', () => {
    // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
    const Defaults = IdempotencyDefaults as any;
    const onMethod = () => {
      class DefaultsOnMethod {
        @Defaults({ ttl: 60 })
        async place() {}
      }
      return DefaultsOnMethod;
    };
    const bare = () => {
      @Defaults
      class DefaultsWithoutOptions {}
      return DefaultsWithoutOptions;
    };
    expect(onMethod).to.throw(ConfigurationError, /is not on a class; put it on a class/);
    expect(bare).to.throw(ConfigurationError, /without options; write @IdempotencyDefaults\(\{/);
  });

  it('refuses a value that is no function in makeIdempotent', () => {
    // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
    expect(() => makeIdempotent('place' as any)).to.throw(
      ConfigurationError,
      /a string; expected a function/,
    );
  });
});
