import { expect } from 'chai';
import * as retrysafe from 'retrysafe';
import { IdempotencyError, onIdempotencyEvent } from 'retrysafe';
import { eventNames } from '../../support/recorded-events.js';
import { thrown } from '../../support/rejection.js';
import { gaveAway, marker } from './marker.js';
import { claims, faults } from './provoked-faults.js';
import { options } from './provoked-options.js';
import { outcomes, unkept } from './provoked-outcomes.js';
import { refusals } from './provoked-refusals.js';
import { Witness } from './witness.js';

const provocations = [...outcomes, ...unkept, ...refusals, ...faults, ...claims, ...options];

/** What the package has to offer of errors, and of events by its own account. */
const classes = Object.entries(retrysafe)
  .filter(([, one]) => typeof one === 'function' && one.prototype instanceof Error)
  .map(([name]) => name)
  .filter((name) => name !== 'IdempotencyError');
const events = (thrown(() => onIdempotencyEvent('none' as never, () => {})) as Error).message
  .replace(/^.*the events are /, '')
  .split(', ');

describe('what errors, events and warnings say of payloads and results', () => {
  let witness: Witness;

  beforeEach(() => {
    witness = new Witness();
  });

  afterEach(() => {
    witness.stop();
  });

  for (const { what, says, provoke } of provocations) {
    it(`is nothing: ${what}`, async () => {
      await provoke(witness);
      for (const said of says) expect(witness.said, what).to.include(said);
      const telling = [...witness.texts()].filter(([, text]) => gaveAway(text));
      expect(telling, 'what gives a payload, a result or an error away').to.deep.equal([]);
    });
  }

  it('is checked for every error and every event', () => {
    const provoked = new Set(provocations.flatMap(({ says }) => says));
    expect(classes).to.have.length.above(8);
    expect([...classes, ...events].filter((name) => !provoked.has(name))).to.deep.equal([]);
    expect([...eventNames].sort(), 'all of them are listened to').to.deep.equal([...events].sort());
  });

  it('would be detected', () => {
    class TellingError extends IdempotencyError {
      readonly code = 'ERR_IDEMPOTENCY_TELLING';
      readonly statusCode = 500;
      readonly advice = 'ask-human';
    }
    const telling = [
      new TellingError(marker),
      Object.assign(new TellingError('hidden'), { request: [{ marker }] }),
      Object.defineProperty(new TellingError('hidden'), 'request', { value: new Map([[marker, 1]]) }),
      new TellingError('hidden', { cause: new TellingError(marker) }),
      new TellingError('hidden', { key: marker }),
    ];
    for (const error of telling) {
      witness.errors.splice(0, Number.POSITIVE_INFINITY, error);
      expect([...witness.texts()].some(([, text]) => gaveAway(text))).to.equal(true);
    }
    // The message of an application's own error is for the handler of that error.
    witness.errors.splice(0, 1, new TellingError('hidden', { cause: new Error(marker) }));
    expect([...witness.texts()].some(([, text]) => gaveAway(text))).to.equal(false);
    process.emitWarning(marker);
    expect([...witness.texts()].some(([, text]) => gaveAway(text))).to.equal(true);
  });
});
