import { expect } from 'chai';
import { ConfigurationError, makeIdempotent } from 'retrysafe';
import { crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

describe('an effect that gives no answer at all in a crash test', () => {
  it('ends it after ten seconds, by its name', async function () {
    this.timeout(60_000);
    const error = await rejection(
      crashTest({
        setUp: ({ store, effect }) => {
          const hold = effect('bank.hold', () => new Promise<string>(() => {}));
          const late = () =>
            new Promise<string>((_resolve, reject) => setTimeout(() => reject(new Error('late')), 1_000));
          return makeIdempotent(() => Promise.race([hold(), late()]), { name: 'h', key: () => 'one', store });
        },
        calls: [(place) => place()],
        invariant: () => {},
        seconds: 1,
      }),
    );
    expect(error).to.be.instanceOf(ConfigurationError);
    expect((error as Error).message).to.match(/^crashTest: bank\.hold was not done after 10 seconds/);
  });
});
