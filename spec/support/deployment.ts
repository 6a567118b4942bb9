import {
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
  type PersistenceStore,
} from 'retrysafe';
import type { ScriptedStore } from './scripted-store.js';

export type Work = (id: string, context?: unknown) => Promise<unknown>;

let count = 0;

/**
 * One operation, under a name of its own, in several processes. The returned function makes the operation of one process,
 * with its `store` and its `work`. The same store object means the same process.
 */
export function deployable(options: IdempotentOptions = {}) {
  count += 1;
  const name = `deployed operation ${count}`;
  return (store: PersistenceStore, work: Work, more: IdempotentOptions = {}): Work =>
    makeIdempotent((id: string, context?: unknown) => work(id, context), {
      name,
      store,
      ...options,
      ...more,
    });
}

/** The real record of the key that was claimed first, whatever the script does to the store's calls. */
export async function standing(store: ScriptedStore): Promise<IdempotencyRecord | undefined> {
  const key = store.calls.find(({ record }) => record)?.record?.key;
  return key === undefined ? undefined : store.inner.find(key);
}

/** A process that claims the key and dies during the work: it never renews, completes or releases. */
export async function crash(
  operation: ReturnType<typeof deployable>,
  store: ScriptedStore,
  id: string,
): Promise<void> {
  void operation(store, () => new Promise(() => {}))(id);
  await restOfTurn();
  store.always('replace', 'hang');
}

/** Lets everything happen that needs no timer: the rest of this turn of the event loop. */
export function restOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
