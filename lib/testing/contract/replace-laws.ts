import assert from 'node:assert/strict';
import { HOUR, holds, type Law, law, record, released } from './law.js';

/** What a replace does, and a find. */
export const replaceLaws: readonly Law[] = [
  law('a replace puts the record in the place of the one that bears the token', async (store, key) => {
    // With more in its state than what replaces it has.
    await store.claim(record(key, 'a.1', { state: { ...released(1), fingerprint: 'f' } }), Date.now());
    const next = record(key, 'a.2', { state: released(2), expiresAt: Date.now() + 2 * HOUR });
    assert.deepEqual(await store.replace(next, 'a.1'), next, 'what the replace answers');
    await holds(store, next);
  }),
  law('a replace with another token changes nothing and answers with the holder', async (store, key) => {
    const first = record(key, 'a.1');
    await store.claim(first, Date.now());
    for (const token of ['b.1', 'a.11', 'A.1', 'a.', '']) {
      assert.deepEqual(
        await store.replace(record(key, 'b.2'), token),
        first,
        `what a replace after "${token}" answers`,
      );
    }
    await holds(store, first);
  }),
  law('a replace on a free key keeps nothing and answers with nothing', async (store, key) => {
    assert.equal(await store.replace(record(key, 'a.2'), 'a.1'), undefined, 'what the replace answers');
    assert.equal(await store.find(key, { consistent: true }), undefined, 'what find answers afterwards');
  }),
  law('a replace does not look at expiresAt', async (store, key) => {
    const now = Date.now();
    await store.claim(record(key, 'a.1', { expiresAt: now - 1 }), now - HOUR);
    assert.equal(
      (await store.replace(record(key, 'a.2'), 'a.1'))?.token,
      'a.2',
      'the holder after the replace',
    );
  }),
  law('a find does not look at expiresAt', async (store, key) => {
    const now = Date.now();
    const expired = record(key, 'a.1', { expiresAt: now - 1 });
    await store.claim(expired, now - HOUR);
    await holds(store, expired);
  }),
  law('a replace that comes again after a later one changes nothing', async (store, key) => {
    await store.claim(record(key, 'a.1'), Date.now());
    await store.replace(record(key, 'a.2'), 'a.1');
    const last = record(key, 'a.3');
    await store.replace(last, 'a.2');
    assert.deepEqual(await store.replace(record(key, 'a.2'), 'a.1'), last, 'what the late replace answers');
    await holds(store, last);
  }),
];
