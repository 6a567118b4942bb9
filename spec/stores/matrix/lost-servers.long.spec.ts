import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { recordOf } from 'retrysafe';
import { schema } from 'retrysafe/postgres';
import { Load, lease, longestCall, placeHold } from '../../support/load.js';
import { judge, readLedger } from '../../support/load-ledger.js';
import { pending } from '../../support/pending.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { randomFrom, seed, shuffler } from '../../support/random.js';
import { RedisServer } from '../../support/redis-server.js';
import { openStore, type StoreDescription } from '../../support/store-description.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { until } from '../../support/until.js';
import { WorkerLoad } from '../../support/worker-load.js';

interface LosableServer {
  readonly host: string;
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly obstacle: () => string | undefined;
  readonly start: () => Promise<LosableServer>;
  /** Where the client may repeat what had no answer, it is to leave that to the engine and its callers if it `isFast`. */
  readonly describe: (address: { host: string; port: number }, isFast?: boolean) => StoreDescription;
}

const kinds: readonly Kind[] = [
  {
    name: 'Redis (appendonly yes, appendfsync always)',
    obstacle: () => (RedisServer.isInstalled ? undefined : 'there is no redis-server on this machine'),
    start: () => RedisServer.start({ appendonly: true }),
    describe: ({ host, port }, isFast) => ({
      kind: 'redis',
      url: `redis://${host}:${port}`,
      prefix: 'retrysafe:',
      notices: true,
      ...(isFast && { retries: 0 }),
    }),
  },
  {
    name: 'PostgreSQL (fsync on)',
    obstacle: () => PostgresServer.obstacle,
    start: async () => {
      const server = await PostgresServer.start({ durable: true });
      await server.query(schema());
      return server;
    },
    describe: ({ host, port }) => ({
      kind: 'postgres',
      url: `postgresql://retrysafe@${host}:${port}/postgres`,
      table: 'idempotency',
      notices: true,
    }),
  },
];

/** When a server is killed: with such requests of this process under way, or at any time. */
const moments = [
  { name: 'claims that have not arrived', pattern: /"status":"in-progress"/, fate: 'hold' },
  { name: 'claims that are done and not answered', pattern: /"status":"in-progress"/, fate: 'swallow' },
  { name: 'completions that have not arrived', pattern: /"status":"completed"/, fate: 'hold' },
  { name: 'completions that are done and not answered', pattern: /"status":"completed"/, fate: 'swallow' },
  { name: 'whatever is under way' },
  { name: 'whatever is under way, and for longer than a lease', goneFor: 1.1 * lease },
] as const;

type Moment = (typeof moments)[number];

for (const kind of kinds) {
  describe(`${kind.name}, killed and started again under load`, function () {
    this.timeout(90_000);
    let folder: string;
    let server: LosableServer;
    let proxy: TcpProxy;
    const workers: WorkerLoad[] = [];

    before(async function () {
      const obstacle = kind.obstacle();
      if (obstacle) pending(this, obstacle);
      folder = mkdtempSync(join(tmpdir(), 'retrysafe-'));
      server = await kind.start();
      proxy = new TcpProxy(server);
      await proxy.start();
    });

    after(async () => {
      for (const worker of workers) worker.kill();
      await proxy?.stop();
      await server?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    /** Kills the server at a moment, and starts it again. Resolves to how long it was gone, in milliseconds. */
    async function lose(moment: Moment, random: () => number): Promise<number> {
      if ('fate' in moment) {
        const { pattern, fate } = moment;
        proxy.always(pattern, fate);
        await until(
          moment.name,
          () =>
            proxy
              .of(pattern)
              .filter((request) => request.fate === fate && request.isAnswered === (fate === 'swallow'))
              .length >= 3,
          20_000,
        );
      } else {
        await pause(random() * 300);
      }
      const from = performance.now();
      await server.kill();
      proxy.reset();
      await pause('goneFor' in moment ? moment.goneFor : random() * 300);
      await server.restart();
      return performance.now() - from;
    }

    it('every key is completed once or free to be sent again, and no call hangs', async () => {
      const ledger = join(folder, 'ledger');
      const random = randomFrom(seed);
      const { store, close } = await openStore(kind.describe(proxy.endpoint, true));
      const load = new Load('here', { store, ledger, senders: 10 });
      const gone: number[] = [];
      const unhandled = await unhandledDuring(async () => {
        for (const worker of ['there', 'elsewhere']) {
          const order = { worker, store: kind.describe(server), ledger, senders: 6 };
          workers.push(await WorkerLoad.start(order));
        }
        const ended = load.run();
        for (const moment of shuffler(seed)(moments)) {
          await flows(load);
          gone.push(await lose(moment, random));
        }
        await flows(load);
        load.stop();
        const endings = Promise.all(workers.map((worker) => worker.stop()));
        await within(longestCall + 3 * lease, ended, 'the calls of this process end');
        for (const { code, said } of await within(
          longestCall + 3 * lease,
          endings,
          'the workers end by themselves',
        )) {
          expect(code, said).to.equal(0);
          // Warnings of ours are no fault: they say what happened to the server.
          expect(said.match(/^.*Warning(?<!RetrysafeWarning).*$/gm), said).to.equal(null);
        }
        await close();
      });
      expect(unhandled).to.deep.equal([]);

      const counts = judge(readLedger(ledger), lease);
      const again = await sendAgain(kind.describe(server), ledger);
      const [refusals, repeated] = [counts.refused, counts.repeated].map((by) =>
        Object.entries(by)
          .map(([why, count]) => `${count} ${why}`)
          .join(', '),
      );
      console.log(
        `      seed ${seed}: ${moments.length} kills, the server gone for ${Math.round(Math.min(...gone))} to ${Math.round(Math.max(...gone))} ms; ${counts.calls} calls of ${counts.keys} keys by 3 processes, ${counts.answered} answered, refused: ${refusals}
      ${counts.runs} runs, repeated after: ${repeated}; ${counts.unrecorded} outcomes not taken; longest call ${counts.longest} ms
      afterwards: ${again.completed} keys were completed, ${again.retried} completed by being sent again`,
      );
      expect(counts.longest).to.be.at.most(longestCall);
      expect(counts.refused.ERR_IDEMPOTENCY_STORE, 'calls felt it').to.be.at.least(moments.length);
      // Where the store is gone for about as long as callers are kept waiting, a key may have had its answer and run again,
      // which is what is said of it: those that were in the middle of their completion, at each such time.
      const longTimes = gone.filter((time) => time > lease).length;
      expect(counts.unrecorded).to.be.at.most(longTimes * 30);
    });

    /** Sends every key once more: what was answered is answered alike, and what was given up is completed. */
    async function sendAgain(description: StoreDescription, ledger: string) {
      const answers = new Map<string, string | undefined>();
      const unrecorded = new Set<string>();
      for (const { kind, key, run } of readLedger(ledger)) {
        if (kind === 'answered') answers.set(key, run);
        else if (kind === 'unrecorded') unrecorded.add(key);
        else if (!answers.has(key)) answers.set(key, undefined);
      }
      const { store, close } = await openStore(description);
      const ran = new Set<string>();
      const send = placeHold(
        store,
        async (key) => {
          ran.add(key);
          return { key, run: 'again' };
        },
        // The server has just begun again, and has a third of the lease for each answer.
        { wait: '10s', lease: '30s' },
      );
      const counts = { completed: 0, retried: 0 };
      const left = answers[Symbol.iterator]();
      const sendAll = async () => {
        for (const [key, run] of left) {
          const isCompleted = (await recordOf(send, key).inspect())?.status === 'completed';
          const hold = await send(key);
          if (unrecorded.has(key)) continue;
          expect(ran.has(key), key).to.equal(!isCompleted);
          if (run !== undefined) expect(hold).to.deep.equal({ key, run });
          expect((await recordOf(send, key).inspect())?.status, key).to.equal('completed');
          counts[isCompleted ? 'completed' : 'retried'] += 1;
        }
      };
      try {
        await Promise.all(Array.from({ length: 8 }, sendAll));
      } finally {
        await close();
      }
      return counts;
    }
  });
}

/** Resolves when calls are answered, and what was to be recorded before is: that is tried every second at the least. */
async function flows(load: Load): Promise<void> {
  const before = load.answered;
  await pause(1_200);
  await until('the load goes on', () => load.answered >= before + 20, 20_000);
}

async function within<T>(limit: number, promise: Promise<T>, what: string): Promise<T> {
  const controller = new AbortController();
  const late = pause(limit, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`not within ${limit} ms: ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
    late.catch(() => {});
  }
}
