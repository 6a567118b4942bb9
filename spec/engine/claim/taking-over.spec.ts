import { expect } from 'chai';
import { currentExecution, InProgressError, OutcomeUnknownError } from 'retrysafe';
import { crash, deployable, restOfTurn, standing } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('taking over', () => {
  let clock: ReturnType<typeof fakeTime>;
  let store: ScriptedStore;
  let peer: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime();
    store = new ScriptedStore();
    peer = store.peer();
  });

  afterEach(() => {
    clock.restore();
  });

  const options = { lease: 6, clockTolerance: 1, wait: 0 } as const;
  const state = async () => (await standing(store))?.state;

  describe('an unknown key', () => {
    const unknown = async (operation: ReturnType<typeof deployable>) => {
      const fails = operation(store, async () => Promise.reject(new Error('?')), {
        onError: () => 'unknown',
      });
      await rejection(fails('a'));
      expect((await state())?.status).to.equal('unknown');
    };

    it('is run again by `run`, as the next attempt', async () => {
      const operation = deployable(options);
      await unknown(operation);
      expect(await operation(peer, async () => currentExecution().attempt)('a')).to.equal(2);
    });

    it('is refused by `refuse`, untouched', async () => {
      const operation = deployable({ ...options, onAbandoned: 'refuse' });
      await unknown(operation);
      const before = await standing(store);
      const error = await rejection(operation(peer, async () => 'x')('a'));
      expect(error).to.be.instanceOf(OutcomeUnknownError);
      expect(await standing(store)).to.deep.equal(before);
    });

    it('is decided by a function, whose value is then the outcome', async () => {
      const operation = deployable({ ...options, onAbandoned: ({ status }) => ({ value: status }) });
      await unknown(operation);
      expect(await operation(peer, async () => 'x')('a')).to.equal('unknown');
      expect(await operation(store.peer(), async () => 'x')('a')).to.equal('unknown');
    });
  });

  describe('clockTolerance', () => {
    for (const [clockTolerance, milliseconds] of [
      [1, 1_000],
      ['250ms', 250],
      [0, 0],
      [5, 5_000],
    ] as const) {
      it(`of ${clockTolerance} is respected to the millisecond`, async () => {
        const operation = deployable({ ...options, clockTolerance });
        await crash(operation, store, 'a');
        await clock.tickAsync(6_000 + milliseconds - 1);
        const call = operation(peer, async () => 'second');
        expect(await rejection(call('a'))).to.be.instanceOf(InProgressError);
        await clock.tickAsync(1);
        expect(await call('a')).to.equal('second');
      });
    }

    it('is also waited for by duplicates in the process that lost its claim', async () => {
      const operation = deployable({ ...options, clockTolerance: 3, wait: 60 });
      store.always('replace', 'fail');
      void operation(store, () => new Promise(() => {}))('a');
      await restOfTurn();
      let ranAt = 0;
      const from = Date.now();
      const duplicate = operation(store, async () => {
        ranAt = Date.now() - from;
      })('a');
      await clock.tickAsync(8_900);
      expect(ranAt).to.equal(0);
      store.heal();
      await clock.tickAsync(1_100);
      await duplicate;
      expect(ranAt).to.be.within(9_000, 10_000);
    });
  });
});
