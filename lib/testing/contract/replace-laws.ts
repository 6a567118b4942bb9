import assert from 'node:assert/strict';
import { HOUR_MS, holds, type Law, law, record, released } from './law.js';

/** The laws of `replace()` and `find()`. */
export const replaceLaws: readonly Law[] = [
  law('a replace with the current token keeps the new record and returns it', async (store, key) => {
    // The old state has a field that the new one lacks: a store must not merge them.
    await store.claim(record(key, 'a.1', { state: { ...released(1), fingerprint: 'f' } }), Date.now());
    const next = record(key, 'a.2', { state: released(2), expiresAt: Date.now() + 2 * HOUR_MS });
    assert.deepEqual(await store.replace(next, 'a.1'), next, 'what the replace returns');
    await holds(store, next);
  }),
  law('a replace with another token changes nothing and returns the holder', async (store, key) => {
    const first = record(key, 'a.1');
    await store.claim(first, Date.now());
    for (const token of ['b.1', 'a.11', 'A.1', 'a.', '']) {
      assert.deepEqual(
        await store.replace(record(key, 'b.2'), token),
        first,
        `what a replace with the token "${token}" returns`,
      );
    }
    await holds(store, first);
  }),
  law('a replace of a free key keeps nothing and returns undefined', async (store, key) => {
    assert.equal(await store.replace(record(key, 'a.2'), 'a.1'), undefined, 'what the replace returns');
    assert.equal(await store.find(key, { consistent: true }), undefined, 'what find returns afterwards');
  }),
  law('a replace ignores expiresAt', async (store, key) => {
    const now = Date.now();
    await store.claim(record(key, 'a.1', { expiresAt: now - 1 }), now - HOUR_MS);
    assert.equal(
      (await store.replace(record(key, 'a.2'), 'a.1'))?.token,
      'a.2',
      'the holder after the replace',
    );
  }),
  law('a find ignores expiresAt', async (store, key) => {
    const now = Date.now();
    const expired = record(key, 'a.1', { expiresAt: now - 1 });
    await store.claim(expired, now - HOUR_MS);
    await holds(store, expired);
  }),
  law('a repeated replace changes nothing after a later one', async (store, key) => {
    await store.claim(record(key, 'a.1'), Date.now());
    await store.replace(record(key, 'a.2'), 'a.1');
    const last = record(key, 'a.3');
    await store.replace(last, 'a.2');
    assert.deepEqual(await store.replace(record(key, 'a.2'), 'a.1'), last, 'what the late replace returns');
    await holds(store, last);
  }),
];
