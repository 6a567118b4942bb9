import { expect } from 'chai';
import type { Pool } from 'pg';
import { schema } from 'retrysafe/postgres';
import { pending } from '../../support/pending.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { type Boss, startBoss, untilState } from '../pg-boss-fixture.js';

describe('the worker of docs/guide/queues/pg-boss.md', function () {
  this.timeout(60_000);
  const queue = { name: 'settlements', deadLetters: 'settlements-to-look-at' };
  let server: PostgresServer;
  let boss: Boss;
  let pool: Pool;

  before(async function () {
    if (PostgresServer.obstacle) pending(this, PostgresServer.obstacle);
    server = await PostgresServer.start();
    boss = await startBoss(this, { ...server.connection });
    const { DATABASE_URL: before } = process.env;
    process.env.DATABASE_URL = server.url;
    const guide = await import('./pg-boss.js');
    if (before === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = before;
    pool = guide.pool;
    await pool.query(`${schema()}; CREATE TABLE settlements (id text, cents int)`);
    await guide.startWorker(boss);
  });
  after(async () => {
    await boss?.stop({ graceful: false });
    await pool?.end();
    await server?.stop();
  });

  const send = async (data: object) => (await boss.send(queue.name, data)) as string;
  const rows = async () => (await pool.query('SELECT * FROM settlements')).rows;

  it('settles once, together with the outcome, and replays', async () => {
    for (const _ of ['first', 'equal']) {
      const job = await untilState(boss, queue, await send({ id: 's-1', cents: 40 }), 'completed');
      expect(job.output).to.include({ id: 's-1', cents: 40 });
    }
    expect(await rows()).to.deep.equal([{ id: 's-1', cents: 40 }]);
  });

  it('settles once where its worker died after the commit, and pg-boss did not hear of it', async () => {
    const data = { id: 's-2', cents: 41 };
    await untilState(boss, queue, await send(data), 'completed');
    await boss.offWork(queue.name);
    const id = await send(data);
    await boss.fetch(queue.name);
    const [before] = await boss.findJobs(queue.name, { id });
    await boss.fail(
      queue.name,
      { id, retryCount: before?.retryCount ?? 0 },
      { message: 'as if it had expired' },
    );
    await (await import('./pg-boss.js')).startWorker(boss);
    await untilState(boss, queue, id, 'completed');
    expect((await rows()).filter((row) => row.id === 's-2')).to.have.length(1);
  });

  it('sets another settlement with the same id aside at once', async () => {
    const id = await send({ id: 's-1', cents: 4_000 });
    const job = await untilState(boss, queue, id, 'failed');
    expect(job.output).to.include({ advice: 'fix-request' });
    const letters = await boss.findJobs(queue.deadLetters);
    expect(letters.map(({ sourceId }) => sourceId)).to.deep.equal([id]);
    expect((await rows()).filter((row) => row.id === 's-1')).to.have.length(1);
  });
});
