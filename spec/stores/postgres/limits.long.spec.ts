import { once } from 'node:events';
import { expect } from 'chai';
import { Client, Pool } from 'pg';
import { makeIdempotent, StoreError } from 'retrysafe';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { pending } from '../../support/pending.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { rejection } from '../../support/rejection.js';
import { withResult } from './records.js';

describe('a record that is larger than PostgreSQL takes', function () {
  this.timeout(60_000);

  /** A store whose database answers like this, where it is asked at all. */
  function storeThatAnswers(answer: () => Promise<never>): {
    readonly store: PostgresStore;
    asked(): number;
  } {
    let asked = 0;
    const query = () => {
      asked += 1;
      return answer();
    };
    return { store: new PostgresStore({ client: { query } }), asked: () => asked };
  }

  it('is refused before the client is asked, by its bytes, of which a character may have three', async () => {
    const { store, asked } = storeThatAnswers(() => Promise.reject(new Error('it was asked')));
    const large = withResult(Array(334).fill('東'.repeat(1_000_000)));
    const error = await rejection(store.claim(large, Date.now()));
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.have.property('tooLarge', true);
    expect(error)
      .to.have.property('message')
      .that.matches(/larger than the store takes, which is 1000 MB/);
    expect(asked()).to.equal(0);
  });

  it('is told as such where it is the server that says so', async () => {
    const { store, asked } = storeThatAnswers(() =>
      Promise.reject(Object.assign(new Error('invalid memory alloc request size'), { code: '54000' })),
    );
    const error = await rejection(store.claim(withResult('small'), Date.now()));
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.have.property('tooLarge', true);
    expect(asked()).to.equal(1);
  });
});

// A server of its own, since it is stopped and filled up.
describe('a server of PostgreSQL that serves no client', function () {
  this.timeout(60_000);
  let server: PostgresServer | undefined;
  let pool: Pool;
  let store: PostgresStore;

  before(async function () {
    if (PostgresServer.obstacle !== undefined) pending(this, PostgresServer.obstacle);
    server = await PostgresServer.start();
    pool = new Pool(server.connection);
    pool.on('error', () => {});
    await pool.query(`${schema()}; CREATE ROLE clerk LOGIN; GRANT ALL ON idempotency TO clerk`);
    store = new PostgresStore({ client: pool });
  });
  after(async () => {
    await pool?.end();
    await server?.stop();
  });

  let runs = 0;
  const charging = (at: PostgresStore) =>
    makeIdempotent(
      async function charge(_card: string) {
        runs += 1;
        return 'charged';
      },
      { name: `charge ${Math.random()}`, store: at },
    );

  /** The error that a call gets on this store. */
  async function refused(at: PostgresStore): Promise<StoreError> {
    const before = runs;
    const error = await rejection(charging(at)('4111-secret'));
    expect(runs, 'the method did not run').to.equal(before);
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.include({ step: 'claim', statusCode: 503 });
    const { message } = error as StoreError;
    expect(message)
      .to.match(/the method did not run in this call.*Try again when the store answers/)
      .and.not.match(/secret|127\.0\.0\.1/);
    return error as StoreError;
  }

  it('since its connections are all taken: a StoreError, and the next call runs when one is free', async () => {
    await pool.query('ALTER ROLE clerk CONNECTION LIMIT 1');
    const clerk = { ...(server as PostgresServer).connection, user: 'clerk' };
    const busy = new Client(clerk);
    await busy.connect();
    const own = new Pool(clerk);
    const at = new PostgresStore({ client: own });
    expect((await refused(at)).cause).to.have.property('code', '53300');
    const gone = once(busy, 'end');
    await busy.end();
    await gone;
    const charge = charging(at);
    let answer: unknown;
    // The server counts a connection until its process has ended.
    for (let tries = 0; tries < 50 && answer !== 'charged'; tries += 1) {
      answer = await charge('4111-secret').catch((error: unknown) => error);
    }
    expect(answer).to.equal('charged');
    await own.end();
  });

  it('since it is stopped: a StoreError, and it serves again when it is started', async () => {
    await server?.kill();
    expect((await refused(store)).cause)
      .to.have.property('code')
      .that.is.oneOf(['ECONNREFUSED', '57P01', 'ECONNRESET']);
    await server?.restart();
    expect(await charging(store)('4111')).to.equal('charged');
  });
});
