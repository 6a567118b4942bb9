import assert from 'node:assert/strict';
import { expect } from 'chai';
import fc from 'fast-check';
import type { PersistenceStore } from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { deployable } from '../support/deployment.js';
import { keyNamed } from '../support/encryption-keys.js';
import { usePostgres } from '../support/postgres.js';
import { objectsIn } from '../support/references.js';
import { replayed } from '../support/replayed.js';

const codec = encrypted({ keys: { a: keyNamed('a') }, current: 'a' });
const anything = fc
  .anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  })
  // Node.js 20 finds no two invalid dates equal.
  .filter(
    (made) => ![...objectsIn(made)].some((part) => part instanceof Date && Number.isNaN(part.getTime())),
  );

describe('encrypted values come back as what they were', () => {
  it('from memory: any value that fast-check can make', async function () {
    this.timeout(180_000);
    await fc.assert(
      fc.asyncProperty(anything, async (made) => {
        assert.deepStrictEqual((await replayed(made, { codec })).value, made);
      }),
      { numRuns: process.env.CI ? 5_000 : 1_000 },
    );
  });

  it('also texts of any characters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (made) => {
        expect((await replayed({ made }, { codec })).value).to.deep.equal({ made });
        expect((await replayed(`${made}\ud800`, { codec })).value).to.equal(`${made}\ud800`);
      }),
      { numRuns: 300 },
    );
  });

  describe('from PostgreSQL', () => {
    const postgres = usePostgres();
    let store: PersistenceStore;

    before(async () => {
      const table = postgres.tableName();
      await postgres.query(schema(table));
      store = new PostgresStore({ client: { query: (text, values) => postgres.query(text, values) }, table });
    });

    it('any value that fast-check can make', async function () {
      this.timeout(180_000);
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(anything, async (made) => {
          const operation = deployable({ codec });
          runs += 1;
          await operation(store, async () => made)(String(runs));
          const again = operation(store, async () => expect.fail('the method ran'));
          assert.deepStrictEqual(await again(String(runs)), made);
        }),
        { numRuns: 300 },
      );
    });
  });
});
