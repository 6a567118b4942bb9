import { expect } from 'chai';
import type { Client } from 'pg';
import { type Completion, ConfigurationError } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { rejection, thrown } from '../../support/rejection.js';
import { usePGlite } from './embedded.js';
import { record } from './records.js';
import { createTable } from './tables.js';

function expectRefusal(error: unknown, message: RegExp): void {
  expect(error).to.be.instanceOf(ConfigurationError);
  expect((error as Error).message).to.match(message);
}

const inTransaction = /option "client".*in no transaction: a rollback would undo records/;
const openOnClient = /a transaction is open on the store's client/;
const noTransaction = /needs the client on which the transaction is open/;

describe('a transaction of the application on the client of a PostgresStore', () => {
  const postgres = usePostgres();
  let table: string;
  let single: Client;

  before(async function () {
    postgres.needsServer(this);
    table = await createTable(postgres);
  });
  beforeEach(async () => {
    single = await postgres.client();
  });

  const steps: Record<string, (store: PostgresStore) => Promise<unknown>> = {
    'a claim': (store) => store.claim(record(), Date.now()),
    'a replace': (store) => store.replace(record(), 'none.1'),
    'a find': (store) => store.find('nothing'),
    'a sweep': (store) => store.removeExpired(),
  };
  for (const [what, step] of Object.entries(steps)) {
    it(`refuses ${what} while it is open, also where it has failed, and does it when it has ended`, async () => {
      const store = new PostgresStore({ client: single, table });
      await single.query('BEGIN');
      expectRefusal(await rejection(step(store)), openOnClient);
      await rejection(single.query('SELECT nothing'));
      expectRefusal(await rejection(step(store)), openOnClient);
      await single.query('ROLLBACK');
      await step(store);
    });
  }

  it('is refused with the client when the store is made', async () => {
    await single.query('BEGIN');
    expectRefusal(
      thrown(() => new PostgresStore({ client: single, table })),
      inTransaction,
    );
  });

  it('is missed by complete(), which then writes nothing', async () => {
    const store = new PostgresStore({ client: postgres.pool(), table });
    const held = record();
    await store.claim(held, Date.now());
    const completion: Completion = { record: { ...held, token: 'own.2' }, token: held.token };
    expectRefusal(await rejection(store.complete(single, completion)), noTransaction);
    expect((await store.find(held.key))?.token).to.equal(held.token);
    // One that is on its way is there when the statement is.
    const begun = single.query('BEGIN');
    await store.complete(single, completion);
    await begun;
    await single.query('COMMIT');
    expect((await store.find(held.key))?.token).to.equal('own.2');
  });
});

describe('a transaction of PGlite', () => {
  const pglite = usePGlite();
  const completion: Completion = { record: record(), token: 'own.1' };

  it('is refused as the client of a store', async () => {
    await pglite().transaction(async (tx) =>
      expectRefusal(
        thrown(() => new PostgresStore({ client: tx as PostgresClient })),
        inTransaction,
      ),
    );
  });

  it('is what complete() needs, and not the database', async () => {
    const store = new PostgresStore({ client: { query: async () => [] } });
    expectRefusal(await rejection(store.complete(pglite(), completion)), noTransaction);
  });
});
