import { expect } from 'chai';
import { type IdempotencyRecord, OutcomeUnavailableError, onIdempotencyEvent, StoreError } from 'retrysafe';
import { deployable, standing } from '../../support/deployment.js';
import { catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

/** Refuses records with a value or an error. */
class NarrowStore extends ScriptedStore {
  /** While it is down, it refuses a large record only if it checks the size before it sends. */
  isDown = false;
  checksFirst = false;

  override async replace(record: IdempotencyRecord, token: string) {
    const { state } = record;
    const isTooLarge = state.status === 'completed' && state.outcome.kind !== 'none';
    const refuse = () => {
      throw new StoreError('larger than 400 kB', { tooLarge: true });
    };
    if (isTooLarge && this.checksFirst) refuse();
    if (this.isDown && state.status === 'completed') throw new Error('the store is down');
    if (isTooLarge) refuse();
    return super.replace(record, token);
  }
}

describe('an outcome that is too large, while the store is unreachable', () => {
  let clock: ReturnType<typeof fakeTime>;
  let warnings: ReturnType<typeof catchWarnings>;
  let store: NarrowStore;
  let operation: ReturnType<typeof deployable>;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    store = new NarrowStore();
    operation = deployable({ lease: 30, clockTolerance: 1 });
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
    warnings.restore();
  });

  const method = async () => {
    runs += 1;
    return 'x'.repeat(100);
  };
  const stored = async () => (await standing(store))?.state;
  const duplicate = () => rejection(operation(store.peer(), method)('a'));

  for (const [what, checksFirst] of [
    ['told at once that it is too large', true],
    ['told so only when it is back', false],
  ] as const) {
    it(`completes the key in the background: ${what}`, async () => {
      Object.assign(store, { isDown: true, checksFirst });
      const call = operation(store, method)('a');
      await clock.tickAsync(6_000);
      expect(await call, 'the caller has its result').to.have.length(100);
      expect(await stored()).to.have.property('status', 'in-progress');
      store.isDown = false;
      await clock.tickAsync(2_000);
      expect(await stored()).to.have.nested.property('outcome.kind', 'none');
      expect(await duplicate()).to.be.instanceOf(OutcomeUnavailableError);
      // This is long after the lease would have lapsed.
      await clock.tickAsync(60_000);
      expect(await duplicate()).to.be.instanceOf(OutcomeUnavailableError);
      expect(runs).to.equal(1);
    });
  }

  it('completes the key while the caller waits, where the fault is short', async () => {
    const reasons: unknown[] = [];
    const stop = onIdempotencyEvent('outcome-not-stored', ({ reason }) => reasons.push(reason));
    store.isDown = true;
    const call = operation(store, method)('a');
    await clock.tickAsync(1_000);
    store.isDown = false;
    await clock.tickAsync(2_000);
    stop();
    expect(await call).to.have.length(100);
    expect(reasons).to.deep.equal(['it is larger than the store takes']);
    expect(await duplicate()).to.be.instanceOf(OutcomeUnavailableError);
  });

  it('never sends the store again what it has refused', async () => {
    let refused = 0;
    const replace = store.replace.bind(store);
    store.replace = async (record, token) => {
      try {
        return await replace(record, token);
      } catch (error) {
        if (error instanceof StoreError) refused += 1;
        throw error;
      }
    };
    Object.assign(store, { isDown: true, checksFirst: true });
    const call = operation(store, method)('a');
    await clock.tickAsync(8_000);
    store.isDown = false;
    await clock.tickAsync(60_000);
    await call;
    expect(refused).to.equal(1);
  });
});
