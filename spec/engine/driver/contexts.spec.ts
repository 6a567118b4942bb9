import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { expect } from 'chai';
import {
  type AbandonedDecision,
  ConfigurationError,
  currentExecution,
  type IdempotentOptions,
  InMemoryStore,
  keyOf,
  onIdempotencyEvent,
  type PersistenceStore,
  recordOfKey,
} from 'retrysafe';
import { type Deferred, defer } from '../../support/defer.js';
import { crash, deployable, restOfTurn } from '../../support/deployment.js';
import { NotifyingStore } from '../../support/notifying-store.js';
import { eventNames } from '../../support/recorded-events.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

/** Whose request a piece of code belongs to, as an application keeps it. */
const requests = new AsyncLocalStorage<string>();

/** A store of each kind that the engine tells apart. */
const stores: Readonly<Record<string, () => PersistenceStore>> = {
  'a store that is in memory': () => new InMemoryStore(),
  'a store that returns promises': () => new ScriptedStore(),
};

for (const [kind, create] of Object.entries(stores)) {
  describe(`the asynchronous context of a call, on ${kind}`, () => {
    let clock: ReturnType<typeof fakeTime>;
    let events: EventsOfRequests;
    let store: PersistenceStore;
    let operation: ReturnType<typeof deployable>;
    /** In whose context what ran: `<what> of <whose call> in <whose context>`. */
    let ran: string[];

    beforeEach(() => {
      clock = fakeTimeInContext();
      events = new EventsOfRequests();
      store = create();
      operation = deployable({ wait: 60, lease: 30, clockTolerance: 1 });
      ran = [];
    });

    afterEach(() => {
      clock.restore();
      events.stop();
    });

    const note = (what: string, whose: string) => {
      ran.push(`${what} of ${whose} in ${requests.getStore()}`);
    };

    /** Calls the operation in the context of a request. */
    const call = (whose: string, work: () => Promise<unknown>, options: IdempotentOptions = {}) => {
      const made = requests.run(whose, () =>
        operation(
          store,
          () => {
            note('the method', whose);
            return work();
          },
          options,
        )('a'),
      );
      made.catch(() => {});
      return made;
    };

    const returns = async () => 'done';

    /** A run that other calls can join, which ends when the spec says so: from the context of the spec, that of no request. */
    const lead = async (options: IdempotentOptions = {}) => {
      const end = defer<string>();
      const leader = call('the leader', () => end.promise, options);
      await restOfTurn();
      return { end, leader };
    };

    it('is its own where a joined call runs the method after the one that it joined failed', async () => {
      const { end } = await lead();
      const joined = call('the joined call', returns);
      await restOfTurn();
      requests.run('something else', () => end.reject(new Error('no')));
      expect(await joined).to.equal('done');
      expect(ran).to.deep.equal([
        'the method of the leader in the leader',
        'the method of the joined call in the joined call',
      ]);
      expect(events.told).to.deep.equal([
        'claimed in the leader',
        'released in the leader',
        'waited in the joined call',
        'taken-over in the joined call',
        'completed in the joined call',
      ]);
    });

    it('is its own where calls that joined run the method one after another', async () => {
      const { end } = await lead();
      const fails = async () => {
        throw new Error('no');
      };
      const joined = [call('the second', fails), call('the third', fails), call('the fourth', returns)];
      await restOfTurn();
      end.reject(new Error('no'));
      await Promise.allSettled(joined);
      expect(ran).to.deep.equal([
        'the method of the leader in the leader',
        'the method of the second in the second',
        'the method of the third in the third',
        'the method of the fourth in the fourth',
      ]);
    });

    it('is its own where a joined call replays what the one that it joined returned', async () => {
      const { end } = await lead();
      const mapReplay = (result: unknown) => {
        note('mapReplay', 'the joined call');
        return result;
      };
      const joined = call('the joined call', returns, { mapReplay });
      await restOfTurn();
      end.resolve('done');
      await joined;
      expect(ran).to.include('mapReplay of the joined call in the joined call');
      expect(events.told).to.include.members(['waited in the joined call', 'replayed in the joined call']);
    });

    it('is its own where `forget` in another context sends a joined call away', async () => {
      const { end } = await lead();
      const joined = call('the joined call', returns);
      await restOfTurn();
      const key = keyOf(operation(store, returns), 'a');
      await requests.run('an operator', () => recordOfKey(store, key).forget({ force: true }));
      expect(await joined).to.equal('done');
      expect(ran.at(-1)).to.equal('the method of the joined call in the joined call');
      end.resolve('too late');
    });

    it('is its own where the lease of the call that it joined ends, by a timer of that one', async () => {
      const { end } = await lead({ lease: 5, renewFor: 5 });
      const joined = call('the joined call', returns);
      await clock.tickAsync(40_000);
      expect(await joined).to.equal('done');
      expect(ran.at(-1)).to.equal('the method of the joined call in the joined call');
      expect(events.told).to.include.members(['claim-lost in the leader', 'taken-over in the joined call']);
      end.resolve('too late');
    });

    it('is its own where the call that it joined is refused', async () => {
      await abandon(store, operation);
      call('the leader', returns, { wait: 2 });
      call('the joined call', returns);
      await clock.tickAsync(60_000);
      expect(ran).to.deep.equal(['the method of the joined call in the joined call']);
      expect(events.told).to.include('refused in the leader');
    });

    it('is its own where it waits for another process, and a timer wakes it', async () => {
      await abandon(store, operation);
      call('a waiting call', returns);
      await clock.tickAsync(60_000);
      expect(ran).to.deep.equal(['the method of a waiting call in a waiting call']);
      expect(events.told.slice(-3)).to.deep.equal([
        'waited in a waiting call',
        'taken-over in a waiting call',
        'completed in a waiting call',
      ]);
    });

    it('is that of the call for its options, inside its run', async () => {
      const observe = (what: string, whose: string) => {
        note(what, whose);
        expect(currentExecution().key).to.be.a('string');
      };
      const options: IdempotentOptions = {
        ttl: () => {
          observe('ttl', 'the first');
          return 60;
        },
        onError: () => {
          observe('onError', 'the failing');
          return undefined;
        },
        onAbandoned: (): AbandonedDecision<unknown> => {
          observe('onAbandoned', 'the recovering');
          return 'run';
        },
        mapReplay: (result: unknown) => {
          observe('mapReplay', 'the replaying');
          return result;
        },
      };
      await rejection(call('the failing', () => Promise.reject(new Error('no')), options));
      await call('the first', returns, options);
      await call('the replaying', returns, options);
      await abandon(store, operation, 'b');
      const recovering = requests.run('the recovering', () => operation(store, returns, options)('b'));
      await clock.tickAsync(60_000);
      await recovering;
      expect(ran.filter((one) => !one.startsWith('the method'))).to.deep.equal([
        'onError of the failing in the failing',
        'ttl of the first in the first',
        'mapReplay of the replaying in the replaying',
        'onAbandoned of the recovering in the recovering',
        'ttl of the first in the recovering',
      ]);
    });

    it('is that of the call for the listeners of its signal, outside its run', async () => {
      let execution: unknown;
      const { promise } = defer();
      call(
        'the leader',
        () => {
          currentExecution().signal.addEventListener('abort', () => {
            note('the listener', 'the leader');
            try {
              execution = currentExecution();
            } catch (error) {
              execution = error;
            }
          });
          return promise;
        },
        { lease: 5, renewFor: 5 },
      );
      await clock.tickAsync(6_000);
      expect(ran).to.include('the listener of the leader in the leader');
      expect(execution).to.be.instanceOf(ConfigurationError);
    });

    it('is that of the call when its method has asked for its completion in a context of its own', async () => {
      const asked = defer();
      const returned = call('the leader', async () => {
        const { record, token } = await requests.run('a transaction', () =>
          currentExecution().completion('done'),
        );
        await store.replace(record, token);
        asked.resolve();
        return 'done';
      });
      await asked.promise;
      await returned;
      expect(events.told).to.deep.equal(['claimed in the leader', 'completed in the leader']);
    });
  });
}

describe('the asynchronous context of a call', () => {
  let clock: ReturnType<typeof fakeTime>;
  let events: EventsOfRequests;
  let operation: ReturnType<typeof deployable>;

  beforeEach(() => {
    clock = fakeTimeInContext();
    events = new EventsOfRequests();
    operation = deployable({ wait: 60, lease: 30, clockTolerance: 1 });
  });

  afterEach(() => {
    clock.restore();
    events.stop();
  });

  it('is its own where one notice of the store wakes several', async () => {
    const ran: string[] = [];
    const elsewhere = new NotifyingStore();
    const end: Deferred<string> = defer();
    operation(elsewhere, () => end.promise)('a').catch(() => {});
    await restOfTurn();
    const waiting = ['one', 'another'].map((whose) =>
      requests.run(whose, () =>
        operation(elsewhere.peer(), async () => {
          ran.push(`${whose} in ${requests.getStore()}`);
          throw new Error('no');
        })('a'),
      ),
    );
    for (const one of waiting) one.catch(() => {});
    await clock.tickAsync(100);
    requests.run('something else', () => end.reject(new Error('no')));
    await clock.tickAsync(5_000);
    expect(ran).to.have.members(['one in one', 'another in another']);
    expect(events.told).to.include.members(['waited in one', 'waited in another']);
  });

  it('stays its own where the method ends while the store has not answered its completion', async () => {
    const store = new ScriptedStore();
    const asking = requests.run('the leader', () =>
      operation(store, async () => {
        // The second one needs a renewal.
        await currentExecution().completion('first');
        store.next('replace', 'hold');
        requests.run('a transaction', () =>
          currentExecution()
            .completion('second')
            .catch(() => {}),
        );
        throw new Error('no');
      })('a'),
    );
    asking.catch(() => {});
    await restOfTurn();
    requests.run('something else', () => void store.held[0]?.release());
    await rejection(asking);
    expect(events.told).to.deep.equal(['claimed in the leader', 'released in the leader']);
  });

  it('stays its own where what follows a completion is timed', async () => {
    const store = new ScriptedStore();
    const returned = requests.run('the leader', () =>
      operation(store, async () => {
        await currentExecution().completion('first');
        await requests.run('a transaction', () => currentExecution().completion('second'));
        store.next('find', 'hang');
        return 'second';
      })('a'),
    );
    returned.catch(() => {});
    await clock.tickAsync(6_000);
    await rejection(returned);
    expect(events.told).to.deep.equal([
      'claimed in the leader',
      'store-failed in the leader',
      'unknown in the leader',
    ]);
  });
});

describe('the asynchronous context of a call, with faked timers that know of none', () => {
  it('is its own where a renewal fails late, which it had given up, while its end is recorded', async () => {
    const clock = fakeTime();
    const events = new EventsOfRequests();
    const operation = deployable({ lease: 6, clockTolerance: 1 });
    const store = new ScriptedStore();
    const renewal = defer<never>();
    const end = defer<string>();
    store.next('replace', () => renewal.promise);
    const call = requests.run('the caller', () => operation(store, () => end.promise)('a'));
    await clock.tickAsync(2_000);
    store.always('replace', 'fail');
    end.resolve('done');
    // The renewal is given up after 2 s, and the first record of the end fails: the call rests, which a timer ends.
    await clock.tickAsync(2_000);
    renewal.reject(new Error('the connection is closed'));
    await clock.tickAsync(8_000);
    expect(await call).to.equal('done');
    events.stop();
    clock.restore();
    const elsewhere = events.told.filter((told) => !told.endsWith('in the caller'));
    // The renewal itself belongs to a timer, which began it.
    expect(elsewhere.filter((told) => !told.startsWith('store-failed'))).to.deep.equal([]);
    expect(events.told).to.include('outcome-not-stored in the caller');
  });
});

/** Fake time whose timers run in the context in which they were set, as those of Node.js do. */
function fakeTimeInContext(): ReturnType<typeof fakeTime> {
  const clock = fakeTime();
  const { setTimeout } = globalThis;
  Object.assign(globalThis, {
    setTimeout: (run: () => void, delay?: number) => setTimeout(AsyncResource.bind(run), delay),
  });
  return clock;
}

/** The events that were published, and in whose context. */
class EventsOfRequests {
  readonly told: string[] = [];
  readonly #stops = eventNames.map((name) =>
    onIdempotencyEvent(name, () => this.told.push(`${name} in ${requests.getStore()}`)),
  );

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

/** Lets another process claim the key and die. */
async function abandon(
  store: PersistenceStore,
  operation: ReturnType<typeof deployable>,
  id = 'a',
): Promise<void> {
  // Another object with the same records, so that it is another process.
  const peer = new ScriptedStore(store instanceof ScriptedStore ? store.inner : store);
  await crash(operation, peer, id);
}
