import { expect } from 'chai';
import { type Completion, currentExecution, StoreError } from 'retrysafe';
import { deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

// Lease 30 s, renewed at 10 s and 20 s.
describe('a method that asks for its completion while the store does not respond, as inside of a transaction', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let events: { readonly at: number; readonly what: unknown }[];

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    events = [];
  });

  afterEach(() => {
    clock.restore();
  });

  /** Asks for a completion so many milliseconds after the run began. Records when and how that ended. */
  function askAfter(milliseconds: number, then: () => Promise<unknown> = async () => 'done') {
    const operation = deployable({ lease: 30, wait: 0 });
    return operation(store, async () => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const asked = Date.now();
      const note = (what: unknown) => events.push({ at: Date.now() - asked, what });
      await currentExecution().completion('done').then(note, note);
      return then();
    })('a');
  }

  async function within(milliseconds: number): Promise<{ readonly at: number; readonly what: unknown }> {
    await clock.tickAsync(milliseconds);
    const [event] = events;
    if (!event) throw new Error('it has not been answered yet');
    return event;
  }

  it('gets an error after a second where the claim must be renewed, with the advice what to do', async () => {
    // The first renewal never arrived, so that less than half of the lease is left.
    store.next('replace', 'fail', 'fail').always('replace', 'hang');
    void rejection(askAfter(15_500));
    await clock.tickAsync(15_499);
    const { at, what } = await within(1_001);
    expect(at).to.equal(1_000);
    expect(what).to.be.instanceOf(StoreError);
    expect(what).to.include({ step: 'replace' });
    expect((what as Error).message)
      .to.include('ask for the completion before the transaction begins')
      .and.to.include('do not begin the transaction');
  });

  it('waits no longer than two seconds for a renewal that is in flight, and a second for its own', async () => {
    store.always('replace', 'hang');
    void rejection(askAfter(10_100));
    await clock.tickAsync(10_100);
    expect(store.count('replace'), 'a renewal is in flight').to.equal(1);
    const { at, what } = await within(3_000);
    expect(at).to.equal(3_000);
    expect(what).to.be.instanceOf(StoreError);
  });

  it('gets its completion where nothing has to be renewed', async () => {
    store.always('replace', 'hang');
    const call = askAfter(100, async () => 'done');
    void rejection(call);
    await clock.tickAsync(100);
    await restOfTurn();
    expect(events[0]).to.have.property('at', 0);
    expect(events[0]?.what).to.have.keys('record', 'token');
  });

  it('has a completion that can be committed where the renewal that was given up arrives later', async () => {
    store.next('replace', 'hold');
    const call = askAfter(10_100, async () => {
      await store.held[0]?.release();
      const [{ what } = { what: undefined }] = events;
      const { record, token } = what as unknown as Completion;
      expect((await store.inner.replace(record, token))?.token).to.equal(record.token);
      return 'done';
    });
    await clock.tickAsync(10_100 + 2_000);
    expect(await call).to.equal('done');
    expect(events[0]).to.have.property('at', 2_000);
    expect((await standing(store))?.state.status).to.equal('completed');
    expect(clock.countTimers()).to.equal(0);
  });
});
