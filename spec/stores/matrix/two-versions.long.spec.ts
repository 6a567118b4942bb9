import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { IdempotentOptions } from 'retrysafe';
import { useDynamoDB } from '../../support/dynamodb.js';
import type { Version } from '../../support/library-version.js';
import { type PostgresFixture, usePostgres } from '../../support/postgres.js';
import type { StoreDescription } from '../../support/store-description.js';
import { VersionProcess } from '../../support/version-process.js';
import type { End, Hold, Placed, VersionJob } from '../../support/version-worker.js';
import { createEarlierTable, createTable } from '../postgres/tables.js';

const directions = {
  'a rollout': ['earlier', 'present'],
  'a rollback': ['present', 'earlier'],
} as const satisfies Record<string, readonly [Version, Version]>;

/** Where both versions keep their records. */
interface Line {
  /** A table is changed after a rollout, so that a rollback meets the changed one. Both are the same to DynamoDB. */
  readonly directions: readonly (keyof typeof directions)[];
  /** Registers the hooks of the `describe` around it. The returned function creates the table. */
  readonly use: () => () => Promise<StoreDescription>;
}

function onPostgres(create: (postgres: PostgresFixture) => Promise<string>): Line['use'] {
  return () => {
    const postgres = usePostgres();
    before(function () {
      postgres.needsServer(this);
    });
    return async () => ({ kind: 'postgres', url: postgres.url, table: await create(postgres) });
  };
}

const lines: Record<string, Line> = {
  'a table of PostgreSQL that the earlier one created': {
    directions: ['a rollout'],
    use: onPostgres(createEarlierTable),
  },
  'a table of PostgreSQL that this one created': {
    directions: ['a rollback'],
    use: onPostgres(createTable),
  },
  'a table of DynamoDB': {
    directions: ['a rollout', 'a rollback'],
    use: () => {
      const dynamodb = useDynamoDB();
      return async () => ({
        kind: 'dynamodb',
        connection: dynamodb.connection,
        tableName: await dynamodb.createTable(),
      });
    },
  },
};

/** A store call may take a third of the lease, also on a busy machine. */
const options: IdempotentOptions = { lease: '3s', clockTolerance: '100ms', wait: '20s' };

function placed(end: End): Placed {
  if ('value' in end) return end.value as Placed;
  throw new Error(`it ended by an error: ${end.error.message}`);
}

function code(end: End): string | undefined {
  return 'error' in end ? end.error.code : 'it returned a value';
}

for (const [where, line] of Object.entries(lines)) {
  describe(`two versions of the library, on ${where}`, () => {
    const create = line.use();
    const started: VersionProcess[] = [];
    let store: StoreDescription;
    let standing: Record<Version, VersionProcess>;

    before(async function () {
      this.timeout(30_000);
      store = await create();
      standing = { earlier: await start('earlier'), present: await start('present') };
    });

    after(() => Promise.all(started.map((one) => one.die())));

    /** A process of its own, for what it does not survive, or for other options. */
    async function start(version: Version, change: Partial<VersionJob> = {}): Promise<VersionProcess> {
      const one = await VersionProcess.start({ version, store, options, ...change });
      started.push(one);
      return one;
    }

    const newHold = (): Hold => ({ transactionId: randomUUID(), amount: 250 });

    for (const direction of line.directions) {
      const [before, after] = directions[direction];
      describe(`in ${direction}`, () => {
        let first: VersionProcess;
        let second: VersionProcess;

        beforeEach(() => {
          [first, second] = [standing[before], standing[after]];
        });

        it('replay what the other has completed, with its types', async () => {
          const hold = newHold();
          const value = placed(await first.run(hold));
          expect(value).to.include({ by: before, attempt: 1 });
          expect(value.placedAt).to.be.a('date');
          expect(value.amounts.get(hold.transactionId)).to.equal(250);
          expect(await second.run(hold)).to.deep.equal({ value });
        });

        it('wait for a run of the other that outlasts its lease, and get its outcome', async () => {
          const hold = newHold();
          const run = first.call(hold);
          await run.running;
          const { meeting } = second;
          const duplicate = second.call(hold);
          expect(await meeting).to.equal('in-progress');
          // The duplicate is told by nothing but the record, which has been renewed when a later claim meets it.
          const renewed = await start(after, { options: { ...options, wait: '3.5s' } });
          expect(code(await renewed.run(hold))).to.equal('ERR_IDEMPOTENCY_IN_PROGRESS');
          run.end();
          const value = placed(await run.ended);
          expect(value).to.include({ by: before, attempt: 1 });
          expect(await duplicate.ended).to.deep.equal({ value });
        });

        it('run again what the other has released, as the next attempt', async () => {
          const hold = newHold();
          expect(code(await first.run(hold, 'fails'))).to.equal(undefined);
          expect(code(await second.run(hold, 'fails'))).to.equal(undefined);
          const value = placed(await first.run(hold));
          expect(value).to.include({ by: before, attempt: 3 });
          expect(await second.run(hold)).to.deep.equal({ value });
        });

        it('take over from one that died, under a higher fencing token', async () => {
          const hold = newHold();
          const since = Date.now();
          const dying = await start(before);
          await dying.call(hold).running;
          await dying.die();
          const value = placed(await second.run(hold));
          expect(value).to.include({ by: after, attempt: 2 });
          expect(value.fencingToken).to.be.above(since);
          expect(await first.run(hold)).to.deep.equal({ value });
        });

        it('write nothing after their lease was taken over, and get the outcome of the other', async () => {
          const hold = newHold();
          const suspended = await start(before);
          const run = suspended.call(hold);
          await run.running;
          const resume = suspended.suspend();
          const value = placed(await second.run(hold));
          expect(value).to.include({ by: after, attempt: 2 });
          run.end();
          resume();
          expect(await run.ended).to.deep.equal({ value });
          expect(await first.run(hold)).to.deep.equal({ value });
        });

        it('replay what the other completed in its transaction before it died', async () => {
          const hold = newHold();
          const dying = await start(before, { commits: true });
          await dying.call(hold).running;
          await dying.die();
          const value = placed(await second.run(hold));
          expect(value).to.include({ by: before, attempt: 1 });
          expect(await first.run(hold)).to.deep.equal({ value });
        });

        it('refuse what the other has left unknown, and run it again where they may', async () => {
          const hold = newHold();
          const unsure = await start(before, { onError: 'unknown' });
          await unsure.run(hold, 'fails');
          const careful = await start(after, { options: { ...options, onAbandoned: 'refuse' } });
          expect(code(await careful.run(hold))).to.equal('ERR_IDEMPOTENCY_OUTCOME_UNKNOWN');
          expect(placed(await second.run(hold))).to.include({ by: after, attempt: 2 });
        });

        it('refuse another fingerprint than the other’s, completed or released', async () => {
          for (const how of ['returns', 'fails'] as const) {
            const hold = newHold();
            await first.run(hold, how);
            expect(code(await second.run({ ...hold, amount: 251 }))).to.equal('ERR_IDEMPOTENCY_FINGERPRINT');
          }
        });

        it('forget what the other has completed, and run it again', async () => {
          const hold = newHold();
          await first.run(hold);
          expect(await second.forget(hold)).to.deep.equal({ value: true });
          const value = placed(await second.run(hold));
          expect(value).to.include({ by: after, attempt: 1 });
          expect(await first.run(hold)).to.deep.equal({ value });
        });
      });
    }

    it('hand one key on, there and back: every attempt is counted, and one outcome is left', async () => {
      const hold = newHold();
      const { earlier, present } = standing;
      await earlier.run(hold, 'fails');
      const rolledOut = await start('present');
      expect(await rolledOut.call(hold).running).to.equal(2);
      await rolledOut.die();
      const rolledBack = await start('earlier', { onError: 'unknown' });
      const third = rolledBack.call(hold);
      expect(await third.running).to.equal(3);
      third.end('fails');
      await third.ended;
      const value = placed(await present.run(hold));
      expect(value).to.include({ by: 'present', attempt: 4 });
      for (const one of [earlier, present, earlier]) expect(await one.run(hold)).to.deep.equal({ value });
    });

    it('run a key once that both are asked for at once', async () => {
      const hold = newHold();
      const both = [standing.earlier.run(hold), standing.present.run(hold)];
      const [one, other] = await Promise.all(both);
      expect(one).to.deep.equal(other);
      expect(placed(one as End).attempt).to.equal(1);
    });
  });
}
