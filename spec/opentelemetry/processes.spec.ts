import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { useRedis } from '../support/redis.js';
import { useSqlite } from '../support/sqlite.js';
import { sqliteDrivers } from '../support/sqlite-drivers.js';
import type { StoreDescription } from '../support/store-description.js';
import { sdkVersions, useSdk } from './sdk.js';
import type { ToldSpan, TracedJob } from './traced-worker.js';

/** Makes one call in a process of its own, and resolves to its span. */
async function spanOf(job: TracedJob): Promise<ToldSpan> {
  const child = fork(fileURLToPath(new URL('traced-worker.js', import.meta.url)));
  child.send(job);
  const [spans] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => expect.fail(`the process ended with ${code}`)),
  ])) as [readonly ToldSpan[]];
  await once(child, 'exit');
  expect(spans).to.have.length(1);
  return spans[0] as ToldSpan;
}

for (const sdk of sdkVersions) {
  describe(`spans of two processes, by the SDK ${sdk} of OpenTelemetry`, function () {
    this.timeout(60_000);
    useSdk(sdk);

    async function expectLink(store: StoreDescription): Promise<void> {
      const run = await spanOf({ sdk, store, id: 'h-1' });
      const replay = await spanOf({ sdk, store, id: 'h-1' });
      expect([run.outcome, replay.outcome]).to.deep.equal(['completed', 'replayed']);
      const { traceId, spanId } = run;
      expect(replay.links).to.deep.equal([{ traceId, spanId, how: 'replayed' }]);
      expect(replay.traceId).not.to.equal(traceId);
    }

    describe('with Redis', () => {
      const redis = useRedis();

      it('link a replay in the one to the run in the other', () =>
        expectLink({ kind: 'redis', url: redis.url, prefix: redis.prefix() }));
    });

    for (const driver of sqliteDrivers) {
      describe(`with a file of SQLite, by ${driver}`, () => {
        const sqlite = useSqlite(driver);

        it('link a replay in the one to the run in the other', () =>
          expectLink({ kind: 'sqlite', driver, file: sqlite.createFile() }));
      });
    }
  });
}
