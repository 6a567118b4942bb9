import { expect } from 'chai';
import { InMemoryStore, InProgressError, makeIdempotent } from 'retrysafe';
import { defer } from '../support/defer.js';
import { restOfTurn } from '../support/deployment.js';
import { collectGarbage } from '../support/heap.js';
import { fakeTime } from '../support/time.js';

/** An object that a spec passes on and then no longer holds itself. */
interface Request {
  readonly id: string;
  readonly n: number;
}

/** Counts how many of the watched requests are still in memory. */
class Watched {
  readonly #references: WeakRef<Request>[] = [];

  request(id: string, n = 0): Request {
    const request = { id, n };
    this.#references.push(new WeakRef(request));
    return request;
  }

  /** How many are left after garbage collection. It returns as soon as few are left. */
  async left(few = 0): Promise<number> {
    let count = Number.NaN;
    for (let tries = 0; tries < 10; tries += 1) {
      await restOfTurn();
      collectGarbage();
      count = this.#references.filter((reference) => reference.deref() !== undefined).length;
      if (count <= few) break;
    }
    return count;
  }
}

describe('memory', function () {
  // Garbage collection is slow where memory is full and the machine is busy.
  this.timeout(60_000);

  // The last run may hold one or two.
  const few = 3;
  const many = 100;
  let watched: Watched;
  let isStopped: boolean;

  beforeEach(() => {
    watched = new Watched();
    isStopped = false;
  });

  // This runs even after a failure: otherwise a job would go on in the fake time of the next test.
  afterEach(() => {
    isStopped = true;
  });

  it('counts requests that are still held', async () => {
    const held = Array.from({ length: many }, (_, n) => watched.request('a', n));
    expect(await watched.left(few)).to.equal(many);
    expect(held).to.have.length(many);
  });

  it('is free of the arguments of calls that have ended', async () => {
    const call = makeIdempotent(async (request: Request) => request.n, {
      name: 'Memory.ended',
      key: 'n',
      store: new InMemoryStore(),
    });
    for (let n = 0; n < many; n += 1) await call(watched.request('a', n));
    expect(await watched.left(few)).to.be.at.most(few);
  });

  describe('in a job that starts its own next run', () => {
    for (const [what, enabled] of [
      ['idempotent', true],
      ['not idempotent just now', false],
    ] as const) {
      it(`is free of its earlier runs, while it goes on: ${what}`, async () => {
        const [reached, stopped] = [defer(), defer()];
        const job = makeIdempotent(
          async ({ n }: Request) => {
            // In the context of this run, which has ended by then.
            setTimeout(() => {
              if (n === many) reached.resolve();
              if (isStopped) stopped.resolve();
              else void job(watched.request('a', n + 1));
            }, 0);
          },
          { name: `Memory.job ${enabled}`, key: 'n', store: new InMemoryStore(), enabled },
        );
        void job(watched.request('a', 1));
        await reached.promise;
        const left = await watched.left(few);
        isStopped = true;
        await stopped.promise;
        expect(left).to.be.at.most(few);
      });
    }
  });

  it('in a job that starts its next run before it ends is free of its earlier runs, while it goes on', async () => {
    const reached = defer();
    const job = makeIdempotent(
      async ({ n }: Request) => {
        if (n === many) reached.resolve();
        await restOfTurn();
        if (!isStopped) void job(watched.request('a', n + 1));
        // The next one begins inside of this one, and then outlives it.
        await restOfTurn();
      },
      { name: 'Memory.chain', key: 'n', store: new InMemoryStore() },
    );
    void job(watched.request('a', 1));
    await reached.promise;
    const left = await watched.left(2 * few);
    isStopped = true;
    await restOfTurn();
    expect(left).to.be.at.most(2 * few);
  });

  describe('of a process with a run that goes on', () => {
    let clock: ReturnType<typeof fakeTime>;

    beforeEach(() => {
      clock = fakeTime();
    });

    afterEach(() => {
      clock.restore();
    });

    it('is free of the duplicates that were refused', async () => {
      const end = defer();
      const call = makeIdempotent((_request: Request) => end.promise, {
        name: 'Memory.refused',
        key: 'id',
        store: new InMemoryStore(),
        wait: 1,
      });
      const running = call({ id: 'a', n: -1 });
      let refused = 0;
      for (let n = 0; n < many; n += 1) {
        call(watched.request('a', n)).catch((error: unknown) => {
          if (error instanceof InProgressError) refused += 1;
        });
      }
      await clock.tickAsync(2_000);
      expect(refused).to.equal(many);
      expect(await watched.left(few)).to.be.at.most(few);
      end.resolve();
      await running;
    });

    it('is free of the runs that never end, when their claims are not renewed any longer', async () => {
      const call = makeIdempotent((_request: Request) => new Promise<void>(() => {}), {
        name: 'Memory.hung',
        key: 'n',
        store: new InMemoryStore(),
        lease: 1,
        renewFor: 2,
      });
      for (let n = 0; n < many; n += 1) void call(watched.request('a', n));
      await clock.tickAsync(1_500);
      expect(await watched.left(few), 'while they are renewed').to.equal(many);
      await clock.tickAsync(1_500);
      expect(await watched.left(few)).to.be.at.most(few);
    });
  });
});
