import { expect } from 'chai';
import {
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  recordOf,
} from 'retrysafe';

/** A result that was recorded once and replayed. */
export interface Replayed<T> {
  /** What the duplicate got. */
  readonly value: T;
  /** What the store keeps. */
  readonly record: IdempotencyRecord;
}

/** Returns `value` from an idempotent method, calls it again, and returns what the second call got. */
export async function replayed<T>(value: T, options: IdempotentOptions = {}): Promise<Replayed<T>> {
  const store = new InMemoryStore();
  let runs = 0;
  const produceValue = makeIdempotent(
    async function produceValue() {
      runs += 1;
      return value;
    },
    { store, ...options },
  );
  expect(Object.is(await produceValue(), value), 'whether the first caller gets the very result').to.equal(
    true,
  );
  const again = await produceValue();
  expect(runs, 'how often the method ran').to.equal(1);
  return { value: again, record: await storedRecordOf(store, produceValue) };
}

/** The record that a function without arguments left in its store. */
export async function storedRecordOf(
  store: { find(key: string): Promise<IdempotencyRecord | undefined> },
  operation: () => Promise<unknown>,
): Promise<IdempotencyRecord> {
  const view = await recordOf(operation).inspect();
  const record = await store.find(view?.key ?? '');
  return record ?? expect.fail('the store keeps no record of this call');
}

/** What a completed record keeps of its outcome. */
export function storedOutcome({ state }: IdempotencyRecord): Record<string, unknown> {
  expect(state).to.have.property('status', 'completed');
  return state.status === 'completed' ? state.outcome : {};
}
