import * as fc from 'fast-check';
import {
  IdempotencyError,
  type IdempotencyRecord,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { marker } from './marker.js';
import { checkPrototypes, checkWords, timed, Violation } from './trial.js';

/** Stores what it gets unchanged, and begins with a foreign record. */
class PlantedStore implements PersistenceStore {
  #kept: IdempotencyRecord | undefined;

  constructor(readonly planted: unknown) {
    this.#kept = planted as IdempotencyRecord;
  }

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    if (this.#kept !== undefined && !(this.#kept?.expiresAt <= now)) return this.#kept;
    this.#kept = record;
    return record;
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    if (this.#kept?.token === token) this.#kept = record;
    return this.#kept;
  }

  async find(): Promise<IdempotencyRecord | undefined> {
    return this.#kept;
  }
}

class Money {
  amount = 1;
}

class Price {
  constructor(readonly text: unknown) {}
}

/** Of which a record may have anything as what `to` gave. */
const price = {
  class: Price,
  name: 'Price',
  to: ({ text }: Price) => text,
  from: (text: unknown) => {
    if (typeof text !== 'string') throw new Error(marker);
    return new Price(text);
  },
};

type Loose = Record<string, unknown>;

/** What makes a record that this library wrote out of some changes to it. */
export interface Plan {
  readonly changes: readonly (readonly [place: string, value: unknown])[];
  readonly readFirst: boolean;
}

const day = 86_400_000;

function sound(key: string): Loose {
  const now = Date.now();
  const outcome = { kind: 'value', json: { marker } };
  const state = {
    format: 1,
    status: 'completed',
    attempt: 1,
    fencingToken: now,
    completedAt: now,
    leaseUntil: now + day,
    outcome,
  };
  return { key, token: 'bm9ib2R5.1', expiresAt: now + day, state };
}

function planted(key: string, { changes }: Plan): Loose {
  const record = sound(key);
  for (const [place, value] of changes) {
    const names = place.split('.');
    const last = names.pop() as string;
    const at = names.reduce<unknown>((part, name) => (part as Loose | undefined)?.[name], record);
    // A copy of its own: it may be changed as well, by the next change and by the next record.
    if (typeof at === 'object' && at !== null) (at as Loose)[last] = copied(value);
  }
  return record;
}

/** A copy of what can be changed in place: flat lists and objects. Deep ones, which no change reaches into, stay. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return [...value];
  return typeof value === 'object' && value !== null
    ? Object.defineProperties({}, Object.getOwnPropertyDescriptors(value))
    : value;
}

/** Whether a call may run where this record stands. */
function mayRun(record: Loose): boolean {
  const { token, expiresAt, state } = record;
  // The store itself lets go of what has expired, whatever it is.
  if ((expiresAt as number) <= Date.now()) return true;
  if (typeof token !== 'string' || !Number.isFinite(expiresAt)) return false;
  const { status, leaseUntil } = (state ?? {}) as Loose;
  return (
    status === 'released' ||
    status === 'unknown' ||
    (status === 'in-progress' && (leaseUntil as number) <= Date.now())
  );
}

/** A call that meets such a record is answered, or refused clearly, and runs only where it may. */
export async function checkRecord(what: string, plan: Plan): Promise<string> {
  let record: Loose | undefined;
  const store = new Proxy({} as PersistenceStore, {
    get: (_, step) =>
      step === 'changed'
        ? undefined
        : (first: IdempotencyRecord | string, ...rest: never[]) => {
            record ??= planted(typeof first === 'string' ? first : first.key, plan);
            planting ??= new PlantedStore(record);
            return (planting as never as Record<string | symbol, (...args: unknown[]) => unknown>)[step]?.(
              first,
              ...rest,
            );
          },
  });
  let planting: PlantedStore | undefined;
  let runs = 0;
  const place = makeIdempotent(
    async (_id: string) => {
      runs += 1;
      return 'ran';
    },
    { store, name: 'Hostile.place', wait: 0, classes: [Money, price], readFirst: plan.readFirst },
  );
  const ending = await timed(what, () =>
    place('1').then(
      (value: unknown) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  );
  checkPrototypes(what);
  const isRun = runs > 0;
  if (isRun && !mayRun(planted('', plan))) throw new Violation(`${what}: the method ran again`);
  if (runs > 1) throw new Violation(`${what}: the method ran twice`);
  for (const ask of [() => recordOf(place, '1').inspect(), () => recordOf(place, '1').forget()]) {
    const error = await timed(what, () =>
      ask().then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );
    if (error !== undefined) checkRefusal(what, error);
  }
  if ('value' in ending) {
    const { value } = ending;
    if (
      typeof value === 'object' &&
      value !== null &&
      'polluted' in value &&
      !Object.hasOwn(value, 'polluted')
    )
      throw new Violation(`${what}: the result has inherited something`);
    return isRun ? 'ran' : 'replayed';
  }
  if (ending.error instanceof IdempotencyError) checkRefusal(what, ending.error);
  else if ((planted('', plan).state as Loose | undefined)?.status !== 'completed')
    throw new Violation(`${what}: ended by an error that was never recorded`);
  return ending.error instanceof IdempotencyError ? ending.error.code : 'replayed';
}

function checkRefusal(what: string, error: unknown): void {
  if (!(error instanceof IdempotencyError))
    throw new Violation(`${what}: refused by no error of ours: ${error}`);
  checkWords(what, error);
  if (!error.message.startsWith('Hostile.place: '))
    throw new Violation(`${what}: the error names no operation`);
}

const odd: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e308,
  2n ** 70n,
  true,
  marker,
  String(Date.now() + day),
  [],
  {},
  [[]],
  () => marker,
  JSON.parse('{"__proto__":{"polluted":true}}'),
];
const places = [
  'key',
  'token',
  'expiresAt',
  'state',
  ...[
    'format',
    'status',
    'attempt',
    'fencingToken',
    'fingerprint',
    'completedAt',
    'leaseUntil',
    'outcome',
  ].map((name) => `state.${name}`),
  'state.outcome.kind',
  'state.outcome.json',
  'state.outcome.devalue',
  'state.outcome.encoded',
  'state.outcome.encodedBytes',
  'state.outcome.head',
  'state.outcome.base64',
];
const statuses = ['in-progress', 'completed', 'unknown', 'released'];

const change = fc.oneof(
  fc.tuple(fc.constantFrom(...places), fc.constantFrom(...odd)),
  fc.tuple(fc.constant('state.status'), fc.constantFrom(...statuses)),
  fc.tuple(fc.constant('expiresAt'), fc.constantFrom(1, 8.64e15, Number.MAX_SAFE_INTEGER)),
);

/** A record that has been changed in a few places. */
export const plan: fc.Arbitrary<Plan> = fc.record({
  changes: fc.array(change, { maxLength: 4 }),
  readFirst: fc.boolean(),
});

const types = [
  ...[
    'Date',
    'Map',
    'Set',
    'BigInt',
    'RegExp',
    'Object',
    'null',
    'URL',
    'ArrayBuffer',
    'Uint8Array',
    'Array',
  ],
  ...[
    'Float64Array',
    'DataView',
    'Temporal.Instant',
    'Buffer',
    'Error',
    'entries',
    'json',
    'fields',
    '=Money',
    '=Price',
    'own',
  ],
  ...['=Nothing', 'constructor', '__proto__', 'toString', marker],
];
const index = fc.oneof(fc.nat(8), fc.constantFrom(-1, -2, -6, -7, -99, 0.5, 4e9, '1', null));
const part = fc.oneof(
  fc.constantFrom<unknown>(
    1,
    'Error',
    'DOMException',
    'Map',
    'RegExp',
    'lastIndex',
    '__proto__',
    marker,
    null,
    true,
    '',
    '@@@@',
    'AAAA',
  ),
  fc.tuple(fc.constantFrom(...types), index, index),
  fc.tuple(fc.constantFrom(...types), index),
  fc.array(index, { maxLength: 4 }),
  fc.tuple(fc.constant(-7), fc.constantFrom(3, 4e9, 1e8), index, index),
  fc.dictionary(
    fc.constantFrom(
      'name',
      'message',
      'fields',
      'cause',
      '__proto__',
      'then',
      'buffer',
      'length',
      'polluted',
      'native',
      'hidden',
      'errors',
    ),
    index,
    { maxKeys: 4 },
  ),
);

/** A record whose outcome is a text like those of the codec's library. */
export const codedPlan: fc.Arbitrary<Plan> = fc
  .record({
    kind: fc.constantFrom('value', 'error'),
    parts: fc.array(part, { minLength: 1, maxLength: 8 }),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
    readFirst: fc.boolean(),
  })
  .map(({ kind, parts, cut, readFirst }) => {
    const text = JSON.stringify(parts);
    const devalue = text.slice(0, text.length - cut);
    return { changes: [['state.outcome', { kind, devalue }]] as const, readFirst };
  });

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

const coded = (devalue: string) => () => ({ kind: 'value', devalue });

/** Outcomes that would take a reader to its end, and what becomes of them. */
export const catastrophes: Readonly<Record<string, readonly [outcome: () => unknown, ending: string]>> = {
  'lists of a hundred thousand levels': [
    () => ({ kind: 'value', json: nested(100_000) }),
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
  'the same, coded': [
    coded(`[${Array.from({ length: 100_000 }, (_, at) => `[${at + 1}]`).join(',')},1]`),
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
  'a million brackets': [coded('['.repeat(1_000_000)), 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE'],
  'a list of four thousand million holes': [coded('[[-7,4000000000,3999999999,1],1]'), 'replayed'],
  'one list in two to the power of sixty places': [
    coded(`[${Array.from({ length: 60 }, (_, at) => `[${at + 1},${at + 1}]`).join(',')},1]`),
    'replayed',
  ],
  'a text of ten megabytes': [coded(JSON.stringify([marker.repeat(500_000)])), 'replayed'],
  'an integer of a million digits': [coded(`[["BigInt","${'9'.repeat(1_000_000)}"]]`), 'replayed'],
  'a Buffer of gigabytes': [
    coded('[["Buffer",1],{"buffer":2},{"length":3},4000000000]'),
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
  'bytes of which their JSON is nested too deeply': [
    () => ({ kind: 'value', head: { nested: nested(100_000) }, base64: 'AA==' }),
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
  'ten megabytes that are no base64': [
    () => ({ kind: 'value', head: {}, base64: '\ud800'.repeat(10_000_000) }),
    'replayed',
  ],
  'a reason of a megabyte': [
    () => ({ kind: 'none', reason: 'x'.repeat(1_000_000) }),
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
  'a cycle in JSON': [
    () => {
      const list: unknown[] = [];
      return { kind: 'value', json: list, also: list.push(list) };
    },
    'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
  ],
};
