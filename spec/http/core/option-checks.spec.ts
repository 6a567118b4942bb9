import { expect } from 'chai';
import { ConfigurationError, InMemoryStore } from 'retrysafe';
import { HttpGuard, type HttpOptions } from 'retrysafe/http';
import { thrown } from '../../support/rejection.js';

const right: HttpOptions<string> = { store: new InMemoryStore(), scope: 'public' };
const guardWith = (options: unknown) =>
  new HttpGuard<string>(options as HttpOptions<string>, { where: 'guard()', isRequired: true });
const secret = 'sk_live_1234';

/** Values that each option refuses. */
const wrong: Record<keyof HttpOptions<string>, readonly unknown[]> = {
  store: [null, {}, secret],
  scope: [undefined, null, 'private', secret, 5, ['public'], {}],
  name: [null, '', ' a', 'a ', 'x'.repeat(81), 5, 'a\nb'],
  header: [null, '', 'Idempotency Key', 'Idempotency-Key:', 'caf\u00e9', `${secret}\n`, 5],
  required: [null, 'yes', 1, () => true],
  ttl: [null, -1, Number.NaN, '1 fortnight', secret],
  wait: [null, -1, 'soon'],
  lease: [null, 0, -1, 'long'],
  renewFor: [null, -1, 'long'],
  maxAttempts: [null, 0, 1.5, '3', secret],
  onAbandoned: [null, 'release', secret, 5],
  isOutcome: [null, true, secret, async () => true],
  onFailure: [null, 'retry', secret, true, async () => 'release'],
  fingerprint: [null, 'body', [], true],
  maxKey: [null, 0, -1, 1.5, '255', Number.NaN, Number.POSITIVE_INFINITY],
  maxRequest: [null, -1, 1.5, '1mb'],
  maxBody: [null, -1, 1.5, '1mb'],
  maxInFlight: [null, 0, -1, 1.5, '5'],
  unscopedStatus: [null, 200, 404, '401'],
  problemTypes: [null, '', '/problems/', 'https://example.com/a b/', 5],
  errors: [null, 'problem', secret, true],
  unresolvedTtl: [null, -1, 'long'],
  onStoreFailure: [null, 'closed', true],
  redact: [null, true, secret, async () => ({})],
  codec: [null, {}, secret, { encode: String, decode: String, takes: secret }],
  enabled: [null, 'yes', 1],
};

describe('a wrong option of a guard', () => {
  for (const [option, values] of Object.entries(wrong))
    it(`is refused at once, by its name and without its value: ${option}`, () => {
      for (const value of values) {
        const error = thrown(() => guardWith({ ...right, [option]: value })) as Error;
        expect(error, option).to.be.an.instanceOf(ConfigurationError);
        expect(error.message).to.match(new RegExp(`^guard\\(\\): .*"?${option}"?`));
        expect(error.message).to.match(/expected /);
        expect(error.message).not.to.contain(secret);
      }
    });

  it('is each one that there is', () => {
    const { message } = thrown(() => guardWith({ ...right, nothing: 1 })) as Error;
    const options = /the options are (.+)$/.exec(message)?.[1]?.split(', ');
    expect(Object.keys(wrong).sort()).to.deep.equal(options?.sort());
  });

  it('is one that there is not, and something else in place of options', () => {
    for (const options of [undefined, null, 5, secret, []]) {
      const { message } = thrown(() => guardWith(options)) as Error;
      expect(message).to.match(/^guard\(\): /);
      expect(message).not.to.contain(secret);
    }
    expect(() => guardWith({ ...right, ttls: 5 })).to.throw(ConfigurationError, /ttls/);
    expect(() => guardWith({ store: new InMemoryStore() })).to.throw(ConfigurationError, /scope/);
  });

  it('is none where it is right, or not there', () => {
    const options: HttpOptions<string> = {
      ...right,
      scope: async () => 'alice',
      name: 'payments v2',
      header: "X-Request_Key!#$%&'*+.^`|~",
      required: false,
      ttl: '24h',
      wait: 0,
      lease: '30s',
      renewFor: 60,
      onAbandoned: () => 'run',
      isOutcome: ({ status }) => status < 400,
      onFailure: () => 'release',
      fingerprint: ({ body }) => body,
      maxKey: 1,
      maxRequest: 0,
      maxBody: 0,
      maxInFlight: 1,
      unscopedStatus: 403,
      problemTypes: 'tag:example.com,2026:',
      errors: 'framework',
      unresolvedTtl: '30d',
      onStoreFailure: 'run',
      enabled: true,
    };
    expect(() => guardWith(options)).not.to.throw();
    const nothing = Object.fromEntries(Object.keys(wrong).map((option) => [option, undefined]));
    expect(() => guardWith({ ...nothing, ...right })).not.to.throw();
  });
});
