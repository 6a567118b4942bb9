import { Readable } from 'node:stream';
import { expect } from 'chai';
import {
  type IdempotencyEvents,
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  onIdempotencyEvent,
  type PersistenceStore,
  type RecordState,
  recordOf,
  StoreError,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';
import { storedOutcome, storedRecordOf } from '../../support/replayed.js';
import { ScriptedStore } from '../../support/scripted-store.js';

/** A payload that no message and no event may contain. */
const marker = 'PAYLOAD-4111-1111';

class PrivateAccount {
  readonly #balance = marker;

  get balance(): string {
    return this.#balance;
  }
}

class SmallStore extends InMemoryStore {
  override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return super.claim(this.#checked(record), now);
  }

  override async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return super.replace(this.#checked(record), token);
  }

  #checked(record: IdempotencyRecord): IdempotencyRecord {
    const size = JSON.stringify(record).length;
    if (size <= 1_000) return record;
    throw new StoreError(`the record has ${size} characters, the store takes 1,000`, { tooLarge: true });
  }
}

const unstorable: Record<string, () => unknown> = {
  'a function inside': () => ({ card: marker, print: () => marker }),
  'a function as a key of a Map': () => new Map([[() => 1, marker]]),
  'a function under a key of a Map': () => new Map([[marker, () => 1]]),
  'a throwing getter': () => ({
    get card() {
      throw new Error(`cannot show ${marker}`);
    },
  }),
  'a Promise inside': () => ({ card: marker, later: Promise.resolve(1) }),
  'a stream inside': () => ({ card: marker, body: Readable.from([marker]) }),
  'an instance with private fields inside': () => ({ account: new PrivateAccount() }),
  'a symbol inside': () => ({ kind: Symbol(marker) }),
  'a symbol as the name of a property': () => ({ [Symbol(marker)]: 1 }),
  'a WeakMap inside': () => ({ weak: new WeakMap() }),
  'a generator inside': () => ({ steps: (function* () {})() }),
  'a toJSON() that throws': () => ({
    at: new (class BrokenReport {
      toJSON(): never {
        throw new Error(marker);
      }
    })(),
  }),
  'more than the store takes': () => ({ text: marker.repeat(1_000) }),
};

/** An operation that returns what `make` makes, and what was observed of it. */
function operation(make: () => unknown, options: IdempotentOptions = {}) {
  const store = (options.store as PersistenceStore | undefined) ?? new SmallStore();
  const seen = { runs: 0 };
  const issueReport = makeIdempotent(
    async function issueReport(): Promise<unknown> {
      seen.runs += 1;
      return make();
    },
    { ...options, store },
  );
  return { issueReport, store, seen };
}

function expectUnavailable(error: unknown, key: string): void {
  expect(error).to.be.instanceOf(OutcomeUnavailableError);
  const { message, stack, key: named, operation: of } = error as OutcomeUnavailableError;
  expect(named).to.equal(key);
  expect(of).to.equal('issueReport');
  expect(message).to.include(key).and.to.include('issueReport').and.to.include('forget');
  expect(message + stack).to.not.include(marker);
}

describe('a result that cannot be stored', () => {
  let events: IdempotencyEvents['outcome-not-stored'][];
  let stop: () => void;
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
    events = [];
    stop = onIdempotencyEvent('outcome-not-stored', (event) => events.push(event));
  });
  afterEach(() => {
    stop();
    warnings.restore();
  });

  for (const [what, make] of Object.entries(unstorable)) {
    it(`reaches its caller, completes the key and is made once: ${what}`, async () => {
      const result = make();
      const { issueReport, store, seen } = operation(() => result);
      expect(await issueReport(), 'what the caller gets').to.equal(result);

      const view = await recordOf(issueReport).inspect();
      expect(view).to.include({ status: 'completed', outcome: 'none' });
      const key = view?.key ?? '';
      expect(events.map(({ operation, key, attempt }) => ({ operation, key, attempt }))).to.deep.equal([
        { operation: 'issueReport', key, attempt: 1 },
      ]);
      expect(events[0]?.reason).to.be.a('string').and.not.equal('');
      expect(JSON.stringify(events)).to.not.include(marker);
      expect(JSON.stringify(await store.find(key)), 'the record').to.not.include(marker);

      expectUnavailable(await rejection(issueReport()), key);
      expectUnavailable(await rejection(issueReport()), key);
      expect(seen.runs).to.equal(1);
      expect(events, 'events in all').to.have.length(1);
    });
  }

  it('is made again once its key is forgotten', async () => {
    const { issueReport, seen } = operation(() => () => 1);
    await issueReport();
    await rejection(issueReport());
    expect(await recordOf(issueReport).forget()).to.equal(true);
    await issueReport();
    expect(seen.runs).to.equal(2);
  });

  it('runs once, and tells concurrent calls of one process', async () => {
    const gate = defer();
    const { issueReport, seen } = operation(async () => {
      await gate.promise;
      return { print: () => marker };
    });
    const first = issueReport();
    const joined = [rejection(issueReport()), rejection(issueReport())];
    gate.resolve();
    expect(await first).to.have.property('print');
    const key = (await recordOf(issueReport).inspect())?.key ?? '';
    for (const error of await Promise.all(joined)) expectUnavailable(error, key);
    expect(seen.runs).to.equal(1);
  });

  it('runs once where concurrent calls get a result larger than the store takes', async () => {
    const gate = defer();
    const large = 'x'.repeat(2_000);
    const { issueReport, seen } = operation(async () => {
      await gate.promise;
      return large;
    });
    const calls = [issueReport(), issueReport(), issueReport()].map((call) => call.catch((error) => error));
    gate.resolve();
    const [first, ...joined] = await Promise.all(calls);
    expect(first).to.equal(large);
    // They may get the result of the run that they joined, and nothing else.
    for (const answer of joined) {
      if (answer !== large) expect(answer).to.be.instanceOf(OutcomeUnavailableError);
    }
    expect(seen.runs).to.equal(1);
  });

  it('completes the key also where it is a remembered error larger than the store takes', async () => {
    const { issueReport, seen } = operation(
      () => {
        throw new RangeError('x'.repeat(2_000));
      },
      { remember: [RangeError] },
    );
    expect(await rejection(issueReport())).to.be.instanceOf(RangeError);
    const key = (await recordOf(issueReport).inspect())?.key ?? '';
    expectUnavailable(await rejection(issueReport()), key);
    expect(seen.runs).to.equal(1);
  });

  it('is not made again in another process either', async () => {
    const store = new ScriptedStore();
    const here = operation(() => () => 1, { store });
    const there = operation(() => () => 1, { store: store.peer() });
    await here.issueReport();
    expectUnavailable(
      await rejection(there.issueReport()),
      (await recordOf(here.issueReport).inspect())?.key ?? '',
    );
    expect([here.seen.runs, there.seen.runs]).to.deep.equal([1, 0]);
  });
});

/** What a duplicate is told of a result that was not stored. */
async function toldOf(make: () => unknown, options: IdempotentOptions = {}): Promise<string> {
  const { issueReport } = operation(make, { ...options, store: new InMemoryStore() });
  await issueReport();
  const { message } = (await rejection(issueReport())) as Error;
  return /cannot be had: (.*) \(key /.exec(message)?.[1] ?? message;
}

function nested(levels: number): unknown {
  let value: unknown = new Date(0);
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('the reason why a result was not stored', () => {
  for (const [what, make, reason] of [
    ['nested too deeply', () => nested(100_000), /^the result cannot be encoded: it is nested too deeply$/],
    [
      'with a getter that throws',
      () => ({
        lines: [
          {
            get total() {
              throw new RangeError(marker);
            },
          },
        ],
      }),
      /: a getter or toJSON\(\) in it threw, at lines\[0\]\.total$/,
    ],
    [
      'with a function',
      () => ({ lines: [{ print: () => 1 }] }),
      /Cannot stringify a function, at lines\[0\]\.print$/,
    ],
    ['with a promise', () => ({ later: Promise.resolve(1) }), /a Promise in it is a promise; .*, at later$/],
    ['with a symbol', () => ({ kind: Symbol(marker) }), /Cannot stringify a Symbol primitive, at kind$/],
    [
      'of names that may be data',
      () => ({ [marker]: { [marker]: () => 1 } }),
      /Cannot stringify a function, at …\.…$/,
    ],
    [
      'with a Response',
      () => ({ answer: new Response(marker) }),
      /a Response in it is .*hidden; return what it contains, such as await response\.json\(\), at answer$/,
    ],
    [
      'that is a Response',
      () => new Response(marker),
      /return what it contains, such as await response\.json\(\)$/,
    ],
    ['with a Request', () => [new Request('https://example.com/')], /await request\.json\(\)/],
    ['with Headers', () => [new Headers({ a: marker })], /Object\.fromEntries\(headers\)/],
    ['with a Blob', () => [new Blob([marker])], /await blob\.text\(\)/],
    [
      'with a File',
      () => [new (globalThis as never as { File: new (...of: unknown[]) => object }).File([marker], 'a')],
      /await file\.text\(\)/,
    ],
    ['with FormData', () => [new FormData()], /Object\.fromEntries\(formData\)/],
    ['with a ReadableStream', () => [new ReadableStream()], /a ReadableStream in it is a stream/],
    [
      'with an AbortSignal',
      () => [new AbortController().signal],
      /an AbortSignal in it is an instance of AbortSignal, whose content is hidden/,
    ],
    ['with a TextDecoder', () => [new TextDecoder()], /a TextDecoder in it is/],
    ['with a SharedArrayBuffer', () => [new SharedArrayBuffer(1)], /a SharedArrayBuffer in it is/],
  ] as const) {
    it(`is correct and names the part, but contains nothing of it: ${what}`, async () => {
      const warnings = catchWarnings();
      const told = await toldOf(make);
      warnings.restore();
      expect(told).to.match(reason).and.not.include(marker);
      expect(warnings.texts('RETRYSAFE_UNLISTED_CLASS')).to.deep.equal([]);
    });
  }

  it('is the codec’s where there is one', async () => {
    const codec = {
      encode: () => {
        throw new RangeError('Maximum call stack size exceeded');
      },
      decode: (text: string) => text,
    };
    expect(await toldOf(() => 1, { codec })).to.equal('the result cannot be encoded: codec.encode threw');
  });
});

const header = { format: 1, attempt: 1, fencingToken: 1 };
const completed = { ...header, status: 'completed', completedAt: 1 };

/** States that no version of this library wrote, that a newer one wrote, or whose outcome cannot be decoded. */
const unreadable: Record<string, unknown> = {
  'null as a state': null,
  'a text as a state': `${marker}`,
  'a number as a state': 5,
  'a list as a state': [marker],
  'an empty state': {},
  'a state without a status': { ...header },
  'a state with an unknown status': { ...header, status: 'paused' },
  'a state without an attempt': { ...completed, attempt: undefined, outcome: { kind: 'value', json: 1 } },
  'a state without a fencing token': {
    ...completed,
    fencingToken: undefined,
    outcome: { kind: 'value', json: 1 },
  },
  'in progress without a lease': { ...header, status: 'in-progress', startedAt: 1 },
  'completed without an outcome': { ...completed },
  'completed with null as an outcome': { ...completed, outcome: null },
  'completed with an empty outcome': { ...completed, outcome: {} },
  'completed with an outcome of an unknown kind': {
    ...completed,
    outcome: { kind: 'deferred', json: marker },
  },
  'a newer format': { ...completed, format: 2, outcome: { kind: 'value', json: marker } },
  'a newer format of another shape': { format: 17, phase: marker },
  'an older format': { ...completed, format: 0, outcome: { kind: 'value', json: marker } },
  'a format that is a text': { ...completed, format: '1', outcome: { kind: 'value', json: marker } },
  'rich text that is no JSON': { ...completed, outcome: { kind: 'value', devalue: `${marker}{` } },
  'rich text that was cut off': {
    ...completed,
    outcome: { kind: 'value', devalue: `[{"card":1},"${marker}` },
  },
  'rich text of a wrong shape': { ...completed, outcome: { kind: 'value', devalue: '[["Map",7]]' } },
  'rich text that is no text': { ...completed, outcome: { kind: 'value', devalue: { card: marker } } },
  'a class that is not listed here': {
    ...completed,
    outcome: { kind: 'value', devalue: '[["=Gone",1],{}]' },
  },
  'text of a codec that is not configured': { ...completed, outcome: { kind: 'value', encoded: marker } },
};

describe('a record that cannot be read', () => {
  async function overwritten(state: unknown, options: IdempotentOptions = {}) {
    const made = operation(() => 'done', { ...options, store: new InMemoryStore() });
    await made.issueReport();
    const record = await storedRecordOf(made.store, made.issueReport);
    const written = { ...record, token: 'another.1', state: state as RecordState };
    await made.store.replace(written, record.token);
    return { ...made, key: record.key };
  }

  for (const [what, state] of Object.entries(unreadable)) {
    it(`is refused and does not run again until it is forgotten: ${what}`, async () => {
      const { issueReport, seen, key, store } = await overwritten(state);
      const before = await store.find(key);
      expectUnavailable(await rejection(issueReport()), key);
      expectUnavailable(await rejection(issueReport()), key);
      expect(seen.runs).to.equal(1);
      expect(await store.find(key), 'the record, unchanged').to.deep.equal(before);

      expect(await recordOf(issueReport).forget()).to.equal(true);
      expect(await issueReport()).to.equal('done');
      expect(seen.runs).to.equal(2);
    });
  }

  it('says of a newer format that a newer version wrote it', async () => {
    const { issueReport } = await overwritten(unreadable['a newer format']);
    const { message } = (await rejection(issueReport())) as Error;
    expect(message)
      .to.match(/newer version/)
      .and.to.include('format 2');
  });

  it('is shown by inspect as unreadable', async () => {
    for (const what of ['null as a state', 'a newer format', 'an empty state']) {
      const { issueReport, key } = await overwritten(unreadable[what]);
      expect(await recordOf(issueReport).inspect()).to.include({ key, status: 'unreadable' });
    }
  });

  it('is refused whatever onAbandoned says', async () => {
    for (const what of ['null as a state', 'in progress without a lease', 'a newer format']) {
      const { issueReport, seen, key } = await overwritten(unreadable[what], {
        onAbandoned: () => expect.fail('there is nothing to recover from'),
      });
      expectUnavailable(await rejection(issueReport()), key);
      expect(seen.runs).to.equal(1);
    }
  });

  it('is refused also where calls read before they claim', async () => {
    for (const what of ['null as a state', 'a newer format', 'completed with null as an outcome']) {
      const { issueReport, seen, key } = await overwritten(unreadable[what], { readFirst: true });
      expectUnavailable(await rejection(issueReport()), key);
      expect(seen.runs).to.equal(1);
    }
  });

  it('says so of an outcome without a reason', async () => {
    for (const reason of [undefined, null, 5, { toString: () => marker }]) {
      const { issueReport } = await overwritten({ ...completed, outcome: { kind: 'none', reason } });
      const { message } = (await rejection(issueReport())) as Error;
      expect(message).to.include('its record has no outcome and does not say why');
      expect(message).to.not.match(/undefined|null|\[object|: 5/);
    }
  });

  it('does not affect an outcome that can be read', async () => {
    const { issueReport, store } = await overwritten({
      ...completed,
      outcome: { kind: 'value', json: 'old' },
    });
    expect(await issueReport()).to.equal('old');
    expect(storedOutcome(await storedRecordOf(store, issueReport))).to.deep.equal({
      kind: 'value',
      json: 'old',
    });
  });
});
