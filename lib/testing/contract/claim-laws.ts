import assert from 'node:assert/strict';
import { HOUR_MS, holds, type Law, law, record, released } from './law.js';

/** The laws of `claim()`. */
export const claimLaws: readonly Law[] = [
  law('a claim of a free key keeps the record and returns it', async (store, key) => {
    assert.equal(await store.find(key, { consistent: true }), undefined, 'what find returns for a free key');
    const first = record(key, 'a.1');
    assert.deepEqual(await store.claim(first, Date.now()), first, 'what the claim returns');
    await holds(store, first);
  }),
  law('a claim of a held key changes nothing and returns the holder', async (store, key) => {
    const first = record(key, 'a.1', { state: released(7) });
    await store.claim(first, Date.now());
    assert.deepEqual(
      await store.claim(record(key, 'b.1'), Date.now()),
      first,
      'what the second claim returns',
    );
    await holds(store, first);
  }),
  law('a repeated claim returns the record that the first one kept', async (store, key) => {
    const first = record(key, 'a.1');
    const now = Date.now();
    await store.claim(first, now);
    assert.deepEqual(await store.claim(first, now), first, 'what the repeated claim returns');
  }),
  law('a claim replaces a record at its expiresAt, and not a millisecond before', async (store, key) => {
    const now = Date.now();
    const first = record(key, 'a.1', { expiresAt: now + HOUR_MS });
    await store.claim(first, now);
    const next = record(key, 'b.1', { expiresAt: now + 3 * HOUR_MS });
    assert.equal(
      (await store.claim(next, now + HOUR_MS - 1)).token,
      'a.1',
      'the holder a millisecond before expiresAt',
    );
    assert.equal((await store.claim(next, now + HOUR_MS)).token, 'b.1', 'the holder at expiresAt');
    await holds(store, next);
  }),
  law('a claim compares expiresAt with its argument now, and not with a clock', async (store, key) => {
    const now = Date.now();
    await store.claim(record(key, 'a.1', { expiresAt: now - HOUR_MS }), now - 2 * HOUR_MS);
    const late = await store.claim(record(key, 'b.1'), now - HOUR_MS - 1);
    assert.equal(late.token, 'a.1', 'the holder for a claim whose now is before expiresAt');
  }),
];
