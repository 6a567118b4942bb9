import { expect } from 'chai';
import { configureIdempotency, currentExecution, makeIdempotent } from 'retrysafe';
import { ScriptedStore } from '../support/scripted-store.js';

let runs: number;

const lookUpTicket = makeIdempotent(async function lookUpTicket(_id: string) {
  runs += 1;
  return runs;
});

describe('IDEMPOTENCY_DISABLED', () => {
  const before = process.env.IDEMPOTENCY_DISABLED;
  let store: ScriptedStore;

  beforeEach(() => {
    runs = 0;
    store = new ScriptedStore();
    configureIdempotency({ store });
  });
  afterEach(() => {
    configureIdempotency({});
    if (before === undefined) delete process.env.IDEMPOTENCY_DISABLED;
    else process.env.IDEMPOTENCY_DISABLED = before;
  });

  it('is read at each call: set, the method runs bare; unset, once for equal calls', async () => {
    process.env.IDEMPOTENCY_DISABLED = 'true';
    expect([await lookUpTicket('a'), await lookUpTicket('a')]).to.deep.equal([1, 2]);
    expect(store.count()).to.equal(0);
    delete process.env.IDEMPOTENCY_DISABLED;
    expect([await lookUpTicket('a'), await lookUpTicket('a')]).to.deep.equal([3, 3]);
    process.env.IDEMPOTENCY_DISABLED = 'true';
    expect(await lookUpTicket('a')).to.equal(4);
  });

  it('disables nothing with another value', async () => {
    for (const value of ['false', '', '0', 'no']) {
      process.env.IDEMPOTENCY_DISABLED = value;
      const first = await lookUpTicket(value || 'empty');
      expect(await lookUpTicket(value || 'empty'), value).to.equal(first);
    }
  });

  it('still gives a method its execution', async () => {
    process.env.IDEMPOTENCY_DISABLED = 'true';
    const bare = makeIdempotent(
      async (id: string) => {
        const { operation, attempt, signal, key, deriveKey } = currentExecution();
        return { id, operation, attempt, isAborted: signal.aborted, key, derived: deriveKey('fee') };
      },
      { name: 'bareRefund' },
    );
    const one = await bare('a');
    expect(one).to.include({ id: 'a', operation: 'bareRefund', attempt: 1, isAborted: false });
    delete process.env.IDEMPOTENCY_DISABLED;
    const { key, derived } = await bare('a');
    expect(one).to.include({ key, derived });
  });

  it('also runs a call that would have no key', async () => {
    process.env.IDEMPOTENCY_DISABLED = 'true';
    const keyless = makeIdempotent(async (_order: object) => ++runs, { name: 'keylessRefund', key: 'id' });
    expect(await keyless({})).to.equal(1);
  });
});
