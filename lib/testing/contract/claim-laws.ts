import assert from 'node:assert/strict';
import { HOUR, holds, type Law, law, record, released } from './law.js';

/** What a claim does. */
export const claimLaws: readonly Law[] = [
  law('a claim on a free key keeps the record and answers with it', async (store, key) => {
    assert.equal(await store.find(key, { consistent: true }), undefined, 'what find answers for a free key');
    const first = record(key, 'a.1');
    assert.deepEqual(await store.claim(first, Date.now()), first, 'what the claim answers');
    await holds(store, first);
  }),
  law('a claim on a held key leaves the holder and answers with it', async (store, key) => {
    const first = record(key, 'a.1', { state: released(7) });
    await store.claim(first, Date.now());
    assert.deepEqual(
      await store.claim(record(key, 'b.1'), Date.now()),
      first,
      'what the second claim answers',
    );
    await holds(store, first);
  }),
  law('a claim that is repeated answers with the record it kept before', async (store, key) => {
    const first = record(key, 'a.1');
    const now = Date.now();
    await store.claim(first, now);
    assert.deepEqual(await store.claim(first, now), first, 'what the repeated claim answers');
  }),
  law('a claim replaces a record from its expiresAt on, and not before', async (store, key) => {
    const now = Date.now();
    const first = record(key, 'a.1', { expiresAt: now + HOUR });
    await store.claim(first, now);
    const next = record(key, 'b.1', { expiresAt: now + 3 * HOUR });
    assert.equal(
      (await store.claim(next, now + HOUR - 1)).token,
      'a.1',
      'the holder a millisecond before expiresAt',
    );
    assert.equal((await store.claim(next, now + HOUR)).token, 'b.1', 'the holder at expiresAt');
    await holds(store, next);
  }),
  law('a claim compares with the time it is given and not with a clock', async (store, key) => {
    const now = Date.now();
    await store.claim(record(key, 'a.1', { expiresAt: now - HOUR }), now - 2 * HOUR);
    const late = await store.claim(record(key, 'b.1'), now - HOUR - 1);
    assert.equal(late.token, 'a.1', 'the holder for a claim whose own time is before expiresAt');
  }),
];
