import { expect } from 'chai';
import { type IdempotentOptions, OutcomeUnavailableError, StoreError } from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { crash, deployable, restOfTurn } from '../support/deployment.js';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const never = () => new Promise<never>(() => {});
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1_000));
const fails = () => Promise.reject(new Error('not now'));

describe('the attempt in an event, and how often an event is emitted', () => {
  let clock: SinonFakeTimers;
  let warnings: CaughtWarnings;
  let events: RecordedEvents;
  let store: ScriptedStore;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    store = new ScriptedStore();
    operation = deployable({ lease: 6, clockTolerance: 1, wait: 60 });
    events = new RecordedEvents();
  });

  afterEach(() => {
    events.stop();
    warnings.restore();
    clock.restore();
  });

  /** The events since the last time, in order, with their attempts. */
  function told(): string[] {
    return events.typed.splice(0).map(({ name, attempt }) => `${name} ${attempt}`);
  }

  /** Lets the first attempt fail, so that the next call makes the second. */
  async function failOnce(): Promise<void> {
    await rejection(operation(store, fails)('a'));
    expect(told()).to.deep.equal(['claimed 1', 'released 1']);
  }

  const ends: Record<string, [() => unknown, IdempotentOptions, readonly string[]]> = {
    'a result': [() => 'done', {}, ['completed 2']],
    'a failure': [fails, {}, ['released 2']],
    'a remembered failure': [fails, { remember: [Error] }, ['remembered 2']],
    'a failure with an unknown end': [fails, { onError: () => 'unknown' }, ['unknown 2']],
    'a result that cannot be stored': [() => () => {}, {}, ['outcome-not-stored 2', 'completed 2']],
  };

  for (const [how, [work, options, last]] of Object.entries(ends)) {
    it(`is the second where a second attempt ends with ${how}`, async () => {
      await failOnce();
      await operation(store, async () => work(), options)('a').catch(() => {});
      expect(told()).to.deep.equal(['taken-over 2', ...last]);
    });
  }

  it('is that of the run that was joined', async () => {
    await failOnce();
    const end = defer<string>();
    const call = operation(store, () => end.promise);
    const calls = [call('a'), call('a')];
    await restOfTurn();
    end.resolve('done');
    await Promise.all(calls);
    expect(told()).to.deep.equal(['taken-over 2', 'completed 2', 'waited 2', 'replayed 2']);
  });

  it('is that of the run whose outcome this process holds', async () => {
    await failOnce();
    const call = operation(store, async () => 'done', { keepLocal: 1 });
    await call('a');
    await call('a');
    expect(told()).to.deep.equal(['taken-over 2', 'completed 2', 'replayed 2']);
  });

  it('is that of the run whose outcome a waiting call got, though it began to wait for another', async () => {
    const first = defer<string>();
    const failed = rejection(operation(store, () => first.promise)('a'));
    await restOfTurn();
    const peer = store.peer();
    const waiter = operation(peer, never)('a');
    await restOfTurn();
    told();
    first.reject(new Error('not now'));
    await failed;
    const second = operation(store, () => seconds(5))('a');
    await clock.tickAsync(10_000);
    await Promise.all([second, waiter]);
    expect(told().filter((event) => !event.startsWith('renewed'))).to.deep.equal([
      'released 1',
      'taken-over 2',
      'completed 2',
      'waited 2',
      'replayed 2',
    ]);
  });

  it('is that of the running call by which another is refused', async () => {
    await failOnce();
    void operation(store, never)('a');
    await restOfTurn();
    told();
    await rejection(operation(store.peer(), never, { wait: 0 })('a'));
    expect(told()).to.deep.equal(['refused 2']);
  });

  it('is that of renewals, of the loss of a claim, and of what the store refuses', async () => {
    await failOnce();
    void operation(store, never)('a');
    await clock.tickAsync(2_000);
    store.always('replace', 'fail');
    await clock.tickAsync(6_001);
    const all = told();
    expect(all.slice(0, 3)).to.deep.equal(['taken-over 2', 'renewed 2', 'store-failed 2']);
    expect(all.at(-1)).to.equal('claim-lost 2');
    expect(new Set(all.slice(2, -1))).to.deep.equal(new Set(['store-failed 2']));
  });

  describe('where a recovery function runs', () => {
    beforeEach(async () => {
      await crash(operation, store, 'a');
      await clock.tickAsync(7_001);
      told();
    });

    const recovering = (onAbandoned: IdempotentOptions['onAbandoned'], peer = store.peer()) =>
      operation(peer, () => seconds(3).then(() => 'ran'), { onAbandoned: onAbandoned as never })('a');

    it('is the first for what it returns, and for renewals while it runs', async () => {
      const call = recovering(async () => {
        await seconds(3);
        return { value: 'found' };
      });
      await clock.tickAsync(4_000);
      expect(await call).to.equal('found');
      expect(told()).to.deep.equal(['taken-over 1', 'renewed 1', 'completed 1']);
    });

    it('is the first where it cannot decide', async () => {
      await rejection(recovering(() => 'refuse'));
      expect(told()).to.deep.equal(['taken-over 1', 'unknown 1']);
    });

    it('is the second for the run that it decides on', async () => {
      const call = recovering(() => 'run');
      await clock.tickAsync(4_000);
      expect(await call).to.equal('ran');
      expect(told()).to.deep.equal(['taken-over 1', 'renewed 2', 'completed 2']);
    });

    it('and one event says that its claim was lost, where another call holds the key before the run begins', async () => {
      const peer = store.peer();
      const other = store.peer();
      const successor = operation(other, async () => 'other', { lease: 60 });
      let asked = 0;
      const call = recovering(async () => {
        asked += 1;
        peer.always('replace', 'fail');
        await seconds(8);
        await successor('a');
        peer.heal();
        return 'run' as const;
      }, peer);
      await clock.tickAsync(20_000);
      expect(await call).to.equal('other');
      expect(asked).to.equal(1);
      expect(told().filter((event) => event.startsWith('claim-lost'))).to.deep.equal(['claim-lost 1']);
    });
  });

  describe('a store call', () => {
    for (const [step, given] of [
      ['claim', 2_000],
      ['find', 2_000],
      ['replace', 2_000],
    ] as const) {
      it(`at \`${step}\` that hangs causes one event, though it fails after it was given up`, async () => {
        const late = defer<never>();
        store.next(step, () => late.promise);
        const call = operation(store, async () => 'done', { readFirst: true })('a');
        await clock.tickAsync(given + 100);
        late.reject(new Error('the connection was reset'));
        await clock.tickAsync(5_000);
        expect(await call).to.equal('done');
        expect(events.named('store-failed')).to.have.length(1);
        expect(events.named('store-failed')[0]?.error).to.be.instanceOf(StoreError);
      });
    }
  });

  describe('a claim that is lost', () => {
    /** Runs until another call took its key, and ends when that call has ended. */
    async function loses(how: 'by its lease' | 'by force', work: () => unknown = () => 'second') {
      const end = defer<string>();
      const first = operation(store, () => end.promise)('a');
      await restOfTurn();
      if (how === 'by its lease') {
        store.always('replace', 'fail');
        await clock.tickAsync(7_100);
        store.heal();
      }
      const peer = store.peer();
      if (how === 'by force') {
        const holder = await store.inner.find(store.calls[0]?.record?.key as string);
        if (holder)
          await store.inner.replace(
            { ...holder, token: 'operator.1', state: { ...holder.state, status: 'released' } as never },
            holder.token,
          );
      }
      await operation(peer, async () => work())('a');
      end.resolve('first');
      return first;
    }

    for (const how of ['by its lease', 'by force'] as const) {
      it(`${how} causes one event, with the first attempt; the outcome is the second's`, async () => {
        expect(await loses(how)).to.equal('second');
        const all = told().filter((event) => !event.startsWith('store-failed'));
        expect(all.filter((event) => event.startsWith('claim-lost'))).to.deep.equal(['claim-lost 1']);
        expect(all.at(-1)).to.equal('replayed 2');
        expect(all.slice(all.indexOf('claim-lost 1')).join()).to.not.include('renewed');
      });
    }

    it('is no refusal where its successor has no outcome: the method has run', async () => {
      expect(await rejection(loses('by its lease', () => () => {}))).to.be.instanceOf(
        OutcomeUnavailableError,
      );
      expect(events.names).to.not.include('refused');
    });
  });
});
