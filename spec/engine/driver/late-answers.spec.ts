import { expect } from 'chai';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { RecordedEvents } from '../../support/recorded-events.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('an answer of the store that comes when its call was given up', () => {
  let clock: ReturnType<typeof fakeTime>;
  let events: RecordedEvents;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    events = new RecordedEvents();
    store = new ScriptedStore();
    operation = deployable({ wait: 0, lease: 30 });
  });

  afterEach(() => {
    events.stop();
    clock.restore();
  });

  it('is no fault of the store a second time', async () => {
    const late = defer<never>();
    store.next('claim', () => late.promise);
    const call = operation(store, async () => 'done')('a');
    await clock.tickAsync(5_100);
    expect(await call).to.equal('done');
    late.reject(new Error('much too late'));
    await clock.tickAsync(100);
    expect(events.names).to.deep.equal(['store-failed', 'claimed', 'completed']);
  });
});
