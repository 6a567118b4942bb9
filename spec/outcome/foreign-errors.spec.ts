import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  configureIdempotency,
  FingerprintError,
  IdempotencyError,
  InProgressError,
  KeyError,
  makeIdempotent,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  onIdempotencyEvent,
  ReentrantCallError,
  recordOf,
  StoreError,
} from 'retrysafe';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

/** An application's error whose class extends ours. */
class ApplicationError extends IdempotencyError {
  readonly code = 'ERR_IDEMPOTENCY_CLAIM_LOST';
  readonly statusCode = 418;
  readonly advice = 'ask-human';
}

class StoreErrorOfTheShop extends StoreError {}

function likeOurs(name: string, more: object): Error {
  return Object.assign(new Error('the shop is closed'), { name }, more);
}

const foreign: Record<string, unknown> = {
  'an error named StoreError with tooLarge': likeOurs('StoreError', {
    code: 'ERR_IDEMPOTENCY_STORE',
    tooLarge: true,
    step: 'claim',
  }),
  'an error with the code of InProgressError': likeOurs('InProgressError', {
    code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
    retryAfter: 1,
  }),
  'an error named ClaimLostError': likeOurs('ClaimLostError', { code: 'ERR_IDEMPOTENCY_CLAIM_LOST' }),
  'an instance of a class that extends IdempotencyError': new ApplicationError('the shop is closed'),
  'an instance of a class that extends StoreError': new StoreErrorOfTheShop('the shop is closed', {
    tooLarge: true,
  }),
  'a StoreError of ours': new StoreError('the shop is closed', { step: 'replace', tooLarge: true }),
  'a KeyError of ours': new KeyError('the shop is closed'),
  'an InProgressError of ours': new InProgressError('the shop is closed', { retryAfter: 1 }),
  'a FingerprintError of ours': new FingerprintError('the shop is closed'),
  'an OutcomeUnknownError of ours': new OutcomeUnknownError('the shop is closed'),
  'an OutcomeUnavailableError of ours': new OutcomeUnavailableError('the shop is closed'),
  'a ClaimLostError of ours': new ClaimLostError('the shop is closed'),
  'a ReentrantCallError of ours': new ReentrantCallError('the shop is closed'),
  'a ConfigurationError of ours': new ConfigurationError('the shop is closed'),
  'an object that is no error': { name: 'ClaimLostError', code: 'ERR_IDEMPOTENCY_CLAIM_LOST' },
};

describe("an application's own error that has one of our names or codes", () => {
  let thrown: unknown[];
  let runs: number;
  let store: ScriptedStore;

  const visitShop = makeIdempotent(async function visitShop(_id: string) {
    runs += 1;
    if (thrown.length > 0) throw thrown.shift();
    return 'open';
  });

  beforeEach(() => {
    thrown = [];
    runs = 0;
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => configureIdempotency({}));

  for (const [what, error] of Object.entries(foreign)) {
    it(`reaches the caller as it is and frees the key for the next call: ${what}`, async () => {
      const events: string[] = [];
      const stops = (['refused', 'store-failed', 'claim-lost', 'released'] as const).map((name) =>
        onIdempotencyEvent(name, () => events.push(name)),
      );
      thrown = [error];
      const caught = await rejection(visitShop('a'));
      for (const stop of stops) stop();
      expect(caught === error, 'the very object').to.equal(true);
      expect(events).to.deep.equal(['released']);
      expect(store.count('replace'), 'released with one write').to.equal(1);
      expect((await recordOf(visitShop, 'a').inspect())?.status).to.equal('released');
      expect(await visitShop('a')).to.equal('open');
      expect(await visitShop('a')).to.equal('open');
      expect(runs).to.equal(2);
    });
  }

  it('does not make a waiting duplicate give up: the duplicate runs the method', async () => {
    let gate = defer();
    const visitGatedShop = makeIdempotent(async function visitGatedShop(_what: string) {
      await gate.promise;
      if (thrown.length > 0) throw thrown.shift();
      return 'open';
    });
    for (const [what, error] of Object.entries(foreign)) {
      gate = defer();
      thrown = [error];
      const first = rejection(visitGatedShop(what));
      const second = visitGatedShop(what);
      gate.resolve();
      expect((await first) === error, what).to.equal(true);
      expect(await second, what).to.equal('open');
    }
  });

  it('is remembered only by its own class, and replays as an instance of it', async () => {
    const remembering = makeIdempotent(
      async (_id: string) => {
        runs += 1;
        throw thrown[0];
      },
      { name: 'visitRememberingShop', remember: [ApplicationError] },
    );
    thrown = [new ApplicationError('the shop is closed')];
    expect(await rejection(remembering('a'))).to.equal(thrown[0]);
    const replayed = await rejection(remembering('a'));
    expect(replayed)
      .to.be.instanceOf(ApplicationError)
      .and.include({ statusCode: 418, message: 'the shop is closed' });
    expect(runs).to.equal(1);

    thrown = [foreign['an error named ClaimLostError']];
    await rejection(remembering('b'));
    await rejection(remembering('b'));
    expect(runs, 'another class with the same code is not remembered').to.equal(3);
  });

  it('thrown by an inner operation is, for the outer one, a failure like any other', async () => {
    const inner = makeIdempotent(async (_id: string) => 'never', {
      name: 'innerShop',
      store,
      key: () => null,
    });
    const outer = makeIdempotent(
      async (id: string) => {
        runs += 1;
        return runs === 1 ? inner(id) : 'open';
      },
      { name: 'outerShop' },
    );
    const error = await rejection(outer('a'));
    expect(error).to.be.instanceOf(KeyError).and.include({ operation: 'innerShop' });
    expect(await outer('a')).to.equal('open');
  });

  it('from a store is a fault like any other, though it resembles ours: the outcome is stored', async () => {
    const fault = foreign['an error named StoreError with tooLarge'];
    store.next('replace', () => Promise.reject(fault));
    expect(await visitShop('a')).to.equal('open');
    expect(await visitShop('a')).to.equal('open');
    expect(runs).to.equal(1);
  });

  it('from a recovery function or mapReplay reaches the caller as the same object', async () => {
    const error = foreign['an error with the code of InProgressError'];
    const mapped = makeIdempotent(async (_id: string) => 'open', {
      name: 'visitMappedShop',
      mapReplay: () => {
        throw error;
      },
    });
    await mapped('a');
    expect(await rejection(mapped('a'))).to.equal(error);

    const recovering = makeIdempotent(
      async (_id: string) => {
        runs += 1;
        throw new Error('unknown');
      },
      {
        name: 'visitRecoveringShop',
        onError: () => 'unknown',
        onAbandoned: () => {
          throw error;
        },
      },
    );
    await rejection(recovering('a'));
    expect(await rejection(recovering('a'))).to.equal(error);
    expect((await recordOf(recovering, 'a').inspect())?.status).to.equal('unknown');
    expect(runs).to.equal(1);
    expect(await recordOf(recovering, 'a').forget()).to.equal(true);
  });
});
