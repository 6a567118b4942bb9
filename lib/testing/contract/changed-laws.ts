import assert from 'node:assert/strict';
import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import { type Law, law, record } from './law.js';

/** How long a law waits for `changed()`. It is less than the shortest timeout of a test: mocha's is 2 seconds. */
const PATIENCE_MS = 1_500;

/** The laws of `changed()`, for a store that has it. */
export const changedLaws: readonly Law[] = [
  law('changed() resolves once when the store has begun to listen', (store, key) =>
    listening(async (signal) => {
      await resolves(changed(store, key, signal), 'the first call with a signal');
    }),
  ),
  law('changed() resolves each time that a replace writes the record of its key', (store, key) =>
    listening(async (signal) => {
      const kept = await begin(store, key, signal);
      const first = changed(store, key, signal);
      const next = await replace(store, kept);
      await resolves(first, 'a call during which a replace wrote');
      const second = changed(store, key, signal);
      await replace(store, next);
      await resolves(second, 'a call during which a second replace wrote');
    }),
  ),
  law('changed() resolves for a replace between two calls with the same signal', (store, key) =>
    listening(async (signal) => {
      const kept = await begin(store, key, signal);
      await replace(store, kept);
      await resolves(changed(store, key, signal), 'a call after a replace wrote');
    }),
  ),
  law('changed() resolves for each signal, also when another one has aborted', (store, key) =>
    listening(async (signal, otherSignal, abortOther) => {
      const kept = await begin(store, key, signal);
      await resolves(changed(store, key, otherSignal), 'the first call with a second signal');
      const both = [changed(store, key, signal), changed(store, key, otherSignal)];
      const next = await replace(store, kept);
      await resolves(Promise.all(both), 'two calls with two signals during which a replace wrote');
      abortOther();
      const remaining = changed(store, key, signal);
      await replace(store, next);
      await resolves(remaining, 'a call during which a replace wrote, after the other signal aborted');
    }),
  ),
  law('changed() ends when its signal aborts', (store, key) =>
    listening(async (signal, otherSignal, abortOther) => {
      await resolves(changed(store, key, otherSignal), 'the first call with a signal');
      const pending = changed(store, key, otherSignal);
      abortOther();
      await settles(pending, 'a call whose signal aborted');
      await settles(changed(store, key, otherSignal), 'a call whose signal had aborted before');
      const kept = await begin(store, key, signal);
      await replace(store, kept);
      await resolves(changed(store, key, signal), 'a call with a new signal after a replace wrote');
    }),
  ),
];

/** The law for a lost connection, for a test that can break the one on which the store listens. */
export function lostConnectionLaw(loseConnection: (store: PersistenceStore) => unknown): Law {
  return law('changed() does not stay pending when its connection is lost', (store, key) =>
    listening(async (signal) => {
      await begin(store, key, signal);
      const pending = changed(store, key, signal);
      await loseConnection(store);
      await settles(pending, 'a call whose connection is lost');
    }),
  );
}

/** Runs a check with two signals, and aborts both at its end, so that a store listens no longer. */
async function listening(
  check: (signal: AbortSignal, otherSignal: AbortSignal, abortOther: () => void) => Promise<void>,
): Promise<void> {
  const [own, other] = [new AbortController(), new AbortController()];
  try {
    await check(own.signal, other.signal, () => other.abort());
  } finally {
    own.abort();
    other.abort();
  }
}

function changed(store: PersistenceStore, key: string, signal: AbortSignal): Promise<void> {
  assert.ok(store.changed, 'the store has a method changed()');
  const notice = store.changed(key, signal);
  // It may reject before the law awaits it, which is no unhandled rejection.
  notice.catch(() => {});
  return notice;
}

/** Claims the key, and waits until the store listens. */
async function begin(store: PersistenceStore, key: string, signal: AbortSignal): Promise<IdempotencyRecord> {
  const first = record(key, 'a.1');
  await store.claim(first, Date.now());
  await resolves(changed(store, key, signal), 'the first call with a signal');
  return first;
}

/** Writes the next record of the same owner. */
async function replace(store: PersistenceStore, { key, token }: IdempotencyRecord) {
  const next = record(key, `a.${Number(token.slice(2)) + 1}`);
  const holder = await store.replace(next, token);
  assert.equal(holder?.token, next.token, 'the holder after a replace with the current token');
  return next;
}

/** Waits until a promise settles, whichever way. */
async function settles(promise: Promise<unknown>, what: string): Promise<void> {
  await resolves(
    promise.catch(() => {}),
    what,
    'resolves or rejects',
  );
}

async function resolves(promise: Promise<unknown>, what: string, does = 'resolves'): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `changed(): ${what} ${does} within ${PATIENCE_MS} ms`;
    timer = setTimeout(() => reject(new assert.AssertionError({ message })), PATIENCE_MS);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
