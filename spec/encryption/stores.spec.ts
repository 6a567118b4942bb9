import { expect } from 'chai';
import { keyOf, makeIdempotent, OutcomeUnavailableError } from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { responseOutcome } from 'retrysafe/http';
import { PostgresStore, schema } from 'retrysafe/postgres';
import type { Process } from '../stores/matrix/processes.js';
import { storeLines } from '../stores/matrix/store-lines.js';
import { randomBytes } from '../support/bytes.js';
import { defer } from '../support/defer.js';
import { deployable } from '../support/deployment.js';
import { keyNamed } from '../support/encryption-keys.js';
import { usePostgres } from '../support/postgres.js';
import { rejection } from '../support/rejection.js';

const marker = 'PAYLOAD-4111-1111';
const [old, current] = [keyNamed('a'), keyNamed('b')];
const before2026 = encrypted({ keys: { old }, current: 'old' });
const since2026 = encrypted({ keys: { old, current }, current: 'current' });
const never = async () => expect.fail('the method ran');

for (const { title, use } of storeLines) {
  describe(`encrypted outcomes in ${title}`, () => {
    const processes = use();
    let here: Process;
    let elsewhere: Process;

    before(async () => {
      here = await processes.start();
      elsewhere = await processes.start();
    });

    for (const [what, value] of [
      ['plain JSON', { card: marker }],
      ['a Map', new Map([[marker, new Date(5)]])],
      ['a text of many kilobytes', `${marker} `.repeat(2_000)],
      ['a response of bytes', responseOutcome({ headers: { 'x-card': marker }, body: randomBytes(20_000) })],
    ] as const) {
      it(`are replayed by other processes, before and after the rotation of keys: ${what}`, async () => {
        const operation = deployable();
        expect(await operation(here.store, async () => value, { codec: before2026 })('a')).to.equal(value);
        for (const codec of [before2026, since2026])
          expect(await operation(elsewhere.store, never, { codec })('a')).to.deep.equal(value);
        expect(await operation(elsewhere.store, async () => value, { codec: since2026 })('b')).to.equal(
          value,
        );
        expect(await operation(here.store, never, { codec: since2026 })('b')).to.deep.equal(value);
      });
    }

    it('are unavailable to a process that has not got the key yet, at once and after waiting', async () => {
      const operation = deployable();
      const [begun, ended] = [defer(), defer()];
      const running = operation(
        here.store,
        async () => {
          begun.resolve();
          await ended.promise;
          return marker;
        },
        { codec: since2026 },
      )('a');
      await begun.promise;
      const behind = { codec: before2026 };
      const waiting = rejection(operation(elsewhere.store, never, behind)('a'));
      ended.resolve();
      expect(await running).to.equal(marker);
      for (const error of [await waiting, await rejection(operation(elsewhere.store, never, behind)('a'))]) {
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message).to.include('encrypted with the key "current"');
      }
      expect(await operation(elsewhere.store, never, { codec: since2026 })('a')).to.equal(marker);
    });

    it('are kept without a word of the result', async () => {
      const call = makeIdempotent(async (_id: string) => ({ card: marker }), {
        name: `a marker in ${title}`,
        store: here.store,
        codec: since2026,
      });
      await call('a');
      const record = await elsewhere.store.find(keyOf(call, 'a'));
      expect(JSON.stringify(record)).to.include('enc1.current.').and.not.to.include(marker);
    });
  });
}

describe('a row of PostgreSQL with an encrypted outcome', () => {
  const postgres = usePostgres();

  it('has no word of the result in any column', async () => {
    const table = postgres.tableName();
    await postgres.query(schema(table));
    const store = new PostgresStore({
      client: { query: (text, values) => postgres.query(text, values) },
      table,
    });
    const rows = async () => {
      const { rows: found } = await postgres.query(`SELECT t::text AS row FROM ${table} AS t`);
      return found.map(({ row }) => String(row)).join('\n');
    };
    const operation = deployable();
    await operation(store, async () => ({ card: marker }), { codec: since2026 })('a');
    expect(await rows())
      .to.include('enc1.current.')
      .and.not.to.include(marker);
    // It would be found there.
    await operation(store, async () => ({ card: marker }))('b');
    expect(await rows()).to.include(marker);
  });
});
