import assert from 'node:assert/strict';
import { StoreError } from '../../errors.js';
import { LATEST_INSTANT } from '../../record/instants.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { completed, completedWithBytes, holds, type Law, law, record, released } from './law.js';

/** The laws of keys and of what a record contains. */
export const storageLaws: readonly Law[] = [
  law('two keys that differ in one character are two keys', async (store, key) => {
    const keys = [
      key,
      `${key} `,
      key.toUpperCase(),
      `${key}\u00e9`,
      `${key}e\u0301`,
      `${key}%`,
      `${key}'"\\`,
      // As long as the key of an operation with the longest name. Only the last character differs.
      `${key}${'x'.repeat(225)}a`,
      `${key}${'x'.repeat(225)}b`,
    ];
    for (const [index, one] of keys.entries()) {
      const own = record(one, `${index}.1`, { state: released(index) });
      assert.deepEqual(
        await store.claim(own, Date.now()),
        own,
        `what the claim of ${JSON.stringify(one)} returns`,
      );
    }
    for (const [index, one] of keys.entries()) {
      assert.equal(
        (await store.find(one, { consistent: true }))?.token,
        `${index}.1`,
        `the holder of ${JSON.stringify(one)}`,
      );
    }
  }),
  law('a state is returned as it was written, whatever JSON it contains', async (store, key) => {
    const json = JSON.parse(
      '{"text":"\\u0000 \\ud83d\\ude00 \\" \\u2028","empty":"","nothing":null,"list":[[],{},null,0,-1.5e-7,9007199254740991,1e300,true],"nested":{"__proto__":{"x":1},"constructor":"c","":"nameless"}}',
    );
    const state = completed({ ...json, long: 'é'.repeat(50_000) });
    const first = record(key, 'a.1', { state });
    assert.deepEqual(await store.claim(first, Date.now()), first, 'what the claim returns');
    await holds(store, first);
    const found = await store.find(key, { consistent: true });
    assert.equal(JSON.stringify(found?.state), JSON.stringify(state), 'the text of the state');
  }),
  law('an outcome of bytes is returned byte for byte', async (store, key) => {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const texts = [1, 2, 3, 255, 256].map((length) => everyByte.toString('base64', 0, length));
    // Beside these, what base64 may be without being Node.js' own, and what one value of a database may hold.
    texts.push(
      'AB==',
      'AA',
      '-_-_',
      'no base64',
      Buffer.alloc(60_000, everyByte.subarray(1)).toString('base64'),
    );
    let token = 'a.0';
    await store.claim(record(key, token), Date.now());
    for (const [index, base64] of texts.entries()) {
      const next = record(key, `a.${index + 1}`, { state: completedWithBytes({ status: 200 }, base64) });
      assert.deepEqual(await store.replace(next, token), next, 'what the replace returns');
      await holds(store, next);
      const other = record(key, 'b.1', { state: next.state });
      assert.deepEqual(await store.claim(other, Date.now()), next, 'the holder for another claim');
      token = next.token;
    }
    const last = record(key, 'a.99', { state: completed('no bytes') });
    assert.deepEqual(await store.replace(last, token), last, 'what the replace of bytes by none returns');
    await holds(store, last);
    const claimed = record(`${key} claimed`, 'c.1', {
      state: completedWithBytes({}, everyByte.toString('base64')),
    });
    assert.deepEqual(await store.claim(claimed, Date.now()), claimed, 'what a claim with bytes returns');
    await holds(store, claimed);
  }),
  law('a record can expire at the end of the year 9999', async (store, key) => {
    const first = record(key, 'a.1', { expiresAt: LATEST_INSTANT });
    assert.deepEqual(await store.claim(first, Date.now()), first, 'what the claim returns');
    await holds(store, first);
    const other = await store.claim(record(key, 'b.1'), Date.now());
    assert.deepEqual(other, first, 'the holder for another claim');
    const next = record(key, 'a.2', { expiresAt: LATEST_INSTANT });
    assert.deepEqual(await store.replace(next, 'a.1'), next, 'what the replace returns');
    await holds(store, next);
  }),
  law(
    'a returned record shares no references with an argument or with the kept record',
    async (store, key) => {
      const argument = record(key, 'a.1', { state: released(1) });
      const expected = structuredClone(argument);
      const answers = [await store.claim(argument, Date.now()), await store.find(key, { consistent: true })];
      for (const one of [argument, ...answers]) Object.assign(one?.state as object, { fencingToken: 99 });
      await holds(store, expected);
    },
  ),
  law('a record that is too large rejects with tooLarge, and the holder stays', async (store, key) => {
    const first = record(key, 'a.1');
    await store.claim(first, Date.now());
    const state = completed('x'.repeat(1_000_000));
    const large = record(key, 'a.2', { state });
    if (!(await takes(large, () => store.replace(large, 'a.1')))) await holds(store, first);
    const another = record(`${key} another`, 'b.1', { state });
    await takes(another, () => store.claim(another, Date.now()));
  }),
];

/** Returns whether the store keeps a large record. A store may refuse one, but only as too large. */
async function takes(large: IdempotencyRecord, write: () => Promise<unknown>): Promise<boolean> {
  try {
    assert.deepEqual(await write(), large, 'what a store returns for a record of a megabyte that it keeps');
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(
      error instanceof StoreError && error.tooLarge,
      `a StoreError with tooLarge: true, not ${error}`,
    );
    return false;
  }
}
