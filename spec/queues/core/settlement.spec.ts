import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  FingerprintError,
  InMemoryStore,
  InProgressError,
  KeyError,
  makeIdempotent,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  StoreError,
} from 'retrysafe';
import { settlementOf } from 'retrysafe/queues';
import { catchWarnings } from '../../support/process-warnings.js';

class Declined extends Error {}

describe('what becomes of a message whose method threw', () => {
  it('is delivered again when the running call has ended, or its lease has lapsed', () => {
    const error = new InProgressError('running', { retryAfter: 17 });
    expect(settlementOf(error)).to.deep.equal({
      do: 'redeliver',
      afterSeconds: 17,
      reason: 'InProgressError: running',
    });
  });

  it('is delivered again after a while where the error does not say when', () => {
    for (const error of [new StoreError('down'), new ClaimLostError('lost')])
      expect(settlementOf(error)).to.include({ do: 'redeliver', afterSeconds: 5 });
    expect(settlementOf(new StoreError('down'), { retryDelay: '250ms' })).to.include({ afterSeconds: 0.25 });
  });

  it('is parked at once where only another request, other code or a person can help', () => {
    const errors = {
      'fix-request': [new KeyError('none'), new FingerprintError('another')],
      'fix-code': [new ConfigurationError('wrong'), new StoreError('wrong', { advice: 'fix-code' })],
      'ask-human': [new OutcomeUnknownError('unknown'), new OutcomeUnavailableError('gone')],
    };
    for (const [advice, its] of Object.entries(errors))
      for (const error of its) expect(settlementOf(error)).to.include({ do: 'park', advice });
  });

  it("is left to the queue's own rules where the error is the method's own", () => {
    expect(settlementOf(new Error('bank is down'))).to.deep.equal({
      do: 'fail',
      reason: 'Error: bank is down',
    });
    expect(settlementOf('a text')).to.deep.equal({ do: 'fail', reason: 'a text' });
  });

  it('is parked where the error is the outcome of its key: no delivery would get another one', async () => {
    const charge = makeIdempotent(
      async (_order: { id: string }) => {
        throw new Declined('too little');
      },
      { name: 'charge', key: 'id', store: new InMemoryStore(), remember: [Declined] },
    );
    for (const _ of ['the run', 'a replay']) {
      const error = await charge({ id: '1' }).catch((thrown: unknown) => thrown);
      expect(settlementOf(error)).to.deep.equal({
        do: 'park',
        advice: 'recorded',
        reason: 'Error: too little',
      });
    }
  });

  it("follows the application's advice about its own errors, and no other's", () => {
    const advise = (error: unknown) => (error instanceof Declined ? 'fix-request' : undefined);
    expect(settlementOf(new Declined('no'), { advise })).to.include({ do: 'park', advice: 'fix-request' });
    expect(settlementOf(new Error('down'), { advise })).to.include({ do: 'fail' });
    const later = () => 'retry-later' as const;
    expect(settlementOf(new Error('down'), { advise: later })).to.include({
      do: 'redeliver',
      afterSeconds: 5,
    });
    expect(settlementOf(new KeyError('none'), { advise: later })).to.include({ do: 'park' });
  });

  it("leaves a message to the queue's own rules where the advice fails, and says so once", async () => {
    const warnings = catchWarnings();
    const thrown = () => {
      throw new TypeError('advice is broken');
    };
    const wrong = (() => 'perhaps') as unknown as () => undefined;
    try {
      for (const advise of [thrown, wrong])
        expect(settlementOf(new Error('down'), { advise })).to.include({ do: 'fail' });
      expect(warnings.texts('RETRYSAFE_ADVISE')).to.have.lengthOf(1);
    } finally {
      warnings.restore();
    }
  });

  it('refuses wrong options, and names them', () => {
    const wrong: [object, string][] = [
      [{ retryDelay: -1 }, 'retryDelay'],
      [{ advise: 'park' }, 'advise'],
      [{ retryAfter: 5 }, 'retryAfter'],
    ];
    for (const [options, name] of wrong)
      expect(() => settlementOf(new Error('down'), options)).to.throw(ConfigurationError, name);
  });
});
