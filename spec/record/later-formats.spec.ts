import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { deployable, type Work } from '../support/deployment.js';
import { leftByALaterVersion, steps, type Unfinished } from '../support/later-records.js';
import { type Library, load } from '../support/library-version.js';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const statuses: readonly Unfinished[] = ['in-progress', 'released', 'unknown'];

describe('an unfinished record of a later format', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    operation = deployable({ wait: 0 });
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
  });

  const run = async () => {
    runs += 1;
    return 'ran';
  };

  for (const status of statuses) {
    it(`is refused where it is ${status}, and stays as it is: nothing in it is lost`, async () => {
      const later = await leftByALaterVersion(operation, store, status, { format: 2, steps });
      for (const options of [{}, { onAbandoned: 'run' }, { onAbandoned: () => ({ value: 1 }) }] as const) {
        const error = await rejection(operation(store.peer(), run, options)('a'));
        expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE');
      }
      expect(await store.inner.find(later.key)).to.deep.equal(later);
      expect(runs).to.equal(0);
    });

    it(`is refused by the earlier version as well where it is ${status}`, async () => {
      const later = await leftByALaterVersion(operation, store, status, { format: 2, steps });
      const { makeIdempotent }: Library = await load('earlier');
      const name = later.key.split('#', 1)[0] as string;
      // Of two operations that have one name.
      const warnings = catchWarnings();
      const error = await rejection(makeIdempotent((_id: string) => run(), { name, store, wait: 0 })('a'));
      warnings.restore();
      expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE');
      expect(await store.inner.find(later.key)).to.deep.equal(later);
      expect(runs).to.equal(0);
    });

    it(`is begun anew by \`forget\` where it is ${status}`, async () => {
      const later = await leftByALaterVersion(operation, store, status, { format: 2, steps });
      const call: Work = operation(store, run);
      expect(await recordOf(call, 'a').forget({ force: true })).to.equal(true);
      expect((await store.inner.find(later.key))?.state).to.include({ format: 1, status: 'released' });
      expect((await store.inner.find(later.key))?.state).not.to.have.property('steps');
      expect(await call('a')).to.equal('ran');
    });
  }
});

describe('a field that a later version has added to an unfinished record', () => {
  for (const status of statuses) {
    it(`does not stop this version from running what is ${status}, and is not in the completed record`, async () => {
      const store = new ScriptedStore();
      const operation = deployable();
      const { key } = await leftByALaterVersion(operation, store, status);
      expect(await operation(store, async () => 'ran')('a')).to.equal('ran');
      const state = (await store.inner.find(key))?.state;
      expect(state).to.include({ status: 'completed', attempt: 3 }).and.not.to.have.property('steps');
    });

    it(`is gone when \`forget\` has freed what is ${status}`, async () => {
      const store = new ScriptedStore();
      const operation = deployable();
      const { key } = await leftByALaterVersion(operation, store, status);
      await recordOf(
        operation(store, async () => 'ran'),
        'a',
      ).forget({ force: true });
      const state = (await store.inner.find(key))?.state;
      // A key that is free already is left as it is.
      if (status === 'released') expect(state).to.have.deep.property('steps', steps);
      else expect(state).to.include({ status: 'released' }).and.not.to.have.property('steps');
    });
  }
});
