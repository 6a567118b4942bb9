import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  currentExecution,
  Idempotent,
  InMemoryStore,
  InProgressError,
  KeyError,
  keyOf,
  makeIdempotent,
  replayInfoOf,
  withReplayInfo,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { type Deferred, defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { fakeTime } from '../support/time.js';

const started = Date.UTC(2026, 0, 1);

class Declined extends Error {}

describe('what is told of a replay beside the value', () => {
  let clock: SinonFakeTimers;
  let gate: Deferred<void> | undefined;
  let failure: Error | undefined;
  let runs: number;

  class HoldDesk {
    @Idempotent({ key: 'id', remember: [Declined] })
    async place({ id }: { readonly id: string }): Promise<{ readonly hold: string }> {
      runs += 1;
      await gate?.promise;
      if (failure) throw failure;
      return { hold: `${id} by run ${runs}` };
    }
    @Idempotent({ key: 'id', keepLocal: 1, wait: 0 })
    async keep({ id }: { readonly id: string }): Promise<string> {
      await gate?.promise;
      return id;
    }
  }
  const desk = new HoldDesk();
  const request = { id: 'h-1' };
  const key = () => keyOf(desk, 'place', request);

  beforeEach(() => {
    clock = fakeTime(started);
    gate = undefined;
    failure = undefined;
    runs = 0;
    configureIdempotency({ store: new InMemoryStore() });
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  it('tells of a run that it was one, with its attempt and times', async () => {
    gate = defer();
    const told = withReplayInfo(() => desk.place(request));
    await clock.tickAsync(250);
    gate.resolve();
    expect(await told).to.deep.equal({
      value: { hold: 'h-1 by run 1' },
      operation: 'HoldDesk.place',
      key: key(),
      isReplay: false,
      source: 'run',
      attempt: 1,
      startedAt: started,
      completedAt: started + 250,
    });
  });

  it('tells of a replay from the store, and when that outcome was recorded', async () => {
    await desk.place(request);
    await clock.tickAsync(5_000);
    expect(await withReplayInfo(() => desk.place(request))).to.deep.equal({
      value: { hold: 'h-1 by run 1' },
      operation: 'HoldDesk.place',
      key: key(),
      isReplay: true,
      source: 'store',
      attempt: 1,
      completedAt: started,
    });
  });

  it('tells of a run that was joined, and of an outcome that the process keeps', async () => {
    gate = defer();
    const leader = desk.place(request);
    const joined = withReplayInfo(() => desk.place(request));
    await clock.tickAsync(0);
    gate.resolve();
    await leader;
    expect(await joined).to.include({ isReplay: true, source: 'joined', completedAt: started });
    await desk.keep(request);
    expect(await withReplayInfo(() => desk.keep(request))).to.include({ isReplay: true, source: 'kept' });
  });

  it('tells which attempt the outcome is of', async () => {
    failure = new Error('no connection');
    await rejection(desk.place(request));
    failure = undefined;
    expect(await withReplayInfo(() => desk.place(request))).to.include({ isReplay: false, attempt: 2 });
    expect(await withReplayInfo(() => desk.place(request))).to.include({ isReplay: true, attempt: 2 });
  });

  it('is told of a remembered error by replayInfoOf, and not of one that is no outcome', async () => {
    failure = new Declined();
    const ask = () => rejection(withReplayInfo(() => desk.place(request)));
    const first = await ask();
    expect(first).to.equal(failure);
    expect(replayInfoOf(first)).to.include({ isReplay: false, source: 'run', key: key() });
    const again = await ask();
    expect(again).to.be.instanceOf(Declined);
    expect(replayInfoOf(again)).to.include({ isReplay: true, source: 'store', completedAt: started });

    failure = new Error('no connection');
    const other = await rejection(withReplayInfo(() => desk.place({ id: 'h-2' })));
    expect(replayInfoOf(other)).to.equal(undefined);
    const unwatched = await rejection(desk.place(request));
    expect(replayInfoOf(unwatched), 'nobody asked').to.equal(undefined);
    expect(replayInfoOf('text')).to.equal(undefined);
  });

  it('passes a refusal on, which no outcome is', async () => {
    gate = defer();
    void desk.keep(request);
    await clock.tickAsync(0);
    const refused = await rejection(withReplayInfo(() => desk.keep(request)));
    expect(refused).to.be.instanceOf(InProgressError);
    expect(replayInfoOf(refused)).to.equal(undefined);
    expect(await withReplayInfo(() => desk.keep(request).catch(() => 'a value of its own'))).to.include({
      value: 'a value of its own',
      isReplay: false,
      source: 'none',
    });
    gate.resolve();
  });

  it('does not count the calls that the method makes, and these can ask for themselves', async () => {
    const inner: unknown[] = [];
    await desk.place(request);
    const outer = makeIdempotent(
      async (_id: string) => {
        await desk.place(request);
        inner.push((await withReplayInfo(() => desk.place(request))).source);
        return currentExecution().attempt;
      },
      { name: 'outerCall' },
    );
    expect(await withReplayInfo(() => outer('a'))).to.include({
      value: 1,
      operation: 'outerCall',
      isReplay: false,
    });
    expect(inner).to.deep.equal(['store']);
  });

  it('tells of the call that began last, where there are several', async () => {
    await desk.place(request);
    expect(
      await withReplayInfo(async () => {
        const early = desk.place({ id: 'h-2' });
        const late = await desk.place(request);
        await early;
        return late;
      }),
    ).to.include({ key: key(), isReplay: true });
    let tries = 0;
    const retried = await withReplayInfo(async () => {
      for (;;) {
        failure = tries === 0 ? new Error('no connection') : undefined;
        tries += 1;
        const placed = await desk.place({ id: 'h-3' }).catch(() => undefined);
        if (placed) return placed;
      }
    });
    expect(retried).to.include({ isReplay: false, source: 'run', attempt: 2 });
  });

  it('tells calls apart that run at once', async () => {
    await desk.place(request);
    const [replayed, ran] = await Promise.all([
      withReplayInfo(() => desk.place(request)),
      withReplayInfo(() => desk.place({ id: 'h-2' })),
    ]);
    expect([replayed.isReplay, ran.isReplay]).to.deep.equal([true, false]);
  });

  it('takes a thenable that calls late, and what throws at once', async () => {
    // biome-ignore lint/suspicious/noThenProperty: query builders are thenables
    const query = { then: (resolve: (value: unknown) => void) => void desk.place(request).then(resolve) };
    expect(await withReplayInfo(() => query)).to.include({ source: 'run' });
    const fault = new Error('at once');
    expect(
      await rejection(
        withReplayInfo(() => {
          throw fault;
        }),
      ),
    ).to.equal(fault);
  });

  it('is an error where no idempotent call was made, or none was waited for', async () => {
    const none = (await rejection(withReplayInfo(async () => 1))) as Error;
    expect(none).to.be.instanceOf(ConfigurationError);
    expect(none.message).to.match(/made no idempotent call; expected/);
    gate = defer();
    const unawaited = (await rejection(
      withReplayInfo(() => {
        void desk.place(request);
      }),
    )) as Error;
    expect(unawaited.message).to.match(/did not wait for its idempotent call; return or await/);
    gate.resolve();
    expect(await rejection(withReplayInfo(desk.place(request) as never))).to.be.instanceOf(
      ConfigurationError,
    );
    expect(await rejection(withReplayInfo(() => desk.place({} as never)))).to.be.instanceOf(KeyError);
  });

  it('tells of an operation that is disabled that it ran', async () => {
    const bare = makeIdempotent(async (id: { id?: string }) => id, {
      name: 'bareCall',
      key: 'id',
      enabled: false,
    });
    const told = await withReplayInfo(() => bare({ id: 'a' }));
    expect(told).to.include({ operation: 'bareCall', isReplay: false, source: 'run', attempt: 1 });
    expect(told.key).to.equal(keyOf(bare, { id: 'a' }));
    expect(() => JSON.stringify(told)).not.to.throw();
  });
});
