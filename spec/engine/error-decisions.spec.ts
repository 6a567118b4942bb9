import { expect } from 'chai';
import {
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { unhandledDuring } from '../support/unhandled-rejections.js';

class Refusal extends Error {
  override readonly name = 'Refusal';
}

class Timeout extends Error {
  override readonly name = 'Timeout';
  readonly afterSeconds = 30;
}

function failing(options: IdempotentOptions, make: () => Error = () => new Timeout('no answer')) {
  const seen = { runs: 0 };
  const transferFunds = makeIdempotent(
    async (_request: { amount: number }): Promise<unknown> => {
      seen.runs += 1;
      throw make();
    },
    { name: 'transferFunds', store: new InMemoryStore(), onAbandoned: 'refuse', ...options },
  );
  return {
    transfer: () => transferFunds({ amount: 5 }),
    status: () => recordOf(transferFunds, { amount: 5 }).inspect(),
    seen,
  };
}

describe('the decision of `onError` about an error', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  it('`release` lets the next call run, even where `remember` lists the class', async () => {
    const { transfer, status, seen } = failing({ onError: () => 'release', remember: [Timeout] });
    await rejection(transfer());
    expect(await status()).to.include({ status: 'released' });
    await rejection(transfer());
    expect(seen.runs).to.equal(2);
  });

  it('`remember` keeps the error as the outcome; of an unlisted class it replays as an Error', async () => {
    const { transfer, status, seen } = failing({ onError: () => 'remember' });
    expect(await rejection(transfer())).to.be.instanceOf(Timeout);
    expect(await status()).to.include({ status: 'completed', outcome: 'error' });
    const replay = (await rejection(transfer())) as Timeout;
    expect(Object.getPrototypeOf(replay)).to.equal(Error.prototype);
    expect(replay).to.include({ name: 'Timeout', message: 'no answer', afterSeconds: 30 });
    expect(replay.stack).to.match(/^Timeout: no answer\n +at /);
    expect(seen.runs).to.equal(1);
  });

  it('`remember` replays instances of classes that are listed in `remember` or `classes`', async () => {
    for (const listed of [{ remember: [Timeout] }, { classes: [Timeout] }]) {
      const { transfer } = failing({ onError: () => 'remember', ...listed });
      await rejection(transfer());
      expect(await rejection(transfer())).to.be.instanceOf(Timeout);
    }
  });

  it('`unknown` lets onAbandoned decide about the next call', async () => {
    const refusing = failing({ onError: () => 'unknown' });
    await rejection(refusing.transfer());
    expect(await refusing.status()).to.include({ status: 'unknown' });
    expect(await rejection(refusing.transfer())).to.be.instanceOf(OutcomeUnknownError);
    expect(refusing.seen.runs).to.equal(1);

    const running = failing({ onError: () => 'unknown', onAbandoned: 'run' });
    await rejection(running.transfer());
    await rejection(running.transfer());
    expect(running.seen.runs).to.equal(2);
  });

  it('undefined leaves the decision to `remember`, and otherwise releases the key', async () => {
    const onError = () => undefined;
    const remembered = failing({ onError, remember: [Timeout] });
    await rejection(remembered.transfer());
    await rejection(remembered.transfer());
    expect(remembered.seen.runs).to.equal(1);
    const released = failing({ onError, remember: [Refusal] });
    await rejection(released.transfer());
    await rejection(released.transfer());
    expect(released.seen.runs).to.equal(2);
  });

  it('gets the error, the arguments and, as `this`, the service', async () => {
    const seen: unknown[] = [];
    class TransferService {
      readonly store = new InMemoryStore();

      @Idempotent({
        store: (self: TransferService) => self.store,
        onError(this: TransferService, error: unknown, request: { amount: number }) {
          seen.push(this, error, request);
          return 'release' as const;
        },
      })
      async transfer(_request: { amount: number }): Promise<void> {
        throw error;
      }
    }
    const error = new Timeout('no answer');
    const service = new TransferService();
    const request = { amount: 5 };
    await rejection(service.transfer(request));
    expect(seen).to.have.length(3);
    expect([seen[0] === service, seen[1] === error, seen[2] === request]).to.deep.equal([true, true, true]);
  });

  it('is not called for a call that succeeds', async () => {
    const succeed = makeIdempotent(async () => 'done', {
      name: 'transferThatSucceeds',
      store: new InMemoryStore(),
      onError: () => expect.fail('nothing was thrown'),
    });
    expect(await succeed()).to.equal('done');
  });

  const nonsense: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('cannot decide');
    },
    'throws null': () => {
      throw null;
    },
    'returns another word': () => 'retry',
    'returns null': () => null,
    'returns true': () => true,
    'returns a promise': () => Promise.resolve('release'),
    'returns a promise that rejects': () => Promise.reject(new Error('cannot decide')),
  };
  for (const [what, onError] of Object.entries(nonsense)) {
    it(`leaves the outcome unknown, with a process warning, where it ${what}`, async () => {
      const error = new Timeout('no answer');
      const name = `transfer whose onError ${what}`;
      const { transfer, status, seen } = failing({ onError: onError as () => 'release', name }, () => error);
      const unhandled = await unhandledDuring(async () => {
        expect(await rejection(transfer())).to.equal(error);
      });
      expect(unhandled, 'promises that would end the process').to.deep.equal([]);
      expect(await status()).to.include({ status: 'unknown' });
      expect(await rejection(transfer())).to.be.instanceOf(OutcomeUnknownError);
      expect(seen.runs).to.equal(1);
      const texts = warnings.texts('RETRYSAFE_ON_ERROR');
      expect(texts).to.have.length(1);
      expect(texts[0]).to.include(name).and.to.include('onError').and.to.include("'release'");
    });
  }
});
