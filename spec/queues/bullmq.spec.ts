import { expect } from 'chai';
import { FingerprintError, InMemoryStore, InProgressError, OutcomeUnknownError, StoreError } from 'retrysafe';
import { idempotentProcessor } from 'retrysafe/bullmq';
import { abandon, FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { asAnotherProcess } from './as-another-process.js';
import { BullMQ, type Job, type Order, type Processor, versions } from './bullmq-client.js';
import { Declined, leaveBehind, Settlements } from './bullmq-settlements.js';
import { loadClient } from './load-client.js';

for (const [version, name] of Object.entries(versions))
  describe(`the adapter of ${version}`, () => {
    let bull: BullMQ;
    let store: InMemoryStore;
    let service: Settlements;
    let processor: Processor;

    before(async function () {
      if (!RedisServer.isInstalled) pending(this, 'there is no redis-server');
      await loadClient(this, name);
      bull = await BullMQ.start(name);
    });
    beforeEach(() => {
      store = new InMemoryStore();
      service = new Settlements(store);
      processor = idempotentProcessor((job: Job) => service.settle(job.data));
    });
    afterEach(() => bull.next());
    after(() => bull?.stop());

    const added = async (data: Order, options: Record<string, unknown> = {}) =>
      (await bull.queue.add('settle', data, options)).id;

    describe('a job whose worker was killed, which left its lease behind', () => {
      const order = { id: 'o-1' };

      /** The worker is there before, so that it meets the lease. */
      async function redelivered(its: Processor): Promise<string> {
        await bull.worker(its).waitUntilReady();
        await leaveBehind(store, order);
        return added(order, { attempts: 1 });
      }

      it('would be failed for good by a plain processor, and never done', async () => {
        const { failedReason } = await bull.jobIn(
          await redelivered((job) => service.settle(job.data)),
          'failed',
        );
        expect(failedReason).to.match(/still running/);
        expect(service.runs).to.deep.equal([]);
      });

      it('comes again when the lease has lapsed, and is done, though it has one attempt only', async () => {
        const id = await redelivered(processor);
        const delayed = await bull.jobIn(id, 'delayed');
        expect(delayed.delay).to.be.within(900, 1_100);
        expect([delayed.attemptsMade, delayed.attemptsStarted]).to.deep.equal([0, 1]);
        const done = await bull.jobIn(id, 'completed');
        expect([done.attemptsMade, done.attemptsStarted, done.returnvalue]).to.deep.equal([1, 2, 'settled']);
        expect(service.runs).to.deep.equal(['o-1']);
        expect(bull.errors).to.deep.equal([]);
      });
    });

    describe('a duplicate of a call that runs in another process', () => {
      it('is delayed, as often as it takes, spends no attempt, and gets the outcome', async () => {
        const ending = defer<unknown>();
        const other = new Settlements(asAnotherProcess(store), () => ending.promise);
        const first = other.settle({ id: 'o-1' });
        await until('the other runs', () => other.runs.length === 1);
        bull.worker(processor);
        const id = await added({ id: 'o-1' }, { attempts: 1 });
        for (const started of [1, 2, 3]) {
          const job = await until('delayed again', async () => {
            const delayed = await bull.jobIn(id, 'delayed');
            return delayed.attemptsStarted === started && delayed;
          });
          expect(job.attemptsMade).to.equal(0);
          if (started < 3) await job.promote();
        }
        ending.resolve('paid');
        await first;
        expect((await bull.jobIn(id, 'completed')).returnvalue).to.equal('paid');
        expect(service.runs).to.deep.equal([]);
      });
    });

    it('runs jobs with the same key once, whatever the ids of the jobs are', async () => {
      bull.worker(processor, { concurrency: 2 });
      const ids = [await added({ id: 'o-1' }), await added({ id: 'o-1' })];
      for (const id of ids) expect((await bull.jobIn(id, 'completed')).returnvalue).to.equal('settled');
      expect(service.runs).to.deep.equal(['o-1']);
    });

    it('delays jobs while the store is down, by `retryDelay`, and spends no attempt', async () => {
      const failing = new FailingStore(store);
      service = new Settlements(failing);
      failing.fail('claim', { times: Number.POSITIVE_INFINITY });
      bull.worker(idempotentProcessor((job: Job) => service.settle(job.data), { retryDelay: '250ms' }));
      const id = await added({ id: 'o-1' });
      const job = await until('delayed twice', async () => {
        const delayed = await bull.jobIn(id, 'delayed');
        // What is promoted just now has no delay any more.
        return delayed.attemptsStarted >= 2 && delayed.delay > 0 && delayed;
      });
      expect(job.delay).to.be.within(200, 251);
      expect(job.attemptsMade).to.equal(0);
      failing.recover();
      await bull.jobIn(id, 'completed');
      expect(service.runs).to.deep.equal(['o-1']);
    });

    describe('puts into the failed set at once, with the reason', () => {
      const failed: { error: Error & { readonly cause?: unknown } }[] = [];

      async function parked(data: Order, its: Processor = processor): Promise<Job> {
        failed.length = 0;
        bull.worker(its).on('failed', (_job, error) => failed.push({ error }));
        const job = await bull.jobIn(await added(data, { attempts: 5 }), 'failed');
        await until('told', () => failed.length === 1);
        expect([job.attemptsMade, job.attemptsStarted]).to.deep.equal([1, 1]);
        return job;
      }

      it('a request that is broken', async () => {
        await service.settle({ id: 'o-1', cents: 1 });
        const job = await parked({ id: 'o-1', cents: 2 });
        expect(job.failedReason).to.match(/^FingerprintError: .*fingerprint/);
        expect(failed[0]?.error.cause).to.be.an.instanceOf(FingerprintError);
        expect((await parked({} as Order)).failedReason).to.match(/^KeyError: /);
      });

      it('what only other code can help', async () => {
        const job = await parked(
          { id: 'o-1' },
          idempotentProcessor(() => Promise.reject(fixCode)),
        );
        expect(job.failedReason).to.equal('StoreError: wrong table');
      });

      it('what a person has to look at', async () => {
        await abandon(service, 'settle', { id: 'unknown-1' });
        const job = await parked({ id: 'unknown-1' });
        expect(job.failedReason).to.match(/^OutcomeUnknownError: /);
        expect(failed[0]?.error.cause).to.be.an.instanceOf(OutcomeUnknownError);
      });

      it('an error that is the outcome of its key', async () => {
        service = new Settlements(store, () => Promise.reject(new Declined('too little')));
        expect((await parked({ id: 'o-1' })).failedReason).to.equal('Error: too little');
        // Of the run, and of a replay.
        expect((await parked({ id: 'o-1' })).failedReason).to.equal('Error: too little');
        expect(service.runs).to.deep.equal(['o-1']);
      });

      it('what the application says of its own errors, with the stack of the error', async () => {
        const refused = new TypeError('no such account');
        const advise = (error: unknown) => (error === refused ? ('fix-request' as const) : undefined);
        const job = await parked(
          { id: 'o-1' },
          idempotentProcessor(() => Promise.reject(refused), { advise }),
        );
        expect(job.failedReason).to.equal('TypeError: no such account');
        expect(job.stacktrace).to.deep.equal([refused.stack]);
        expect(failed[0]?.error.cause).to.equal(refused);
      });
    });

    it("leaves errors of the method to the job's attempts and backoff, as they are", async () => {
      const down = new Error('bank is down');
      service = new Settlements(store, () => Promise.reject(down));
      const told: Error[] = [];
      bull.worker(processor).on('failed', (_job, error) => told.push(error));
      const id = await added({ id: 'o-1' }, { attempts: 3, backoff: { type: 'fixed', delay: 20 } });
      const job = await bull.jobIn(id, 'failed');
      await until('told', () => told.length === 3);
      expect(told).to.deep.equal([down, down, down]);
      expect([job.attemptsMade, job.failedReason]).to.deep.equal([3, 'bank is down']);
      expect(service.runs).to.have.length(3);
    });

    it('still delays a job whose attempts are all but spent by errors of the method', async () => {
      const errors = [new Error('down'), new Error('still down')];
      service = new Settlements(store, async () => {
        const error = errors.shift();
        if (error) throw error;
      });
      let refusals = 2;
      bull.worker(
        idempotentProcessor(async (job: Job) => {
          if (job.attemptsMade === 2 && refusals-- > 0)
            throw new InProgressError('running', { retryAfter: 0.05 });
          return service.settle(job.data);
        }),
      );
      const job = await bull.jobIn(await added({ id: 'o-1' }, { attempts: 3 }), 'completed');
      expect([job.attemptsMade, job.attemptsStarted]).to.deep.equal([3, 5]);
    });

    describe('leaves alone a job that the processor moved itself,', () => {
      // It must not be asked about what is no failure.
      const advise = () => 'fix-request' as const;

      it('to wait for its children', async () => {
        let waited = false;
        const parent: Processor = async (job, token) => {
          if (!waited) {
            waited = true;
            const child = { id: job.id, queue: `bull:${bull.name}` };
            await bull.queue.add('child', { id: 'o-2' }, { parent: child });
            await job.moveToWaitingChildren(token);
            throw Object.assign(new Error('moved'), { name: 'WaitingChildrenError' });
          }
          return service.settle(job.data);
        };
        const id = await added({ id: 'o-1' });
        bull.worker(
          idempotentProcessor(
            (job: Job, token) => (job.data.id === 'o-1' ? parent(job, token) : service.settle(job.data)),
            { advise },
          ),
        );
        const job = await bull.jobIn(id, 'completed');
        expect([job.attemptsMade, job.attemptsStarted]).to.deep.equal([1, 2]);
        expect(service.runs).to.deep.equal(['o-2', 'o-1']);
      });

      it('to delayed', async () => {
        const moved = idempotentProcessor(
          async (job: Job, token?: string) => {
            if (job.attemptsStarted > 1) return 'done';
            await job.moveToDelayed(Date.now() + 30, token);
            throw Object.assign(new Error('moved'), { name: 'DelayedError' });
          },
          { advise },
        );
        bull.worker(moved as Processor);
        await bull.jobIn(await added({ id: 'o-1' }), 'completed');
      });

      it('back, to limit the rate', async () => {
        let limited = false;
        const limiting = idempotentProcessor(
          async () => {
            if (limited) return 'done';
            limited = true;
            await bull.queue.rateLimit(50);
            throw bull.client.Worker.RateLimitError();
          },
          { advise },
        );
        bull.worker(limiting, { limiter: { max: 100, duration: 1_000 } });
        await bull.jobIn(await added({ id: 'o-1' }), 'completed');
      });
    });

    describe('in a flow', () => {
      async function flow(child: Order, options: object): Promise<{ parent: string; child: string }> {
        const { job, children } = (await bull.flows().add({
          name: 'report',
          queueName: bull.name,
          data: { id: 'report' },
          children: [{ name: 'settle', queueName: bull.name, data: child, opts: options }],
        })) as { job: Job; children: [{ job: Job }] };
        return { parent: job.id, child: children[0].job.id };
      }

      it('lets the parent wait for a child that is delayed', async () => {
        await bull.worker(processor).waitUntilReady();
        await leaveBehind(store, { id: 'o-1' });
        const ids = await flow({ id: 'o-1' }, { failParentOnFailure: true });
        await bull.jobIn(ids.child, 'delayed');
        await bull.jobIn(ids.parent, 'waiting-children');
        await bull.jobIn(ids.parent, 'completed');
        expect(service.runs).to.deep.equal(['o-1', 'report']);
      });

      it('fails the parent at once for a child that is failed at once', async () => {
        await service.settle({ id: 'o-1', cents: 1 });
        const ids = await flow({ id: 'o-1', cents: 2 }, { attempts: 5, failParentOnFailure: true });
        bull.worker(processor);
        await bull.jobIn(ids.child, 'failed');
        await bull.jobIn(ids.parent, 'failed');
        expect(service.runs).to.deep.equal(['o-1']);
      });
    });

    it('works in a sandbox, whose file exports such a processor', async () => {
      const file = new URL('../../../spec/queues/clients/sandboxed-bullmq.mjs', import.meta.url);
      bull.worker(file);
      const running = await added({ id: 'running' }, { attempts: 1 });
      const broken = await added({ id: 'broken' }, { attempts: 5 });
      const done = await bull.jobIn(running, 'completed');
      expect([done.attemptsMade, done.attemptsStarted]).to.deep.equal([1, 2]);
      const failed = await bull.jobIn(broken, 'failed');
      expect([failed.attemptsMade, failed.failedReason]).to.deep.equal([1, 'KeyError: no key']);
    });

    it('hands the signal on with which BullMQ cancels a job', async () => {
      const signals: AbortSignal[] = [];
      const worker = bull.worker(
        idempotentProcessor(async (_job: Job, _token, signal) => {
          if (signal) signals.push(signal);
          await until('it is cancelled', () => signal?.aborted);
          throw new Error('cancelled');
        }),
      );
      const id = await added({ id: 'o-1' });
      await until('it runs', () => signals.length === 1);
      expect(worker.cancelJob(id, 'enough')).to.equal(true);
      await bull.jobIn(id, 'failed');
    });
  });

const fixCode = new StoreError('wrong table', { advice: 'fix-code' });
