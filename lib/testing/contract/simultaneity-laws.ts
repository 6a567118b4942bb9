import assert from 'node:assert/strict';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { HOUR, holds, type Law, law, record } from './law.js';

const simultaneous = 25;

/** What becomes of several calls at once. */
export const simultaneityLaws: readonly Law[] = [
  law('of simultaneous claims one wins, and all answer with the winner', async (store, key) => {
    const now = Date.now();
    const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.1`));
    const answers = await Promise.all(owners.map((owner) => store.claim(owner, now)));
    assert.equal(
      new Set(answers.map(({ token }) => token)).size,
      1,
      'how many winners the claims answered with',
    );
    await holds(store, answers[0] as IdempotencyRecord);
  }),
  law(
    'of simultaneous claims on an expired record one wins, and all answer with the winner',
    async (store, key) => {
      const now = Date.now();
      await store.claim(record(key, 'old.1', { expiresAt: now }), now - HOUR);
      const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.1`));
      const answers = await Promise.all(owners.map((owner) => store.claim(owner, now)));
      const winners = new Set(answers.map(({ token }) => token));
      assert.equal(winners.size, 1, 'how many winners the claims answered with');
      assert.ok(!winners.has('old.1'), 'the expired record no longer holds the key');
    },
  ),
  law('of simultaneous replaces one wins, and all answer with the winner', async (store, key) => {
    await store.claim(record(key, 'a.1'), Date.now());
    const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.2`));
    const answers = await Promise.all(owners.map((owner) => store.replace(owner, 'a.1')));
    assert.equal(
      new Set(answers.map((answer) => answer?.token)).size,
      1,
      'how many winners the replaces answered with',
    );
    await holds(store, answers[0] as IdempotencyRecord);
  }),
];
