import { expect } from 'chai';
import { ConfigurationError, Idempotent } from 'retrysafe';

/** `Idempotent` for places where the compiler would refuse it. */
// biome-ignore lint/suspicious/noExplicitAny: this type accepts everything
const Anywhere = Idempotent as (...options: unknown[]) => any;

describe('parameters', () => {
  it('refuses a constructor parameter when the class is defined', () => {
    const define = () => {
      class OnConstructorParameter {
        constructor(@Anywhere() readonly store: object) {}
      }
      return OnConstructorParameter;
    };
    expect(define).to.throw(
      ConfigurationError,
      /OnConstructorParameter: it is on a constructor parameter; put it on a method that returns a promise$/,
    );
  });

  it('refuses the parameter of a method when the class is defined', () => {
    const define = () => {
      class OnParameter {
        async place(@Anywhere({ key: 'id' }) _order: object) {}
      }
      return OnParameter;
    };
    expect(define).to.throw(
      ConfigurationError,
      /OnParameter\.place: it is on a parameter; put it on a method/,
    );
  });

  it('refuses the parameter of a static method when the class is defined', () => {
    const define = () => {
      class OnStaticParameter {
        other = 1;
        static async place(@Anywhere() _order: object) {}
      }
      return OnStaticParameter;
    };
    expect(define).to.throw(ConfigurationError, /OnStaticParameter\.place: it is on a parameter/);
  });
});
