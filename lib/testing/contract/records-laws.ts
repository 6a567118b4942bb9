import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ConfigurationError } from '../../errors.js';
import type {
  IdempotencyRecord,
  ListedRecord,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../../record/persistence-store.js';
import { FORMAT, type RecordState } from '../../record/record.js';
import { completed, completedWithBytes, HOUR_MS, holds, type Law, law, record } from './law.js';

/** More pages than any law needs, so that a store whose cursors lead nowhere ends. */
const MOST_PAGES = 500;

/** The laws of `records()` and `planRecords()`, for a store that has them. */
export const recordsLaws: readonly Law[] = [
  law('records() lists each record once or more, a page at a time, and changes none', async (store) => {
    const operation = newOperation();
    const kept = await keepEach(
      store,
      Array.from({ length: 7 }, () => keyOf(operation)),
    );
    for (const limit of [1, 3, 7, 1_000])
      assert.deepEqual(
        keysOf(await all(store, { operation, limit })),
        keysOf(kept),
        `the keys, ${limit} a page`,
      );
    const listed = await all(store, { operation });
    for (const own of kept) {
      assert.deepEqual(listed.find(isOf(own)), own, 'a record as it is listed');
      await holds(store, own);
    }
  }),
  law(
    'records() lists the records of a status, those of any, and tells which are abandoned',
    async (store) => {
      const operation = newOperation();
      const now = Date.now();
      const kept = await keepEach(
        store,
        states(now).map(() => keyOf(operation)),
        (index) => ({
          state: states(now)[index] as RecordState,
        }),
      );
      const ofStatus = (...names: string[]) =>
        keysOf(kept.filter((_, index) => names.includes(statesNames[index] as string)));
      const expected = {
        'in-progress': ofStatus('running', 'abandoned'),
        abandoned: ofStatus('abandoned'),
        completed: ofStatus('value', 'error', 'none'),
        unknown: ofStatus('unknown'),
        released: ofStatus('released'),
      } as const;
      for (const [status, keys] of Object.entries(expected)) {
        const query = { operation, status: status as 'unknown', now };
        assert.deepEqual(keysOf(await all(store, query)), keys, `the keys with the status ${status}`);
      }
      assert.deepEqual(
        keysOf(await all(store, { operation, now })),
        keysOf(kept),
        'the keys with any status',
      );
    },
  ),
  law('records() lists the records of one operation, whatever its name', async (store) => {
    const name = newOperation();
    const names = [
      name,
      `${name}#2`,
      `${name}2`,
      `${name}#`,
      `${name}%`,
      `${name}_`,
      `${name}*`,
      `${name}[a]`,
    ];
    const keys = new Map(names.map((operation) => [operation, keyOf(operation)]));
    await keepEach(store, [...keys.values()]);
    for (const [operation, key] of keys)
      assert.deepEqual(keysOf(await all(store, { operation })), [key], `the keys of ${operation}`);
    assert.deepEqual(await all(store, { operation: `${name}?` }), [], 'the keys of an operation without any');
  }),
  law('records() lists the records whose keys begin with a prefix, whatever its letters', async (store) => {
    const name = newOperation();
    const endings = ['', '%', '_', '*', '?', '[a-z]', '\\', '"', "'", 'é', '\u{1f600}', 'Z', 'z'];
    const keys = endings.map((ending) => `${name}${ending}#1`);
    await keepEach(store, keys);
    assert.deepEqual(
      keysOf(await all(store, { prefix: name })),
      [...keys].sort(),
      'the keys with the common prefix',
    );
    for (const ending of endings.slice(1)) {
      const prefix = `${name}${ending}`;
      const expected = keys.filter((key) => key.startsWith(prefix));
      assert.deepEqual(keysOf(await all(store, { prefix })), expected, `the keys that begin with ${prefix}`);
    }
    const [whole = ''] = keys;
    assert.deepEqual(
      keysOf(await all(store, { prefix: whole, operation: name })),
      [whole],
      'the key that is the prefix',
    );
    assert.deepEqual(
      await all(store, { prefix: `${name}Z`, operation: name }),
      [],
      'the keys of two conditions that no key meets',
    );
  }),
  law('records() lists the records that have had their status since before an instant', async (store) => {
    const operation = newOperation();
    const since = (at: number): readonly RecordState[] => [
      { ...header('in-progress', at), startedAt: at, leaseUntil: at + 1 },
      { ...header('completed', 1), completedAt: at, outcome: { kind: 'value', json: 1 } },
      { ...header('unknown', at) },
      { ...header('released', 2), about: { run: 2, at } },
    ];
    const kept = await keepEach(
      store,
      [1_000, 2_000].flatMap(since).map(() => keyOf(operation)),
      (index) => ({
        state: [1_000, 2_000].flatMap(since)[index] as RecordState,
      }),
    );
    const early = keysOf(kept.slice(0, 4));
    assert.deepEqual(
      keysOf(await all(store, { operation, olderThan: 1_001 })),
      early,
      'the keys of an instant after the first half',
    );
    assert.deepEqual(
      keysOf(await all(store, { operation, olderThan: 2_000, limit: 1 })),
      early,
      'the keys of the instant of the second half',
    );
    assert.deepEqual(
      await all(store, { operation, olderThan: 1_000 }),
      [],
      'the keys of the instant of the first half',
    );
  }),
  law('records() leaves out what has expired by its argument now, and not by a clock', async (store) => {
    const operation = newOperation();
    const now = Date.now();
    const [kept] = await keepEach(store, [keyOf(operation)], () => ({ expiresAt: now + HOUR_MS }));
    const listed = (at: number) => all(store, { operation, now: at });
    assert.deepEqual(
      keysOf(await listed(now + HOUR_MS - 1)),
      [kept?.key],
      'the keys a millisecond before expiresAt',
    );
    assert.deepEqual(await listed(now + HOUR_MS), [], 'the keys at expiresAt');
    const [past] = await keepEach(
      store,
      [keyOf(newOperation())],
      () => ({ expiresAt: now - 1 }),
      now - HOUR_MS,
    );
    const query = { prefix: past?.key as string, now: now - 2 };
    assert.deepEqual(
      keysOf(await all(store, query)),
      [past?.key],
      'the keys of a present before the one of the clock',
    );
  }),
  law(
    'records() lists of an outcome no more than its kind, and the reason where there is none',
    async (store) => {
      const operation = newOperation();
      const outcomes = Object.entries(outcomesByKind);
      const kept = await keepEach(
        store,
        outcomes.map(() => keyOf(operation)),
        (index) => ({
          state: outcomes[index]?.[1] as RecordState,
        }),
      );
      const listed = await all(store, { operation });
      for (const [index, own] of kept.entries()) {
        const outcome = (own.state as { outcome: { kind: string; reason?: string } }).outcome;
        const state = { ...own.state, outcome: outcome.kind === 'none' ? outcome : { kind: outcome.kind } };
        assert.deepEqual(
          listed.find(isOf(own)),
          { ...own, state },
          `${outcomes[index]?.[0]} as it is listed`,
        );
        await holds(store, own);
      }
    },
  ),
  law(
    'records() lists what matches all the while, also where others are written meanwhile',
    async (store) => {
      const operation = newOperation();
      const status = 'unknown';
      const kept = await keepEach(
        store,
        Array.from({ length: 12 }, () => keyOf(operation)),
        () => ({
          state: header(status, 1),
        }),
      );
      const listed: ListedRecord[] = [];
      const changed = new Set<string>();
      for await (const { records } of pages(store, { operation, status, limit: 2 })) {
        listed.push(...records);
        // One that was listed, one that was not yet, and one that is new.
        const isListed = (own: IdempotencyRecord) => listed.some(isOf(own));
        const others = kept.filter((own) => !changed.has(own.key));
        for (const own of [others.find(isListed), others.findLast((one) => !isListed(one))]) {
          if (!own || changed.size > 6) continue;
          changed.add(own.key);
          await store.replace({ ...own, token: 'a.2', state: header('released', 1) }, own.token);
        }
        await keepEach(store, [keyOf(operation)]);
      }
      for (const own of kept.filter(({ key }) => !changed.has(key)))
        assert.ok(listed.some(isOf(own)), 'a record that nobody has changed is listed');
      for (const { state } of listed)
        assert.equal(state.status, status, 'the status of a record that is listed');
    },
  ),
  law('records() lists what it cannot read where no status is asked for', async (store) => {
    const operation = newOperation();
    const damaged = [
      'damaged',
      { format: 99, status: 'unknown' },
      { format: FORMAT, status: 'done' },
    ] as unknown[];
    const kept = await keepEach(
      store,
      damaged.map(() => keyOf(operation)),
      (index) => ({
        state: damaged[index] as RecordState,
      }),
    );
    assert.deepEqual(keysOf(await all(store, { operation })), keysOf(kept), 'the keys with any status');
    for (const status of ['unknown', 'in-progress', 'completed', 'released', 'abandoned'] as const)
      assert.deepEqual(await all(store, { operation, status }), [], `the keys with the status ${status}`);
    assert.deepEqual(
      await all(store, { operation, olderThan: Number.MAX_SAFE_INTEGER }),
      [],
      'the keys before an instant',
    );
  }),
  law('records() and planRecords() refuse a wrong option, and name it', async (store) => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      limit: [0, 1_001, 1.5, '10', null],
      status: ['done', '', 'unreadable', null],
      operation: [7, null],
      prefix: [7, null],
      olderThan: ['yesterday', Number.NaN, null],
      now: ['now', Number.POSITIVE_INFINITY],
      cursor: ['', 'law#1', 7, null, Buffer.from('["other","","law#1"]').toString('base64url')],
      order: ['descending'],
    };
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) {
        const query = { [option]: value } as RecordQuery;
        await refuses(() => list(store, query), option);
        if (store.planRecords) await refuses(() => plan(store, query), option);
      }
    }
  }),
  law('planRecords() tells how records() would list, and how much', async (store) => {
    const operation = newOperation();
    await keepEach(store, [keyOf(operation)], () => ({ state: header('unknown', 1) }));
    for (const query of [
      {},
      { operation },
      { status: 'unknown' },
      { status: 'abandoned', operation },
    ] as const) {
      const { by, records, cost, ...rest } = await plan(store, query);
      assert.ok(by === 'index' || by === 'scan', 'it is by index or by scan');
      assert.ok(records === undefined || records >= 0, 'how many records is a number, or absent');
      assert.ok(cost === undefined || cost.length > 0, 'the cost is a text, or absent');
      assert.deepEqual(rest, {}, 'what a plan has besides');
    }
  }),
];

const newOperation = () => `law ${randomUUID()}`;
const keyOf = (operation: string) => `${operation}#${randomUUID()}`;
const keysOf = (records: readonly IdempotencyRecord[]) => [...new Set(records.map(({ key }) => key))].sort();
const isOf =
  ({ key }: IdempotencyRecord) =>
  (other: IdempotencyRecord) =>
    other.key === key;

function header<Status extends RecordState['status']>(status: Status, fencingToken: number) {
  return { format: FORMAT, status, attempt: 1, fencingToken } as Extract<RecordState, { status: Status }>;
}

const statesNames = ['running', 'abandoned', 'value', 'error', 'none', 'unknown', 'released'] as const;

/** A state of each kind, by the names above. */
function states(now: number): readonly RecordState[] {
  const end = { ...header('completed', 1), completedAt: 1 };
  return [
    { ...header('in-progress', 1), startedAt: now, leaseUntil: now + 1 },
    { ...header('in-progress', 1), startedAt: now, leaseUntil: now },
    { ...end, outcome: { kind: 'value', json: { status: 'unknown' } } },
    { ...end, outcome: { kind: 'error', json: {} } },
    { ...end, outcome: { kind: 'none', reason: 'it is a stream' } },
    header('unknown', 1),
    { ...header('released', 1), fingerprint: 'unknown' },
  ];
}

/** Outcomes whose content looks like a state, is large, or has another form. */
const outcomesByKind: Readonly<Record<string, RecordState>> = {
  'a value': completed({ outcome: { kind: 'value', json: '"outcome":{"kind":"value"' } }),
  'a large value': completed('é'.repeat(20_000)),
  'a value as text': {
    ...header('completed', 1),
    completedAt: 1,
    outcome: { kind: 'value', devalue: '[1]' },
  },
  bytes: completedWithBytes({ status: 200 }, Buffer.from('\0\u00e9').toString('base64')),
  'an error': {
    ...header('completed', 1),
    completedAt: 1,
    outcome: { kind: 'error', json: { outcome: { kind: 'value' } } },
  },
  'no outcome': {
    ...header('completed', 1),
    completedAt: 1,
    outcome: { kind: 'none', reason: 'no "outcome":{"kind":"value"' },
  },
  'a value behind what the record says of itself': {
    ...header('completed', 1),
    completedAt: 1,
    fingerprint: 'f',
    about: {
      by: '"outcome":{"kind":"value"}',
      why: { kind: 'error', error: 'Error', text: 'x'.repeat(5_000) },
    },
    outcome: { kind: 'value', json: [1] },
  },
};

/** Keeps a record under each key, with a change of its own. */
async function keepEach(
  store: PersistenceStore,
  keys: readonly string[],
  change: (index: number) => Partial<IdempotencyRecord> = () => ({}),
  now = Date.now(),
): Promise<readonly IdempotencyRecord[]> {
  const kept = keys.map((key, index) => record(key, 'a.1', change(index)));
  for (const one of kept) await store.claim(one, now);
  return kept;
}

function list(store: PersistenceStore, query: RecordQuery): Promise<RecordPage> {
  assert.ok(store.records, 'the store has a method records()');
  return store.records(query);
}

async function plan(store: PersistenceStore, query: RecordQuery) {
  assert.ok(store.planRecords, 'the store has a method planRecords()');
  return store.planRecords(query);
}

async function* pages(store: PersistenceStore, query: RecordQuery): AsyncGenerator<RecordPage> {
  let cursor: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const page = await list(store, { ...query, ...(cursor !== undefined && { cursor }) });
    assert.ok(page.records.length <= (query.limit ?? 100), 'a page has no more records than the limit');
    assert.ok(page.examined >= page.records.length, 'it has read what it returns');
    yield page;
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
  assert.fail(`the cursors lead to an end within ${MOST_PAGES} pages`);
}

async function all(store: PersistenceStore, query: RecordQuery): Promise<readonly ListedRecord[]> {
  const listed: ListedRecord[] = [];
  for await (const { records } of pages(store, query)) listed.push(...records);
  return listed;
}

async function refuses(ask: () => Promise<unknown>, option: string): Promise<void> {
  const refusal = await ask().then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(refusal instanceof ConfigurationError, `a wrong "${option}" rejects with a ConfigurationError`);
  assert.ok(refusal.message.includes(`"${option}"`), `the error names the option "${option}"`);
}
