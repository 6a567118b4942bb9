import { expect } from 'chai';
import {
  ConfigurationError,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  StoreError,
} from 'retrysafe';
import {
  idempotentHandler,
  type PgBossClient,
  type PgBossJob,
  type PgBossOptions,
  pgBossSettings,
} from 'retrysafe/pg-boss';
import { queueTiming } from 'retrysafe/queues';
import { abandon, FailingStore } from 'retrysafe/testing';
import { type Deferred, defer } from '../support/defer.js';
import { usePostgres } from '../support/postgres.js';
import { PostgresServer } from '../support/postgres-server.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';
import { loadClient } from './load-client.js';
import { type Boss, jobOf, newQueue, type OwnQueue, startBoss, untilState } from './pg-boss-fixture.js';

interface Order {
  readonly id: string;
  readonly cents?: number;
}

class Declined extends Error {}

describe('a worker of pg-boss', function () {
  this.timeout(60_000);
  const postgres = usePostgres();
  const schema = 'retrysafe_pg_boss';
  let boss: Boss;
  let queue: OwnQueue;
  let inner: InMemoryStore;

  before(async function () {
    postgres.needsServer(this);
    boss = await startBoss(this, { ...postgres.connection, schema });
  });
  after(async () => {
    await boss?.stop({ graceful: false });
    if (postgres.isExternal) await postgres.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  });
  beforeEach(async () => {
    inner = new InMemoryStore();
    queue = await newQueue(boss);
  });
  afterEach(() => boss.offWork(queue.name));

  /** As another process has it: calls of two stores do not know of each other, but by the records. */
  const anotherStore = () => new FailingStore(inner);

  const charging = (
    run: (order: Order) => unknown,
    options: object = {},
    store: PersistenceStore = anotherStore(),
  ) =>
    makeIdempotent(async (order: Order) => run(order), {
      name: 'charge',
      key: 'id',
      store,
      wait: 0,
      lease: 2,
      ...options,
    });

  async function work(
    method: (order: Order) => unknown,
    {
      by = boss,
      settling = {},
      ...options
    }: {
      by?: PgBossClient;
      settling?: PgBossOptions;
      batchSize?: number;
      heartbeatRefreshSeconds?: number;
    } = {},
  ): Promise<void> {
    const handler = idempotentHandler(by, (job: PgBossJob<Order>) => method(job.data), {
      schema,
      ...settling,
    });
    await boss.work(queue.name, { pollingIntervalSeconds: 0.5, ...options }, handler);
  }

  async function send(order: Order, options: object = {}): Promise<string> {
    const id = await boss.send(queue.name, order, options);
    if (id === null) throw new Error('the job was not sent');
    return id;
  }

  it('completes a job with the result of its method as the output, and replays it for an equal one', async () => {
    let runs = 0;
    await work(charging(({ id }) => ({ id, run: ++runs })));
    for (const _ of ['first', 'equal']) {
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'completed');
      expect(job.output).to.deep.equal({ id: 'o-1', run: 1 });
    }
  });

  it('puts a duplicate of a running job off until the lease can have lapsed, and spends no retry', async () => {
    const held = defer<string>();
    const elsewhere = charging(() => held.promise)({ id: 'o-1' });
    let runs = 0;
    await work(charging(() => ++runs));
    const id = await send({ id: 'o-1' });
    const waiting = await untilState(boss, queue, id, 'retry');
    expect(waiting.output?.reason).to.match(/^InProgressError: /);
    expect(waiting.startAfter.getTime() - Date.now()).to.be.within(1, 3_000);
    held.resolve('paid elsewhere');
    await elsewhere;
    const { output, retryCount, retryLimit } = await untilState(boss, queue, id, 'completed');
    expect({ output, runs }).to.deep.equal({ output: { value: 'paid elsewhere' }, runs: 0 });
    expect([retryCount, retryLimit]).to.deep.equal([1, 1]);
    expect(await boss.findJobs(queue.deadLetters)).to.have.length(0);
  });

  it('keeps a job that is put off for as long as one that was just sent', async () => {
    queue = await newQueue(boss, { retentionSeconds: 2 });
    const held = defer();
    const elsewhere = charging(() => held.promise, { lease: 30 })({ id: 'o-1' });
    await work(charging(() => 'never'));
    const { startAfter, keepUntil } = await untilState(boss, queue, await send({ id: 'o-1' }), 'retry');
    expect(startAfter.getTime() - Date.now()).to.be.above(10_000);
    expect(keepUntil.getTime() - startAfter.getTime()).to.equal(2_000);
    held.resolve();
    await elsewhere;
  });

  it('goes on where a worker died, once its lease has lapsed', async () => {
    queue = await newQueue(boss, { retryLimit: 1, expireInSeconds: 1 });
    const never = defer();
    // It holds the job and the key, and ends neither.
    const dead = charging(() => never.promise, { renewFor: 2 });
    const id = await send({ id: 'o-1' });
    const [taken] = await boss.fetch(queue.name);
    const run = dead({ id: 'o-1' });
    let runs = 0;
    await work(charging(() => ++runs));
    await until('the job expires', async () => {
      await boss.supervise(queue.name);
      return (await jobOf(boss, queue, id)).state !== 'active';
    });
    const { output, retryCount, retryLimit } = await untilState(boss, queue, id, 'completed');
    expect(taken?.id).to.equal(id);
    expect(output).to.deep.equal({ value: 1 });
    // It has had one retry, for the death; what was put off meanwhile spent nothing.
    expect(retryLimit - retryCount).to.equal(0);
    never.resolve();
    await run.catch(() => undefined);
  });

  it('leaves a job alone that another worker has got meanwhile', async () => {
    queue = await newQueue(boss, { retryLimit: 3, expireInSeconds: 1 });
    for (const outcome of ['value', 'own error', 'redeliver', 'park']) {
      const held = defer<unknown>();
      const handle = idempotentHandler(boss, () => held.promise, { schema });
      const id = await send({ id: outcome });
      const jobs = await boss.fetch(queue.name);
      const handled = handle(jobs);
      await until('the job expires', async () => {
        await boss.supervise(queue.name);
        return (await jobOf(boss, queue, id)).state === 'retry';
      });
      const [again] = await boss.fetch(queue.name);
      if (outcome === 'value') held.resolve({});
      else if (outcome === 'own error') held.reject(new Error('bank is down'));
      else if (outcome === 'redeliver') held.reject(new StoreError('down'));
      else held.reject(new ConfigurationError('wrong'));
      await handled;
      const { state, retryCount, retryLimit } = await jobOf(boss, queue, id);
      expect({ outcome, id: again?.id, state, retryCount, retryLimit }).to.deep.equal({
        outcome,
        id,
        state: 'active',
        retryCount: 1,
        retryLimit: 3,
      });
      await boss.complete(queue.name, again as PgBossJob);
    }
  });

  describe('parks a job at once, with the reason, whatever retries it has left:', () => {
    const parked: Record<
      string,
      { make: () => Promise<(order: Order) => unknown>; advice: string; reason: RegExp }
    > = {
      'a broken request': {
        make: async () => charging(() => 'paid', { key: 'nothing' }),
        advice: 'fix-request',
        reason: /^KeyError: /,
      },
      'another request with a used key': {
        make: async () => {
          const charge = charging(() => 'paid', { fingerprint: 'cents' });
          await charge({ id: 'o-1', cents: 2 });
          return charge;
        },
        advice: 'fix-request',
        reason: /^FingerprintError: /,
      },
      'wrong code': {
        make: async () => () => {
          throw new ConfigurationError('wrong');
        },
        advice: 'fix-code',
        reason: /^ConfigurationError: wrong$/,
      },
      'an unknown outcome': {
        make: async () => {
          const charge = charging(() => 'paid', { onAbandoned: 'refuse' });
          await abandon(charge, { id: 'o-1', cents: 1 });
          return charge;
        },
        advice: 'ask-human',
        reason: /^OutcomeUnknownError: /,
      },
      'a recorded error': {
        make: async () =>
          charging(
            () => {
              throw new Declined('too little \0\ud800');
            },
            { remember: [Declined] },
          ),
        advice: 'recorded',
        reason: /^Error: too little \ufffd\ufffd$/,
      },
    };
    for (const [what, { make, advice, reason }] of Object.entries(parked)) {
      it(what, async () => {
        queue = await newQueue(boss, { retryLimit: 5 });
        await work(await make());
        const id = await send({ id: 'o-1', cents: 1 });
        const job = await untilState(boss, queue, id, 'failed');
        expect(job.retryCount).to.equal(0);
        expect(job.output).to.include({ advice });
        expect(job.output?.reason).to.match(reason);
        const [letter, ...more] = await boss.findJobs(queue.deadLetters);
        expect(letter).to.deep.include({ sourceId: id, sourceOutput: job.output });
        expect(more).to.have.length(0);
      });
    }

    it('poison, by its last delivery, which finds the attempts of its method spent', async () => {
      const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 3, workTime: 10 });
      const { retryLimit } = pgBossSettings(timing).queue;
      queue = await newQueue(boss, { retryLimit });
      let runs = 0;
      await work(
        charging(
          () => {
            runs += 1;
            throw new Error('bank is down');
          },
          { maxAttempts: timing.method.maxAttempts },
        ),
      );
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
      expect([runs, job.retryCount, job.output?.advice]).to.deep.equal([2, 2, 'ask-human']);
      expect(job.output?.reason).to.match(/^AttemptsExhaustedError: /);
      expect(await boss.findJobs(queue.deadLetters)).to.have.length(1);
    });

    it('without dead letters too', async () => {
      queue = await newQueue(boss, { retryLimit: 5, deadLetter: null });
      await work(charging(() => 'paid', { key: 'nothing' }));
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
      expect(job.output).to.include({ advice: 'fix-request' });
    });
  });

  it("leaves the method's own error to the queue's rules", async () => {
    queue = await newQueue(boss, { retryLimit: 1 });
    let runs = 0;
    await work(
      charging(() => {
        runs += 1;
        throw new Error('bank is down');
      }),
    );
    const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
    expect(runs).to.equal(2);
    expect(job).to.include({ retryCount: 1, retryLimit: 1 });
    expect(job.output).to.include({ message: 'bank is down' });
  });

  it("follows the application's advice about its own errors", async () => {
    queue = await newQueue(boss, { retryLimit: 5 });
    const advise = (error: unknown) => (error instanceof Declined ? 'ask-human' : undefined);
    await work(
      charging(() => {
        throw new Declined('no');
      }),
      { settling: { advise } },
    );
    const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
    expect(job.output).to.include({ advice: 'ask-human' });
  });

  it('puts a job off while the store is down, and spends no retry', async () => {
    const store = anotherStore();
    store.fail('claim', { times: Number.POSITIVE_INFINITY });
    await work(
      charging(() => 'paid', {}, store),
      { settling: { retryDelay: 0.1 } },
    );
    const id = await send({ id: 'o-1' });
    await until('it has come back', async () => (await jobOf(boss, queue, id)).retryCount >= 2);
    store.recover();
    const { retryCount, retryLimit } = await untilState(boss, queue, id, 'completed');
    expect(retryCount).to.equal(retryLimit);
  });

  it('puts a job off whatever the policy of its queue; a second one of a key that may have one alone fails', async () => {
    const later = () => {
      throw new StoreError('down');
    };
    for (const policy of ['short', 'singleton', 'stately', 'exclusive', 'key_strict_fifo']) {
      queue = await newQueue(boss, { policy, retryLimit: 2 });
      await work(later, { settling: { retryDelay: 60 } });
      const first = await send({ id: 'o-1' }, { singletonKey: 'k' });
      await untilState(boss, queue, first, 'retry');
      if (policy === 'stately') {
        const { output } = await untilState(
          boss,
          queue,
          await send({ id: 'o-1' }, { singletonKey: 'k' }),
          'failed',
        );
        expect(output?.message).to.match(/duplicate key/);
        expect(await boss.findJobs(queue.deadLetters)).to.have.length(1);
      }
      if (policy === 'short' || policy === 'key_strict_fifo')
        await send({ id: 'o-2' }, { singletonKey: 'k' });
      expect(await jobOf(boss, queue, first)).to.include({ state: 'retry' });
      await boss.offWork(queue.name);
    }
  });

  it('takes the settings of a timing', async () => {
    for (const isExtended of [false, true]) {
      const timing = queueTiming({ visibilityTimeout: 30, maxReceives: 3, workTime: 10, isExtended });
      const settings = pgBossSettings(timing);
      queue = await newQueue(boss, settings.queue);
      expect(await boss.getQueue(queue.name)).to.include(settings.queue);
      await work(({ id }) => ({ id }), settings.work);
      await untilState(boss, queue, await send({ id: 'o-1' }), 'completed');
      await boss.offWork(queue.name);
    }
  });

  it('settles each job of a batch on its own, while others still run', async () => {
    const held: Deferred<string> = defer();
    const methods: Record<string, () => unknown> = {
      slow: () => held.promise,
      done: () => 'paid',
      failing: () => {
        throw new Error('bank is down');
      },
      parked: () => {
        throw new ConfigurationError('wrong');
      },
      later: () => {
        throw new StoreError('down');
      },
    };
    const ids: Record<string, string> = {};
    for (const id of Object.keys(methods))
      ids[id] = await send({ id }, { retryLimit: id === 'parked' ? 5 : 0 });
    await work(({ id }) => methods[id]?.(), { batchSize: 5, settling: { retryDelay: 60 } });
    const states = { done: 'completed', failing: 'failed', parked: 'failed', later: 'retry' } as const;
    for (const [id, state] of Object.entries(states)) await untilState(boss, queue, ids[id] as string, state);
    expect(await jobOf(boss, queue, ids.slow as string)).to.include({ state: 'active' });
    held.resolve('paid at last');
    const slow = await untilState(boss, queue, ids.slow as string, 'completed');
    expect(slow.output).to.deep.equal({ value: 'paid at last' });
    for (const [id, state] of Object.entries(states))
      expect(await jobOf(boss, queue, ids[id] as string)).to.include({ state });
  });

  it('leaves a job that it cannot settle to the rules of the queue, and no other one of the batch', async () => {
    const refused = defer();
    const refusing: PgBossClient = {
      complete: (...args) => boss.complete(...args),
      fail: (...args) => boss.fail(...args),
      touch: (...args) => boss.touch(...args),
      getDb: () => ({
        executeSql: async (text, values) => {
          if (text.startsWith('UPDATE')) {
            refused.resolve();
            throw new Error('no such right');
          }
          return boss.getDb().executeSql(text, values);
        },
      }),
    };
    const done = await send({ id: 'done' });
    const later = await send({ id: 'later' });
    await work(
      async ({ id }) => {
        if (id === 'later') throw new StoreError('down');
        await refused.promise;
        // Long enough for pg-boss to fail the batch, were it told of that before all have ended.
        for (let times = 0; times < 20; times += 1) await jobOf(boss, queue, done);
        return { id };
      },
      { by: refusing, batchSize: 2 },
    );
    const failed = await untilState(boss, queue, later, 'failed');
    expect(failed.output).to.include({ message: 'no such right' });
    expect(await jobOf(boss, queue, done)).to.deep.include({ state: 'completed', output: { id: 'done' } });
  });

  it('completes a job whose result PostgreSQL does not take, without it', async () => {
    await work(charging(() => 'a null \0 character'));
    const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'completed');
    expect(job.output).to.equal(null);
  });

  it('serves a worker that takes results of each job, too', async () => {
    const handler = idempotentHandler(
      boss,
      ({ data }: PgBossJob<Order>) => {
        if (data.id === 'later') throw new StoreError('down');
        return data;
      },
      { schema },
    );
    const done = await send({ id: 'done' });
    const later = await send({ id: 'later' });
    await boss.work(queue.name, { pollingIntervalSeconds: 0.5, batchSize: 2, perJobResults: true }, handler);
    await untilState(boss, queue, done, 'completed');
    await untilState(boss, queue, later, 'retry');
  });

  it('runs a job again that was sent anew with its singletonKey, and the method replays', async () => {
    let runs = 0;
    const held = defer<number>();
    await work(
      charging(async () => {
        runs += 1;
        return held.promise;
      }),
    );
    const once = { singletonKey: 'o-1', singletonSeconds: 60 };
    const id = await send({ id: 'o-1' }, once);
    expect(await boss.send(queue.name, { id: 'o-1' }, once)).to.equal(null);
    await untilState(boss, queue, id, 'active');
    held.resolve(17);
    await untilState(boss, queue, id, 'completed');
    const again = await untilState(
      boss,
      queue,
      await send({ id: 'o-1' }, { singletonKey: 'o-1' }),
      'completed',
    );
    expect([again.output, runs]).to.deep.equal([{ value: 17 }, 1]);
  });

  it('has a job come back that it could not settle since the database was gone', async function () {
    const server = await PostgresServer.start({ durable: true });
    let own: Boss | undefined;
    try {
      own = await startBoss(this, { ...server.connection });
      queue = await newQueue(own, { retryLimit: 1, expireInSeconds: 1 });
      const entered = defer();
      const held = defer();
      let runs = 0;
      const charge = charging(async () => {
        runs += 1;
        entered.resolve();
        await held.promise;
        return 'paid';
      });
      const handler = idempotentHandler(own, (job: PgBossJob<Order>) => charge(job.data));
      await own.work(queue.name, { pollingIntervalSeconds: 0.5 }, handler);
      const id = (await own.send(queue.name, { id: 'o-1' })) as string;
      await entered.promise;
      await server.kill();
      held.resolve();
      await server.restart();
      const restarted = own;
      await until('the job expires', async () => {
        await restarted.supervise(queue.name).catch(() => undefined);
        return (await jobOf(restarted, queue, id).catch(() => undefined))?.state === 'completed';
      });
      expect(runs).to.equal(1);
    } finally {
      await own?.stop({ graceful: false });
      await server.stop();
      queue = await newQueue(boss);
    }
  });

  describe('refuses, before any method runs,', () => {
    const method = () => {
      throw new Error('it ran');
    };

    it('a worker with `transactional`', async () => {
      const handler = idempotentHandler(boss, method, { schema });
      await boss.work(queue.name, { pollingIntervalSeconds: 0.5, transactional: true }, handler);
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
      expect(job.output?.message).to.match(/option "transactional" of the worker is true/);
    });

    it('a schema that is not that of pg-boss', async () => {
      await work(method, { settling: { schema: 'pgboss_of_others' } });
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
      expect(job.output).to.include({ name: 'ConfigurationError' });
      expect(job.output?.message).to.match(/option "schema" names no schema/);
    });

    it('a pg-boss that passes attempts on as ids', async () => {
      // As pg-boss before 12.35 does.
      const old: PgBossClient = {
        complete: (...args) => boss.complete(...args),
        fail: (...args) => boss.fail(...args),
        touch: (name, { id }) => boss.getDb().executeSql('SELECT $1::text, $2::uuid', [name, { id }]),
        getDb: () => boss.getDb(),
      };
      await work(method, { by: old });
      const job = await untilState(boss, queue, await send({ id: 'o-1' }), 'failed');
      expect(job.output?.message).to.match(/install pg-boss 12\.35 or later/);
    });

    it('pg-boss 10, at once', async function () {
      const { default: PgBoss } = await loadClient<{ default: new (url: string) => PgBossClient }>(
        this,
        'pg-boss-10',
      );
      expect(() => idempotentHandler(new PgBoss(postgres.url), method)).to.throw(
        ConfigurationError,
        /pg-boss 12\.35 or later/,
      );
    });

    it('wrong options, at once', () => {
      const wrong: [object, RegExp][] = [
        [{ schema: 'a; b' }, /option "schema"/],
        [{ schema: '"a.b"' }, /option "schema"/],
        [{ retryDelay: -1 }, /option "retryDelay"/],
        [{ advise: 'park' }, /option "advise"/],
        [{ batchSize: 5 }, /no option "batchSize"/],
      ];
      for (const [options, message] of wrong)
        expect(() => idempotentHandler(boss, method, options)).to.throw(ConfigurationError, message);
      expect(() => idempotentHandler(boss, undefined as unknown as () => void)).to.throw(
        ConfigurationError,
        /no function/,
      );
    });
  });

  it('passes an error of the database on, where it cannot look for its table', async () => {
    const gone: PgBossClient = {
      complete: (...args) => boss.complete(...args),
      fail: (...args) => boss.fail(...args),
      touch: (...args) => boss.touch(...args),
      getDb: () => ({ executeSql: () => Promise.reject(new Error('gone')) }),
    };
    const id = await send({ id: 'o-1' });
    const jobs = await boss.fetch(queue.name);
    expect(await rejection(idempotentHandler(gone, () => 'paid', { schema })(jobs))).to.have.property(
      'message',
      'gone',
    );
    expect(await jobOf(boss, queue, id)).to.include({ state: 'active' });
  });
});
