import { expect } from 'chai';
import { pending } from '../support/pending.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import type { Job, Queue, Worker } from './bullmq-client.js';
import { bank, processor, settings } from './guide/bullmq.js';
import { loadClient } from './load-client.js';

interface Started {
  readonly queue: Queue;
  readonly worker: Worker & { readonly opts: unknown };
}

describe('the worker of docs/guide/queues/bullmq.md', () => {
  const paid: string[] = [];
  const { pay } = bank;
  const { error: print } = console;
  let redis: RedisServer;
  let started: Started;

  before(async function () {
    if (!RedisServer.isInstalled) pending(this, 'there is no redis-server');
    await loadClient(this, 'bullmq');
    const { start } = await loadClient<{ start(options: object): Started }>(this, './bullmq-worker.mjs');
    redis = await RedisServer.start();
    started = start({ processor, settings, connection: { host: redis.host, port: redis.port } });
    console.error = () => {};
    bank.pay = async ({ id }) => {
      paid.push(id);
      if (id === 'refused') throw new Error('bank is down');
      return `paid ${id}`;
    };
  });
  after(async () => {
    console.error = print;
    bank.pay = pay;
    await started?.worker.close(true);
    await started?.queue.close();
    await redis?.stop();
  });

  const ended = async (data: object): Promise<Job & { readonly state: string }> => {
    const { id } = await started.queue.add('settle', data);
    return until('it ends', async () => {
      const job = await started.queue.getJob(id);
      const state = await job?.getState();
      // It comes again a visibility timeout later.
      if (state === 'delayed') await job?.promote();
      if (state !== 'completed' && state !== 'failed') return undefined;
      return Object.assign((await started.queue.getJob(id)) as Job, { state });
    });
  };

  it('has the settings of the timing', () => {
    expect(started.worker.opts).to.include(settings.worker);
  });

  it('pays once, however often the job is added', async () => {
    for (const _ of ['once', 'again'])
      expect(await ended({ id: 's-1', cents: 40 })).to.include({
        state: 'completed',
        returnvalue: 'paid s-1',
      });
    expect(paid).to.deep.equal(['s-1']);
  });

  it('refuses another payment with the same key at once', async () => {
    const job = await ended({ id: 's-1', cents: 41 });
    expect(job).to.include({ state: 'failed', attemptsMade: 1 });
    expect(job.failedReason).to.match(/^FingerprintError: /);
  });

  it('sets a payment aside that no attempt brings to an end, and says so', async () => {
    const job = await ended({ id: 'refused', cents: 1 });
    expect(job).to.include({ state: 'failed', attemptsMade: 5 });
    expect(job.failedReason).to.match(/^AttemptsExhaustedError: /);
    expect(paid.filter((id) => id === 'refused')).to.have.length(4);
  });
});
