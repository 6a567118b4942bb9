import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { InMemoryStore, InProgressError } from 'retrysafe';
import { bullMQSettings, idempotentProcessor } from 'retrysafe/bullmq';
import { queueTiming } from 'retrysafe/queues';
import { RedisStore } from 'retrysafe/redis';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { BullMQ, type Job, quick, versions } from './bullmq-client.js';
import { Settlements } from './bullmq-settlements.js';
import type { WorkerJob } from './bullmq-worker.js';
import { loadClient } from './load-client.js';

const program = fileURLToPath(new URL('./bullmq-worker.js', import.meta.url));

for (const [version, name] of Object.entries(versions))
  describe(`a crash, with ${version}`, () => {
    let bull: BullMQ;

    before(async function () {
      if (!RedisServer.isInstalled) pending(this, 'there is no redis-server');
      await loadClient(this, name);
      bull = await BullMQ.start(name, { appendonly: true });
    });
    afterEach(() => bull.next());
    after(() => bull?.stop());

    const added = async () => (await bull.queue.add('settle', { id: 'o-1' }, { attempts: 1 })).id;
    const redelivered = (processor: (job: Job) => Promise<unknown>, options: object = {}) => {
      const stalled: string[] = [];
      bull.worker(idempotentProcessor(processor), { ...options }).on('stalled', (id) => stalled.push(id));
      return stalled;
    };

    describe('of two workers, each killed while the method runs,', function () {
      // Processes start, and locks expire.
      this.timeout(30_000);
      const { maxStalledCount } = bullMQSettings(
        queueTiming({ visibilityTimeout: 30, isExtended: true, maxReceives: 3, workTime: 10 }),
      ).worker;

      async function killed(options: object): Promise<void> {
        const job: WorkerJob = {
          client: name,
          queue: bull.name,
          connection: { host: bull.redis.host, port: bull.redis.port },
          options: { ...quick, ...options },
        };
        const worker = fork(program, [JSON.stringify(job)]);
        try {
          await once(worker, 'message');
        } finally {
          worker.kill('SIGKILL');
          await once(worker, 'exit');
        }
      }

      async function afterTwo(options: object, state: string): Promise<{ runs: string[]; job: Job }> {
        const client = new Redis(bull.redis.port, bull.redis.host);
        try {
          const id = await added();
          await killed(options);
          await killed(options);
          const service = new Settlements(new RedisStore({ client, prefix: `${bull.name}:` }));
          bull.worker(
            idempotentProcessor((job: Job) => service.settle(job.data)),
            { ...options },
          );
          return { job: await bull.jobIn(id, state), runs: service.runs };
        } finally {
          client.disconnect();
        }
      }

      it('fails a job for good by the limit that BullMQ has by default', async () => {
        const { job, runs } = await afterTwo({}, 'failed');
        expect(job.failedReason).to.equal('job stalled more than allowable limit');
        expect(runs).to.deep.equal([]);
      });

      it('loses nothing by the limit that fits `maxReceives`', async () => {
        const { job, runs } = await afterTwo({ maxStalledCount }, 'completed');
        expect(runs).to.deep.equal(['o-1']);
        expect([job.stalledCounter, job.attemptsMade]).to.deep.equal([2, 1]);
      });
    });

    it('of Redis in the middle of moving a job leaves the job to come again, as a stalled one', async () => {
      let deliveries = 0;
      const stalled = redelivered(async (job) => {
        deliveries += 1;
        if (deliveries > 1) return 'settled';
        job.moveToDelayed = () => Promise.reject(new Error('READONLY'));
        throw new InProgressError('running', { retryAfter: 1 });
      });
      const id = await added();
      const job = await bull.jobIn(id, 'completed');
      expect([job.attemptsMade, job.stalledCounter, stalled]).to.deep.equal([1, 1, [id]]);
    });

    it('that was only a long pause harms nobody: the lock is lost, and another worker has the job', async () => {
      const running = defer();
      const going = defer();
      const ended = defer<unknown>();
      const paused = idempotentProcessor(async (_job: Job) => {
        running.resolve();
        await going.promise;
        throw new InProgressError('running', { retryAfter: 1 });
      });
      const failed: unknown[] = [];
      bull
        .worker(
          async (job, token) => {
            const ending = paused(job, token);
            ending.catch(ended.resolve);
            return ending;
          },
          { lockDuration: 200, skipLockRenewal: true },
        )
        .on('failed', (job) => failed.push(job.id));
      const id = await added();
      await running.promise;
      redelivered(async () => 'settled');
      await bull.jobIn(id, 'completed');
      going.resolve();
      expect(await ended.promise).to.include({ name: 'DelayedError' });
      await bull.jobIn(await added(), 'completed');
      expect(failed).to.deep.equal([]);
      expect(await (await bull.queue.getJob(id))?.getState()).to.equal('completed');
    });

    it('of Redis loses no job that is delayed, and none that runs', async () => {
      const store = new InMemoryStore();
      const going = defer();
      const service = new Settlements(store, () => going.promise);
      let first = true;
      redelivered(
        async (job) => {
          if (job.data.id === 'o-1' && first) {
            first = false;
            throw new InProgressError('running', { retryAfter: 1 });
          }
          return service.settle(job.data);
        },
        { concurrency: 2 },
      );
      const delayed = await added();
      const active = (await bull.queue.add('settle', { id: 'o-2' }, { attempts: 1 })).id;
      await bull.jobIn(delayed, 'delayed');
      await until('the other runs', () => service.runs.length === 1);
      await bull.redis.kill();
      await bull.redis.restart();
      going.resolve();
      for (const id of [delayed, active]) await bull.jobIn(id, 'completed');
      expect(service.runs).to.deep.equal(['o-2', 'o-1']);
    });
  });
