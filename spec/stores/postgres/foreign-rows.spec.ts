import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { PostgresStore } from 'retrysafe/postgres';
import { usePostgres } from '../../support/postgres.js';
import { rejection } from '../../support/rejection.js';
import { record } from './records.js';
import { createTable } from './tables.js';

describe("somebody else's rows in the table of a PostgresStore", () => {
  const postgres = usePostgres();
  let store: PostgresStore;
  let table: string;

  before(async () => {
    table = await createTable(postgres);
    store = new PostgresStore({ client: postgres, table });
  });

  const rowOf = async (key: string) =>
    (await postgres.query(`SELECT * FROM "${table}" WHERE key = $1`, [key])).rows[0];

  for (const token of ['theirs', 'eyJh.eyJz.c2ln', '.1', 'own.']) {
    it(`are left as they are, though they have expired, with the token ${token}`, async () => {
      const key = `session ${token}`;
      await postgres.query(`INSERT INTO "${table}" VALUES ($1, $2, 1, 'xyz')`, [key, token]);
      const before = await rowOf(key);
      for (const step of [
        () => store.claim(record({ key }), Date.now()),
        () => store.replace(record({ key }), 'none.1'),
        () => store.find(key),
      ]) {
        const error = (await rejection(step())) as Error;
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error.message).to.match(
          /^PostgresStore: what is kept under session .* is no record of retrysafe/,
        );
      }
      expect(await store.removeExpired()).to.equal(0);
      expect(await rowOf(key)).to.deep.equal(before);
    });
  }
});
