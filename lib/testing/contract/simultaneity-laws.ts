import assert from 'node:assert/strict';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import { HOUR_MS, holds, type Law, law, record } from './law.js';

const simultaneous = 25;

/** The laws of several calls at once. */
export const simultaneityLaws: readonly Law[] = [
  law('one of several simultaneous claims wins, and each of them returns the winner', async (store, key) => {
    const now = Date.now();
    const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.1`));
    const answers = await Promise.all(owners.map((owner) => store.claim(owner, now)));
    assert.equal(new Set(answers.map(({ token }) => token)).size, 1, 'how many winners the claims returned');
    await holds(store, answers[0] as IdempotencyRecord);
  }),
  law(
    'one of several simultaneous claims of an expired record wins, and each of them returns the winner',
    async (store, key) => {
      const now = Date.now();
      await store.claim(record(key, 'old.1', { expiresAt: now }), now - HOUR_MS);
      const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.1`));
      const answers = await Promise.all(owners.map((owner) => store.claim(owner, now)));
      const winners = new Set(answers.map(({ token }) => token));
      assert.equal(winners.size, 1, 'how many winners the claims returned');
      assert.ok(!winners.has('old.1'), 'the expired record no longer holds the key');
    },
  ),
  law(
    'one of several simultaneous replaces wins, and each of them returns the winner',
    async (store, key) => {
      await store.claim(record(key, 'a.1'), Date.now());
      const owners = Array.from({ length: simultaneous }, (_, index) => record(key, `${index}.2`));
      const answers = await Promise.all(owners.map((owner) => store.replace(owner, 'a.1')));
      assert.equal(
        new Set(answers.map((answer) => answer?.token)).size,
        1,
        'how many winners the replaces returned',
      );
      await holds(store, answers[0] as IdempotencyRecord);
    },
  ),
];
