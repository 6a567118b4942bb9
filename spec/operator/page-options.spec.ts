import { expect } from 'chai';
import { ConfigurationError, InMemoryStore } from 'retrysafe';
import { operatorPage } from 'retrysafe/operator';
import { thrown } from '../support/rejection.js';

const authorize = () => 'alice';
const stores = { payments: new InMemoryStore() };

function refusal(options: unknown): string {
  const error = thrown(() => operatorPage(options as Parameters<typeof operatorPage>[0]));
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

describe("the options of the operator's page", () => {
  it('ask who may see it, and name the page that needs no such function', () => {
    const message = refusal({ stores });
    expect(message).to.match(
      /^operatorPage: option "authorize" is undefined; expected a function that returns the/,
    );
    expect(message).to.include('npx retrysafe ui');
    expect(refusal({ stores, authorize: 'alice' })).to.include(
      'option "authorize" is a text of 5 characters',
    );
  });

  const { payments } = stores;
  const wrong: readonly (readonly [option: string, value: unknown, expected: RegExp])[] = [
    ['stores', undefined, /an object with a store for each name/],
    ['stores', {}, /an object with a store for each name/],
    ['stores', [payments], /an object with a store for each name/],
    ['stores', payments, /an object with a store for each name/],
    ['stores', { '': payments }, /a name has 1 to 60 characters/],
    ['stores', { payments: { claim() {}, replace() {}, find() {} } }, /claim, replace, find and records/],
    ['basePath', 'operator', /a path such as '\/operator'/],
    ['basePath', '', /a path such as/],
    ['basePath', '/operator//', /a path such as/],
    ['basePath', '/a/../b', /without '\.' and '\.\.'/],
    ['basePath', '/a?b', /a path such as/],
    ['traceUrl', 'https://traces.example.com', /a function of a traceparent that returns a URL/],
    ['reveal', 'no', /true or false/],
    ['readOnly', 1, /true or false/],
    ['rates', 'yes', /true or false/],
    ['password', 'secret', /there is no option "password"/],
  ];
  for (const [option, value, expected] of wrong) {
    it(`are not ${option}: ${typeof value === 'string' ? `'${value}'` : typeof value}`, () => {
      const message = refusal({ stores, authorize, [option]: value });
      expect(message)
        .to.match(expected)
        .and.to.match(/^operatorPage: /);
      expect(message).not.to.include('secret');
    });
  }

  it('are an object', () => {
    expect(refusal(undefined)).to.match(/^operatorPage: the options are undefined; expected \{ stores: /);
  });

  for (const basePath of ['/', '/operator', '/operator/', '/a/b-c/d.e/']) {
    it(`may have the base path ${basePath}`, () => {
      expect(operatorPage({ stores, authorize, basePath })).to.be.a('function');
    });
  }
});
