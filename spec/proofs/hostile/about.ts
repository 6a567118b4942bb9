import * as fc from 'fast-check';
import {
  IdempotencyError,
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
  type PersistenceStore,
  type RecordView,
  recordOf,
} from 'retrysafe';
import { RecordedEvents } from '../../support/recorded-events.js';
import { gaveAway, marker } from './marker.js';
import { checkPrototypes, checkWords, timed, Violation } from './trial.js';
import { largeValues, type MakeValue, smallValues } from './values.js';

type Loose = Record<string, unknown>;

/** Has one record at first, which is whatever it is, and keeps what follows it. */
class OneRecord implements PersistenceStore {
  constructor(public kept: IdempotencyRecord) {}

  async claim(): Promise<IdempotencyRecord> {
    return this.kept;
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord> {
    if (this.kept.token === token) this.kept = record;
    return this.kept;
  }

  async find(): Promise<IdempotencyRecord> {
    return this.kept;
  }
}

const now = Date.now();
const day = 86_400_000;
/** The fencing token of the record, by which it tells of its own run. */
const run = now - 1;

/** What a key is when it is met. */
const states: Readonly<Record<string, Loose>> = {
  'with a value': { status: 'completed', completedAt: now, outcome: { kind: 'value', json: 'kept' } },
  'without an outcome': { status: 'completed', completedAt: now, outcome: { kind: 'none', reason: 'no' } },
  'that is free': { status: 'released' },
  'that is unknown': { status: 'unknown' },
  'that was abandoned': { status: 'in-progress', startedAt: now - day, leaseUntil: now - day },
  'that is held': { status: 'in-progress', startedAt: now, leaseUntil: now + day },
};

type Place = (value: unknown) => unknown;
const field =
  (name: string, more: Loose = {}): Place =>
  (value) => ({ run, ...more, [name]: value });
const pastState = { status: 'released', attempt: 1 };

/** Where in what it tells of itself a record has something hostile. */
const places: Readonly<Record<string, Place>> = {
  'in place of all': (value) => value,
  'as its run': (value) => ({ run: value, by: marker }),
  ...Object.fromEntries(
    ['startedAt', 'at', 'renewedAt', 'by', 'why', 'traceparent', 'past', marker].map((name) => [
      `as its ${name}`,
      field(name),
    ]),
  ),
  'as the kind of its reason': (kind) => field('why')({ kind, error: marker }),
  'as the class of its error': (error) => field('why')({ kind: 'error', error }),
  'as the text of its error': (text) => field('why')({ kind: 'error', error: 'Error', text }),
  'as what was decided': (as) => field('why')({ kind: 'resolved', as }),
  'as why it was decided': (reason) => field('why')({ kind: 'resolved', as: 'refuse', reason }),
  'as each state before': (state) => field('past')(Array.from({ length: 20 }, () => state)),
  'as the status before': (status) => field('past')([{ ...pastState, status }]),
  'as the attempt before': (attempt) => field('past')([{ ...pastState, attempt }]),
  'as who was before': (by) => field('past')([{ ...pastState, by }]),
};

/** Where a large value costs most. */
const costly = ['in place of all', 'as its by', 'as its past', 'as who was before'];

const texts: Readonly<Record<string, MakeValue>> = {
  'control characters': () => '\u0000\u001b[2J\u001b]0;x\u0007\r\n\u2028\u202e',
  'an instant without end': () => Number.POSITIVE_INFINITY,
  'a name of Object': () => 'constructor',
  'a name of its prototype': () => '__proto__',
  'its own about': () => ({ run, by: marker, past: [{ ...pastState, past: [pastState] }] }),
  'a proxy that throws whatever is read': () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error(marker);
        },
        has() {
          throw new Error(marker);
        },
      },
    ),
  'a list whose length throws': () =>
    new Proxy([], {
      get(list, name) {
        if (name === 'length') throw new Error(marker);
        return Reflect.get(list, name);
      },
    }),
  'an array of a million states': () => Array.from({ length: 1_000_000 }, () => pastState),
};

/** Of the large ones what can be in JSON, which is what stores have. */
const large = [
  'objects in objects',
  'lists in lists',
  'a text of ten megabytes',
  'a name of ten megabytes',
  'a million numbers',
  'two hundred thousand properties',
];
const values: Readonly<Record<string, MakeValue>> = {
  ...smallValues,
  ...texts,
  ...Object.fromEntries(large.map((name) => [name, largeValues[name] as MakeValue])),
};

/** The names of all that is tried. */
export const everyAbout = Object.keys(values);

export const about = fc.record({
  name: fc.constantFrom(...Object.keys({ ...smallValues, ...texts })),
  place: fc.constantFrom(...Object.keys(places)),
  state: fc.constantFrom(...Object.keys(states)),
});

type AboutCase = typeof about extends fc.Arbitrary<infer Case> ? Case : never;

/** Tries a value at every place, in a record of every status. */
export async function checkEverywhereInAbout(name: string): Promise<void> {
  const isLarge = large.includes(name);
  for (const place of isLarge ? costly : Object.keys(places))
    for (const state of isLarge ? ['that was abandoned'] : Object.keys(states))
      await checkAbout({ name, place, state });
}

/** Whatever a record says of itself: each call and each operator gets what they get of a record that says nothing. */
export async function checkAbout({ name, place, state }: AboutCase): Promise<string> {
  const what = `${name} ${place} of a record ${state}`;
  const told = (places[place] as Place)((values[name] as MakeValue)());
  const events = new RecordedEvents();
  try {
    const endings = await timed(what, () => endingsOf(what, states[state] as Loose, told));
    checkPrototypes(what);
    const expected = await endingsOf(what, states[state] as Loose, undefined);
    if (endings.join() !== expected.join())
      throw new Violation(`${what}: ended with ${endings}, and without it with ${expected}`);
    for (const { error: _, ...event } of events.raw)
      if (gaveAway(JSON.stringify(event))) throw new Violation(`${what}: the event ${event.name} repeats it`);
    return (endings[0] as string).split(' ')[0] as string;
  } finally {
    events.stop();
  }
}

/** How each ends that meets such a record: calls of several kinds, and operators. */
async function endingsOf(what: string, state: Loose, told: unknown): Promise<string[]> {
  const tell = async (ask: (given: Given) => Promise<unknown>, options: IdempotentOptions = {}) => {
    const given = operationOn(state, told, options);
    const ending = await ask(given).then(
      (value) => JSON.stringify(value),
      (error: unknown) => codeOf(what, error),
    );
    const { kept } = given.store;
    // What was written in its place tells what is sound, and no more of it than there is room for.
    if (kept !== given.planted) checkTold(what, kept.state.about);
    return `${ending} ${kept.state.status} ${kept.state.attempt} ${given.runs()}`;
  };
  return [
    await tell(({ place }) => place('1')),
    await tell(({ place }) => place('1'), { onAbandoned: 'refuse', readFirst: true }),
    await tell(({ handle }) =>
      handle()
        .inspect()
        .then((view) => seen(what, view)),
    ),
    await tell(({ handle }) => handle().resolve({ as: 'value', value: 'decided' })),
    await tell(({ handle }) => handle().resolve({ as: 'run-again', force: true })),
    await tell(({ handle }) => handle().resolve({ as: 'refuse', token: 'bm9ib2R5.1' })),
    await tell(({ handle }) => handle().forget({ force: true })),
  ];
}

interface Given {
  readonly store: OneRecord;
  readonly planted: IdempotencyRecord;
  readonly place: (id: string) => Promise<unknown>;
  readonly handle: () => ReturnType<typeof recordOf>;
  readonly runs: () => number;
}

function operationOn(state: Loose, told: unknown, options: IdempotentOptions): Given {
  let runs = 0;
  let store: OneRecord | undefined;
  const place = makeIdempotent(
    async (_id: string) => {
      runs += 1;
      return 'ran';
    },
    { name: 'Hostile.told', wait: 0, store: () => store as OneRecord, ...options },
  );
  store = new OneRecord({} as IdempotencyRecord);
  const { key } = recordOf(place, '1');
  const own = { format: 1, attempt: 3, fencingToken: run, ...state, about: told };
  const planted = {
    key,
    token: 'bm9ib2R5.1',
    expiresAt: now + day,
    state: own,
  } as never as IdempotencyRecord;
  store.kept = planted;
  return { store, planted, place, handle: () => recordOf(place, '1'), runs: () => runs };
}

function codeOf(what: string, error: unknown): string {
  if (!(error instanceof IdempotencyError))
    throw new Violation(`${what}: refused by no error of ours: ${String(error).slice(0, 100)}`);
  checkWords(what, error);
  return error.code;
}

/** What a view has besides what the record tells of itself. */
function seen(what: string, view: RecordView | undefined): unknown {
  if (!view) return undefined;
  const { status, attempt, fencingToken, outcome } = view;
  checkTold(what, view);
  if (view.since !== undefined && !Number.isFinite(view.since))
    throw new Violation(`${what}: since ${String(view.since)}`);
  return { status, attempt, fencingToken, outcome };
}

const longest = 300;
const isInstant = (value: unknown) => Number.isFinite(value);
const isText = (value: unknown) => typeof value === 'string' && value.length <= longest;
const isReason = (value: unknown) => {
  const { kind, as, error, ...texts } = value as Loose;
  const isKnown = [
    'error',
    'decided',
    'no-completion',
    'refused',
    'not-begun',
    'attempts-exhausted',
    'resolved',
  ].includes(kind as string);
  const isDecision = ['value', 'run-again', 'refuse', 'forgotten'].includes(as as string);
  return (
    isKnown &&
    isDecision === (kind === 'resolved') &&
    isText(error) === (kind === 'error') &&
    Object.entries(texts).every(([name, text]) => ['code', 'text', 'reason'].includes(name) && isText(text))
  );
};
const isPast = (value: unknown) =>
  Array.isArray(value) &&
  value.length <= 5 &&
  value.every((state: Loose) => {
    const { status, attempt, leaseUntil = 0, ...rest } = state;
    const isStatus = ['in-progress', 'completed', 'unknown', 'released'].includes(status as string);
    return isStatus && isInstant(attempt) && isInstant(leaseUntil) && wrongIn(rest) === undefined;
  });

const soundFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  run: isInstant,
  startedAt: isInstant,
  at: isInstant,
  renewedAt: isInstant,
  by: isText,
  why: isReason,
  traceparent: isText,
  past: isPast,
};

/** The first field that is not what its type says. */
function wrongIn(fields: object): string | undefined {
  return Object.entries(soundFields).find(([name, isRight]) => {
    const value = (fields as Loose)[name];
    return value !== undefined && !isRight(value);
  })?.[0];
}

function checkTold(what: string, fields: object | undefined): void {
  const wrong = wrongIn(fields ?? {});
  if (wrong !== undefined) throw new Violation(`${what}: "${wrong}" is not what its type says`);
}
