import type { IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import type { RecordState } from '../../record/record.js';
import type { StoreReference } from './store-reference.js';

type Answer = IdempotencyRecord | undefined;

/** An operation on one key: as a store does it, and as the reference does. */
export interface StoreOperationCase {
  /** As a story calls it. */
  readonly name: string;
  readonly ask: (store: PersistenceStore, key: string) => Promise<Answer>;
  readonly expect: (reference: StoreReference, key: string) => Answer;
  /** What it writes. */
  readonly record?: (key: string) => IdempotencyRecord;
  /** The token that it writes, and the one that it replaces. */
  readonly token?: string;
  readonly from?: string;
}

/** What was done before, and what is done at once. */
export interface StoreCase {
  readonly before: readonly StoreOperationCase[];
  readonly atOnce: readonly StoreOperationCase[];
}

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 86_400_000;

function record(
  key: string,
  token: string,
  status: 'in-progress' | 'completed',
  expiresAt = LATER,
): IdempotencyRecord {
  const own = { format: 1, attempt: 1, fencingToken: NOW, startedAt: NOW } as const;
  const state: RecordState =
    status === 'completed'
      ? { ...own, status, completedAt: NOW, outcome: { kind: 'value', json: token } }
      : { ...own, status, leaseUntil: NOW + 30_000 };
  return { key, token, expiresAt, state };
}

function claim(token: string, now: number, expiresAt?: number): StoreOperationCase {
  const when = now === NOW ? '' : ' after its expiry';
  return {
    name: `claim by ${token}${when}`,
    token,
    ask: (store, key) => store.claim(record(key, token, 'in-progress', expiresAt), now),
    expect: (reference, key) => reference.claim(record(key, token, 'in-progress', expiresAt), now),
    record: (key) => record(key, token, 'in-progress', expiresAt),
  };
}

function replace(from: string, token: string): StoreOperationCase {
  return {
    name: `replace of ${from} by ${token}`,
    token,
    from,
    ask: (store, key) => store.replace(record(key, token, 'completed'), from),
    expect: (reference, key) => reference.replace(record(key, token, 'completed'), from),
    record: (key) => record(key, token, 'completed'),
  };
}

const find: StoreOperationCase = {
  name: 'find',
  ask: (store, key) => store.find(key, { consistent: true }),
  expect: (reference) => reference.find(),
};

/** What there may be before: nothing, a claim, a completed record, one that has expired. */
const beginnings: readonly (readonly StoreOperationCase[])[] = [
  [],
  [claim('a.1', NOW)],
  [claim('a.1', NOW), replace('a.1', 'a.2')],
  [claim('a.1', NOW, NOW + 1)],
];

const operations: readonly StoreOperationCase[] = [
  claim('b.1', NOW),
  claim('c.1', LATER),
  replace('a.1', 'a.2'),
  replace('a.1', 'd.1'),
  replace('a.2', 'e.1'),
  replace('b.1', 'b.2'),
  find,
];

/** All that can be done at once with so many operations, after each beginning: no operation twice, since a token names one version. */
export function storeCases(most: number): StoreCase[] {
  return beginnings
    .flatMap((before) => sets(operations, most).map((atOnce) => ({ before, atOnce })))
    .filter(
      ({ before, atOnce }) => atOnce.length > 0 && !atOnce.some((one) => isTooEarly(one, before, atOnce)),
    );
}

/** Nobody replaces a record before they have seen it, nor writes one that was written before. */
function isTooEarly(
  { token, from }: StoreOperationCase,
  before: readonly StoreOperationCase[],
  atOnce: readonly StoreOperationCase[],
): boolean {
  const isIn = (operations: readonly StoreOperationCase[], written: string) =>
    operations.some((one) => one.token === written);
  if (token !== undefined && isIn(before, token)) return true;
  return from !== undefined && isIn(atOnce, from) && !isIn(before, from);
}

function sets<T>(all: readonly T[], most: number): T[][] {
  if (most === 0 || all.length === 0) return [[]];
  const [first, ...rest] = all as [T, ...T[]];
  return [...sets(rest, most - 1).map((set) => [first, ...set]), ...sets(rest, most)];
}
