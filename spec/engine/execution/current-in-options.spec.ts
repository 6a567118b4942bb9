import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  type CurrentExecution,
  currentExecution,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  ReentrantCallError,
} from 'retrysafe';
import { crash, deployable } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { fakeTime } from '../../support/time.js';

describe('currentExecution() in the functions of options', () => {
  let clock: ReturnType<typeof fakeTime>;
  let seen: CurrentExecution[];

  beforeEach(() => {
    clock = fakeTime();
    seen = [];
  });

  afterEach(() => clock.restore());

  const observe = () => {
    seen.push(currentExecution());
  };

  it('counts attempts in `onError`, so that a policy can give up at the third', async () => {
    let runs = 0;
    const charge = makeIdempotent(
      async () => {
        runs += 1;
        throw new Error(`declined in run ${runs}`);
      },
      {
        name: 'charge thrice',
        store: new InMemoryStore(),
        onError: () => (currentExecution().attempt < 3 ? 'release' : 'remember'),
      },
    );
    for (const message of [1, 2, 3, 3, 3].map((run) => `declined in run ${run}`))
      expect(await rejection(charge())).to.have.property('message', message);
    expect(runs).to.equal(3);
  });

  it('is in `onError` and `ttl` the execution of the run that has ended', async () => {
    for (const isFailing of [true, false]) {
      let own: CurrentExecution | undefined;
      const work = makeIdempotent(
        async (_id: string) => {
          own = currentExecution();
          if (isFailing) throw new Error('no');
        },
        {
          name: `ended ${isFailing}`,
          store: new InMemoryStore(),
          onError: () => {
            observe();
            return 'release';
          },
          ttl: () => {
            observe();
            return 60;
          },
        },
      );
      await work('a').catch(() => {});
      expect(seen.pop()).to.equal(own);
      expect(seen).to.deep.equal([]);
      expect(own?.deriveKey('hold')).to.match(/^[0-9a-f-]{36}$/);
      expect(own?.signal.aborted).to.equal(false);
      expect(await rejection((own as CurrentExecution).completion(1)))
        .to.be.instanceOf(ClaimLostError)
        .with.property('message')
        .that.includes('the method has returned already');
    }
  });

  it('is that of the run in a `ttl` that its completion calls, wherever that is requested', async () => {
    let own: CurrentExecution | undefined;
    let complete = async () => {};
    const outside = new Promise<void>((resolve) => {
      complete = async () => {
        await own?.completion('done');
        resolve();
      };
    });
    const work = makeIdempotent(
      async () => {
        own = currentExecution();
        await outside;
      },
      {
        name: 'completed from outside',
        store: new InMemoryStore(),
        ttl: () => {
          observe();
          return 60;
        },
      },
    );
    const running = work().catch(() => {});
    await clock.tickAsync(0);
    await complete();
    await running;
    expect(seen[0]).to.equal(own);
  });

  it('is in `onAbandoned` the execution that recovers the attempt before', async () => {
    const store = new ScriptedStore();
    const operation = deployable({
      lease: 6,
      wait: 0,
      onAbandoned: () => {
        observe();
        return { value: 'found' };
      },
    });
    await crash(operation, store, 'a');
    await clock.tickAsync(8_000);
    expect(await operation(store.peer(), async () => 'ran')('a')).to.equal('found');
    expect(seen.map(({ attempt }) => attempt)).to.deep.equal([1]);
  });

  describe('in `mapReplay`', () => {
    function replaying(options: IdempotentOptions = {}, store = new InMemoryStore()) {
      let runs = 0;
      return makeIdempotent(
        async (_id: string) => {
          runs += 1;
          if (runs === 1) throw new Error('not at once');
          return runs;
        },
        { name: 'replayed', store, ...options },
      );
    }

    it('has the attempt and the fencing token of what is replayed, and the same derived keys', async () => {
      const own: CurrentExecution[] = [];
      const work = makeIdempotent(
        async (_id: string) => {
          own.push(currentExecution());
          if (own.length === 1) throw new Error('not at once');
          return 'done';
        },
        {
          name: 'replayed from its record',
          store: new InMemoryStore(),
          mapReplay: async (result: string) => {
            await Promise.resolve();
            observe();
            return result;
          },
        },
      );
      await rejection(work('a'));
      await work('a');
      await work('a');
      const { operation, key, attempt, fencingToken } = own[1] as CurrentExecution;
      expect(seen).to.have.length(1);
      expect(seen[0]).to.include({ operation, key, attempt, fencingToken }).and.to.include({ attempt: 2 });
      expect(seen[0]?.deriveKey('hold')).to.equal(own[1]?.deriveKey('hold'));
      expect(seen[0]?.signal.aborted).to.equal(false);
    });

    it('has no completion, and says so', async () => {
      const work = replaying({ mapReplay: () => currentExecution().completion('again') });
      await rejection(work('a'));
      await work('a');
      expect(await rejection(work('a')))
        .to.be.instanceOf(ConfigurationError)
        .with.property('message')
        .that.matches(/there is no completion of replayed#[0-9a-f]+ to write, since this call replays/);
    });

    for (const how of ['from the store', 'by what is kept', 'by joining'] as const) {
      it(`an equal call replays ${how}, and neither waits for itself nor is refused`, async () => {
        let depth = 0;
        const work: (id: string) => Promise<unknown> = makeIdempotent(async (_id: string) => 'done', {
          name: `calls itself ${how}`,
          store: new InMemoryStore(),
          wait: 10,
          keepLocal: how === 'by what is kept' ? 5 : 0,
          mapReplay: async (result: string) => {
            depth += 1;
            return depth === 1 ? `${await work('a')} twice` : result;
          },
        });
        const first = work('a');
        if (how !== 'by joining') await first;
        const from = Date.now();
        expect(await work('a')).to.equal('done twice');
        expect(Date.now() - from, 'milliseconds of waiting for itself').to.equal(0);
        expect(await first).to.equal('done');
      });
    }

    it('a call for the key of a run that it is a part of is refused, as anywhere in that run', async () => {
      const store = new InMemoryStore();
      let outcome: unknown;
      const outer: (id: string) => Promise<unknown> = makeIdempotent(async (_id: string) => inner('b'), {
        name: 'outer run',
        store,
      });
      const inner = makeIdempotent(async (_id: string) => 'inner', {
        name: 'inner replay',
        store,
        mapReplay: async (result: string) => {
          outcome = await rejection(outer('a'));
          return result;
        },
      });
      await inner('b');
      expect(await outer('a')).to.equal('inner');
      expect(outcome).to.be.instanceOf(ReentrantCallError);
    });

    it('does not make an equal call of this process wait', async () => {
      let end = () => {};
      const isMapped = new Promise<void>((resolve) => {
        end = resolve;
      });
      let asked = 0;
      const work = makeIdempotent(async (_id: string) => 'done', {
        name: 'slowly mapped',
        store: new InMemoryStore(),
        mapReplay: async (result: string) => {
          asked += 1;
          if (asked === 1) await isMapped;
          return result;
        },
      });
      await work('a');
      const slow = work('a');
      await clock.tickAsync(1);
      expect(await work('a')).to.equal('done');
      end();
      expect(await slow).to.equal('done');
    });
  });

  it('is undefined outside of calls', () => {
    expect(() => currentExecution()).to.throw(ConfigurationError, /onAbandoned, onError, ttl or mapReplay/);
  });
});
