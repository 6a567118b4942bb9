// What is promised on every client, as checks that reject where it is not kept.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ClaimLostError, type Completion, ConfigurationError, recordOf, StoreError } from 'retrysafe';
import { type PostgresClient, PostgresStore } from 'retrysafe/postgres';
import { storeLaws } from 'retrysafe/testing';
import type { Transfer } from '../transfer.js';
import type { Connected, Transfers } from './clients.js';
import type { Database } from './database.js';

type Check = (connected: Connected, database: Database) => Promise<void>;

export const promises: Record<string, Check> = {
  'a retry gets the outcome of the first call': async ({ transfers }, database) => {
    const asked = newTransfer();
    const receipt = await transfers().transfer(asked);
    assert.deepEqual(await transfers().transfer(asked), receipt);
    assert.equal(await countOf(database, asked), 1);
  },

  'of ten calls at once, of stores that know nothing of each other, one runs': async (
    { transfers },
    database,
  ) => {
    const asked = newTransfer();
    const [receipt, ...others] = await Promise.all(
      Array.from({ length: 10 }, () => transfers().transfer(asked)),
    );
    for (const other of others) assert.deepEqual(other, receipt);
    assert.equal(await countOf(database, asked), 1);
  },

  'the completion is written by the very transaction that does the transfer': async (
    { transfers },
    database,
  ) => {
    const asked = newTransfer();
    const service = transfers();
    await service.transfer(asked);
    const record = await recordOf(service, 'transfer', asked).inspect();
    assert.equal(record?.status, 'completed');
    const { rows } = await database.query(
      `SELECT t.xmin::text AS transfer, i.xmin::text AS completion, i.state::json->>'status' AS status
      FROM transfers t, idempotency i WHERE t.id = $1 AND i.key = $2`,
      [asked.id, record.key],
    );
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.completion, rows[0]?.transfer);
    assert.equal(rows[0]?.status, 'completed');
  },

  'a transaction that throws leaves neither, and the retry runs': async ({ transfers }, database) => {
    const asked = newTransfer();
    await assert.rejects(transfers().transfer({ ...asked, amount: 0 }), isRefusedByTheDatabase);
    await leftNeither(transfers(), database, asked);
    await transfers().transfer(asked);
    assert.equal(await countOf(database, asked), 1);
  },

  'a transaction that fails at its commit leaves neither, and the retry runs': async (
    { transfers },
    database,
  ) => {
    const asked = { ...newTransfer(), account: `new-${randomUUID()}` };
    await assert.rejects(transfers().transfer(asked), isRefusedByTheDatabase);
    await leftNeither(transfers(), database, asked);
    await database.query('INSERT INTO accounts VALUES ($1)', [asked.account]);
    await transfers().transfer(asked);
    assert.equal(await countOf(database, asked), 1);
  },

  'a transaction whose claim is lost is rolled back by a ClaimLostError': async ({ transfers }, database) => {
    const asked = newTransfer();
    const loser = transfers();
    const complete = loser.store.complete.bind(loser.store);
    let refusal: unknown;
    loser.store.complete = (...given) =>
      complete(...given).catch((error) => {
        refusal = error;
        throw error;
      });
    const lost = database.hold(
      () => loser.transfer(asked),
      () => recordOf(transfers(), 'transfer', asked).forget({ force: true }),
    );
    await assert.rejects(lost, ClaimLostError);
    assert.ok(refusal instanceof ClaimLostError, 'complete() refused');
    await leftNeither(transfers(), database, asked);
    await transfers().transfer(asked);
    assert.equal(await countOf(database, asked), 1);
  },

  'what expired is removed': async ({ transfers }) => {
    const { store } = transfers();
    await store.removeExpired(); // what other checks left
    const state = { format: 1, status: 'released', attempt: 1, fencingToken: 1 } as const;
    await store.claim({ key: `old#${randomUUID()}`, token: 'owner.1', expiresAt: 2, state }, 1);
    assert.equal(await store.removeExpired({ limit: 5 }), 1);
    assert.equal(await store.removeExpired({ limit: 5 }), 0);
  },

  'a table that is missing is named': async ({ client }) => {
    const lookup = new PostgresStore({ client, table: 'elsewhere' }).find('key');
    await assert.rejects(
      lookup,
      (error) => error instanceof StoreError && error.message.includes('no table "elsewhere"'),
    );
  },

  'the client as its library gives it is refused by the name of what makes it fit': async (
    { transfers, bare },
    database,
  ) => {
    if (!bare) return;
    for (const client of bare.clients as PostgresClient[]) {
      assert.throws(
        () => new PostgresStore({ client }),
        isRefusal(new RegExp(`expected ${bare.wrapper}\\(`)),
      );
      const completing = transfers().store.complete(client, await completionOf(database));
      await assert.rejects(completing, isRefusal(new RegExp(`pass \\(${bare.wrapper}\\(`)));
    }
  },

  'a client that is in no transaction is refused by complete()': async ({ transfers, client }, database) => {
    const completing = transfers().store.complete(client, await completionOf(database));
    await assert.rejects(completing, isRefusal(/needs the client on which the transaction is open/));
  },

  'a transaction is refused as the client of a store': async ({ transfers }) => {
    const service = transfers();
    const complete = service.store.complete.bind(service.store);
    let isRefused = false;
    service.store.complete = (tx, completion) => {
      assert.throws(() => new PostgresStore({ client: tx }), isRefusal(/in no transaction/));
      isRefused = true;
      return complete(tx, completion);
    };
    await service.transfer(newTransfer());
    assert.ok(isRefused);
  },

  [`all ${storeLaws.length} laws of a store are kept`]: async ({ transfers }) => {
    for (const { title, check } of storeLaws) {
      await check(() => transfers().store).catch((cause) => {
        throw new Error(`this law is broken: ${title}`, { cause });
      });
    }
  },
};

function newTransfer(): Transfer {
  return { id: randomUUID(), account: 'ann', amount: 250 };
}

/** One that would change the table, were it taken. */
async function completionOf({ query }: Database): Promise<Completion> {
  const record = {
    key: `held#${randomUUID()}`,
    token: 'owner.2',
    expiresAt: Date.now() + 60_000,
    state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
  } as const;
  await query(`INSERT INTO idempotency VALUES ($1, 'owner.1', 1, '{}')`, [record.key]);
  return { record, token: 'owner.1' };
}

function isRefusal(message: RegExp) {
  return (error: unknown) => error instanceof ConfigurationError && message.test(error.message);
}

async function countOf(database: Database, { id }: Transfer): Promise<number> {
  const { rows } = await database.query('SELECT FROM transfers WHERE id = $1', [id]);
  return rows.length;
}

async function leftNeither(service: Transfers, database: Database, asked: Transfer): Promise<void> {
  assert.equal(await countOf(database, asked), 0);
  assert.equal((await recordOf(service, 'transfer', asked).inspect())?.status, 'released');
}

/** It violated a constraint, which each library says in its own way. */
function isRefusedByTheDatabase(error: unknown): boolean {
  const { message, cause } = error as Error;
  return /constraint/i.test(message) || (cause !== undefined && isRefusedByTheDatabase(cause));
}
