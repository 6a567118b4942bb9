import { expect } from 'chai';
import type { Client } from 'pg';
import { currentExecution, type PersistenceStore } from 'retrysafe';
import { type PostgresListener, PostgresStore, schema } from 'retrysafe/postgres';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { atOnce, useLatestLooks } from '../../support/latest-looks.js';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import { catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { until } from '../../support/until.js';
import { usePGlite } from './embedded.js';
import { record } from './records.js';
import { createTable } from './tables.js';

class NoMoney extends Error {
  override readonly name = 'NoMoney';
}

/** What a spec knows of one who listens: how often a notice came, and whether it came to an end. */
class Ear {
  heard = 0;
  fault: unknown;
  readonly #controller = new AbortController();

  constructor(store: PersistenceStore, key: string) {
    void this.#listen(store, key);
  }

  async next(heard: number): Promise<void> {
    await until(`notice ${heard}`, () => this.heard >= heard);
  }

  stop(): void {
    this.#controller.abort();
  }

  async #listen(store: PersistenceStore, key: string): Promise<void> {
    const { signal } = this.#controller;
    try {
      while (!signal.aborted) {
        await store.changed?.(key, signal);
        if (!signal.aborted) this.heard += 1;
      }
    } catch (fault) {
      this.fault = fault;
    }
  }
}

describe('notices of PostgreSQL', () => {
  useLatestLooks();
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  const ears: Ear[] = [];
  let table: string;
  let here: PostgresStore;
  /** Another process, whose statements go through the proxy. */
  let elsewhere: PostgresStore;
  let operation: ReturnType<typeof deployable>;

  before(async () => {
    table = await createTable(postgres);
    here = new PostgresStore({ client: postgres.pool(), table, listener: await postgres.client() });
  });

  beforeEach(async () => {
    operation = deployable({ wait: 20, remember: [NoMoney] });
    elsewhere = await process();
  });

  afterEach(() => {
    for (const ear of ears.splice(0)) ear.stop();
  });

  async function process(more: { table?: string; listener?: PostgresListener } = {}): Promise<PostgresStore> {
    return new PostgresStore({
      client: proxy.pool(),
      table,
      listener: more.listener ?? (await postgres.client()),
      ...more,
    });
  }

  function ear(store: PersistenceStore, key: string): Ear {
    const one = new Ear(store, key);
    ears.push(one);
    return one;
  }

  const finds = () => proxy.count(statement.find);

  /** A run here that ends as the spec says, and a duplicate elsewhere that waits for it and listens. */
  async function waiting(work: () => Promise<unknown> = async () => 'done', id = 'a') {
    const end = defer();
    const looks = finds();
    let runs = 0;
    const running = operation(here, async () => {
      runs += 1;
      await end.promise;
      return work();
    })(id).catch((error: unknown) => error);
    await until('it runs', () => runs === 1);
    const duplicate = operation(elsewhere, async () => 'ran elsewhere')(id).catch((error: unknown) => error);
    // The first look may be before it listens; one that follows is the one after it began to.
    await until('it has looked', () => finds() > looks && proxy.seen.every(({ isAnswered }) => isAnswered));
    return { end, running, duplicate };
  }

  /** What the duplicate gets, and how long after `from` and after how many looks more. */
  async function answered(duplicate: Promise<unknown>) {
    const [from, before] = [performance.now(), finds()];
    const answer = await duplicate;
    return { answer, lasted: performance.now() - from, looks: finds() - before };
  }

  it('tell a duplicate in another process at once, by one look', async () => {
    const { end, running, duplicate } = await waiting();
    end.resolve();
    const { answer, lasted, looks } = await answered(duplicate);
    expect([answer, await running]).to.deep.equal(['done', 'done']);
    expect(lasted).to.be.below(atOnce);
    expect(looks).to.be.within(1, 2);
  });

  it('make up for asking again and again: in a second there is hardly a look', async () => {
    const { end, duplicate } = await waiting();
    const quiet = new PostgresStore({ client: proxy.pool(), table });
    const before = finds();
    // As a measure, another process that asks again and again.
    const asking = operation(quiet, async () => 'ran elsewhere')('a');
    const perConnection = () => {
      const looks = new Map<number, number>();
      for (const { connection } of proxy.of(statement.find))
        looks.set(connection, (looks.get(connection) ?? 0) + 1);
      return [...looks.values()];
    };
    const from = performance.now();
    await until('the other has asked', () => Math.max(0, ...perConnection()) >= 4);
    const looks = perConnection();
    const seconds = (performance.now() - from) / 1_000;
    end.resolve();
    expect([await duplicate, await asking]).to.deep.equal(['done', 'done']);
    expect(looks).to.have.length(2);
    expect(before).to.be.within(1, 2);
    // On a machine so slow that a second passes, the safety net looks.
    expect(Math.min(...looks), 'who listens').to.be.at.most(2 + Math.floor(seconds));
  });

  it('tell of a remembered error as well', async () => {
    const { end, duplicate } = await waiting(() => Promise.reject(new NoMoney('none left')));
    end.resolve();
    const { answer, lasted } = await answered(duplicate);
    expect(answer).to.be.instanceOf(NoMoney).with.property('message', 'none left');
    expect(lasted).to.be.below(atOnce);
  });

  it('tell of a release: the duplicate takes over at once', async () => {
    const { end, running, duplicate } = await waiting(() => Promise.reject(new Error('try again')));
    end.resolve();
    const { answer, lasted } = await answered(duplicate);
    expect(answer).to.equal('ran elsewhere');
    expect(await running).to.have.property('message', 'try again');
    expect(lasted).to.be.below(atOnce);
  });

  it("tell of a completion in the application's transaction when that commits, and not before", async () => {
    const client = proxy.pool();
    const business = new PostgresStore({ client, table, listener: await postgres.client() });
    let key = '';
    const goOn = defer();
    proxy.next(statement.commit, 'hold');
    const running = operation(business, async () => {
      key = currentExecution().key;
      const completion = await currentExecution().completion('done');
      await goOn.promise;
      const tx = await client.connect();
      await tx.query('BEGIN');
      await business.complete(tx, completion);
      await tx.query('COMMIT');
      tx.release();
      return 'done';
    })('a');
    await until('it runs', () => key !== '');
    const one = ear(here, key);
    await one.next(1);
    const duplicate = operation(here, async () => 'ran elsewhere')('a');
    goOn.resolve();
    await proxy.arrived(statement.commit);
    // Whatever the completion itself had told would have come before this.
    const other = record();
    const witness = ear(here, other.key);
    await witness.next(1);
    await elsewhere.claim(other, Date.now());
    await elsewhere.replace({ ...other, token: 'b.1' }, other.token);
    await witness.next(2);
    expect(one.heard).to.equal(1);
    await proxy.deliver();
    const { answer, lasted } = await answered(duplicate);
    expect([answer, await running]).to.deep.equal(['done', 'done']);
    expect(lasted).to.be.below(atOnce);
    await one.next(2);
  });

  it('miss nothing where LISTEN is slow: a waiting call reads once more when it is answered', async () => {
    proxy.next(statement.listen, 'hold');
    const slow = await process({ listener: await postgres.client(proxy.connection) });
    const first = record();
    await here.claim(first, Date.now());
    const one = ear(slow, first.key);
    await proxy.arrived(statement.listen);
    await here.replace({ ...first, token: 'b.1' }, first.token);
    expect(one.heard).to.equal(0);
    await proxy.deliver();
    await one.next(1);
    await here.replace({ ...first, token: 'b.2' }, 'b.1');
    await one.next(2);
  });

  it('come for the keys that are waited for, and not for writes that lost', async () => {
    const [first, other] = [record(), record()];
    for (const one of [first, other]) await here.claim(one, Date.now());
    const [mine, others] = [ear(elsewhere, first.key), ear(elsewhere, other.key)];
    await Promise.all([mine.next(1), others.next(1)]);
    await here.replace({ ...first, token: 'b.1' }, 'nobody.1');
    await here.claim({ ...first, token: 'c.1' }, Date.now());
    await here.replace({ ...other, token: 'b.1' }, other.token);
    await others.next(2);
    expect(mine.heard).to.equal(1);
    await here.replace({ ...first, token: 'b.2' }, first.token);
    await mine.next(2);
  });

  it('come for a table with a hostile name, on a channel of its own', async () => {
    const hostile = `"; NOTIFY x; -- ${'é'.repeat(10)}`;
    await postgres.query(schema(hostile));
    const [one, other] = [await process({ table: hostile }), await process({ table: hostile })];
    const first = record();
    await one.claim(first, Date.now());
    await here.claim(first, Date.now());
    const listening = ear(other, first.key);
    await listening.next(1);
    // The same key in another table.
    await here.replace({ ...first, token: 'b.1' }, first.token);
    await one.replace({ ...first, token: 'b.1' }, first.token);
    await listening.next(2);
    await postgres.query(`DROP TABLE "${hostile.replaceAll('"', '""')}"`);
    expect(listening.heard).to.equal(2);
  });

  it('are sent by no store without the option, which has nothing to listen by either', async () => {
    const silent = new PostgresStore({ client: proxy.pool(), table });
    expect(silent.changed).to.equal(undefined);
    const first = record();
    await silent.claim(first, Date.now());
    await silent.replace({ ...first, token: 'b.1' }, first.token);
    expect(proxy.seen.some(({ text }) => text.includes('held'))).to.equal(true);
    expect(proxy.seen.filter(({ text }) => /notify/i.test(text))).to.deep.equal([]);
  });

  describe('whose connection is lost', () => {
    async function end(listener: Client): Promise<void> {
      const { rows } = await listener.query('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((resolve) => listener.once('end', resolve));
      await postgres.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await ended;
    }

    it('leave waiting calls to ask again and again, with one process warning', async () => {
      const warnings = catchWarnings();
      const listener = await postgres.client();
      elsewhere = await process({ listener });
      const unhandled = await unhandledDuring(async () => {
        const { end: finish, duplicate } = await waiting();
        await end(listener);
        const before = finds();
        await until('it asks again', () => finds() > before + 1);
        finish.resolve();
        expect(await duplicate).to.equal('done');
        // And so does the next one, which never listened.
        const late = await waiting(undefined, 'b');
        late.end.resolve();
        expect(await late.duplicate).to.equal('done');
      });
      const texts = warnings.texts('RETRYSAFE_NOTICES');
      warnings.restore();
      expect(unhandled).to.deep.equal([]);
      expect(texts).to.have.length(1);
      expect(texts[0]).to.match(/gives no notices.*check the connection that the store listens on$/);
    });

    it('are asked for in vain, and leave nothing behind at the client', async () => {
      const listener = await postgres.client();
      await listener.query('BEGIN');
      await rejection(listener.query('SELECT nothing'));
      const failing = await process({ listener });
      for (let tries = 0; tries < 15; tries += 1) {
        const fault = await rejection(
          failing.changed?.(`key ${tries}`, new AbortController().signal) as never,
        );
        expect(fault).to.have.property('code', '25P02');
      }
      expect(listener.listenerCount('notification')).to.be.at.most(1);
      await listener.query('ROLLBACK');
      const first = record();
      const one = ear(failing, first.key);
      await one.next(1);
      await here.claim(first, Date.now());
      await here.replace({ ...first, token: 'b.1' }, first.token);
      await one.next(2);
      expect(one.fault).to.equal(undefined);
    });
  });
});

describe('notices of PGlite', () => {
  useLatestLooks();
  const db = usePGlite();

  it('tell a duplicate on another store at once', async () => {
    const options = { client: db(), table: 'notices', listener: db() };
    await db().exec(schema('notices'));
    const [here, elsewhere] = [new PostgresStore(options), new PostgresStore(options)];
    const operation = deployable({ wait: 20 });
    const end = defer<string>();
    let key = '';
    const running = operation(here, () => {
      key = currentExecution().key;
      return end.promise;
    })('a');
    await until('it runs', () => key !== '');
    const duplicate = operation(elsewhere, async () => 'ran elsewhere')('a');
    const one = new Ear(elsewhere, key);
    await one.next(1);
    end.resolve('done');
    const from = performance.now();
    expect(await duplicate).to.equal('done');
    expect(performance.now() - from).to.be.below(atOnce);
    expect(await running).to.equal('done');
    await one.next(2);
    one.stop();
  });
});
