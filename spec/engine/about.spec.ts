import { hostname } from 'node:os';
import { expect } from 'chai';
import {
  configureIdempotency,
  currentExecution,
  type IdempotencyRecord,
  makeIdempotent,
  type RecordView,
  recordOf,
  recordOfKey,
  release,
  unknown,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { deployable, restOfTurn } from '../support/deployment.js';
import { invocation } from '../support/invocation.js';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

const now = Date.UTC(2026, 0, 1);
const marker = 'pan-4111';
let count = 0;

class Unreachable extends Error {
  readonly code = 'ECONNRESET';
}

describe('what a record says of itself', () => {
  let clock: SinonFakeTimers;
  let store: ScriptedStore;

  beforeEach(() => {
    clock = fakeTime(now);
    store = new ScriptedStore();
    configureIdempotency({ store });
    count += 1;
  });
  afterEach(() => {
    configureIdempotency({});
    clock.restore();
  });

  async function viewAfter(work: () => unknown, options: object = {}): Promise<RecordView> {
    count += 1;
    const call = makeIdempotent(async () => work(), { name: `told ${count}`, ...options });
    await call().catch(() => {});
    return (await recordOf(call).inspect()) as RecordView;
  }

  describe('who', () => {
    it('is the host and the process', async () => {
      expect(await viewAfter(() => 1)).to.include({ by: `${hostname()}:${process.pid}` });
    });

    it('is what the option `runtime` says, and nothing where it says so', async () => {
      configureIdempotency({ store, runtime: 'pride-7d9f' });
      expect(await viewAfter(() => 1)).to.include({ by: 'pride-7d9f' });
      configureIdempotency({ store, runtime: () => 'blue' });
      expect(await viewAfter(() => 1)).to.include({ by: 'blue' });
      for (const runtime of [false, () => undefined] as const) {
        configureIdempotency({ store, runtime });
        expect(await viewAfter(() => 1)).not.to.have.property('by');
      }
    });

    it('is nothing where its function fails, and a warning says so', async () => {
      const warnings = catchWarnings();
      configureIdempotency({
        store,
        runtime: () => {
          throw new Error(marker);
        },
      });
      expect(await viewAfter(() => 1)).not.to.have.property('by');
      warnings.restore();
      const [warning] = warnings.texts('RETRYSAFE_RUNTIME');
      expect(warning).to.include('option "runtime" gave no name').and.not.include(marker);
    });

    it('is the function and the request of a Lambda invocation, also for a call inside of it', async () => {
      const inner = makeIdempotent(async (_id: string) => 1, { name: `inner ${count}` });
      const outer = makeIdempotent((id: string, _context: unknown) => inner(id), {
        name: `outer ${count}`,
        key: (id: string) => id,
      });
      const context = invocation(30_000);
      await outer('a', context);
      const by = `holds ${context.awsRequestId}`;
      expect(await recordOf(outer, 'a', context).inspect()).to.include({ by });
      expect(await recordOf(inner, 'a').inspect()).to.include({ by });
    });
  });

  describe('since when', () => {
    it('is the begin of a run, the renewal of its lease, and its end', async () => {
      const gate = defer();
      const call = makeIdempotent(() => gate.promise, { name: `timed ${count}` });
      const running = call();
      await clock.tickAsync(1_000);
      const handle = recordOf(call);
      expect(await handle.inspect()).to.include({ status: 'in-progress', since: now, startedAt: now });
      expect(await handle.inspect()).not.to.have.property('renewedAt');
      await clock.tickAsync(9_000);
      expect(await handle.inspect()).to.include({ since: now, renewedAt: now + 10_000 });
      await clock.tickAsync(1_000);
      gate.resolve();
      await running;
      const view = await handle.inspect();
      expect(view).to.include({ status: 'completed', since: now + 11_000, startedAt: now });
      expect(view).not.to.have.property('renewedAt');
    });

    for (const [status, work] of [
      ['released', () => Promise.reject(new Error('busy'))],
      ['unknown', async () => unknown('answer')],
    ] as const) {
      it(`is the end of a run that left its key ${status}`, async () => {
        const gate = defer();
        const call = makeIdempotent(() => gate.promise.then(work), { name: `ended ${count}` });
        const running = call().catch(() => {});
        await clock.tickAsync(3_000);
        gate.resolve();
        await running;
        expect(await recordOf(call).inspect()).to.include({ status, since: now + 3_000, startedAt: now });
      });
    }
  });

  describe('why', () => {
    it('is the class and code of an error, and nothing of its message', async () => {
      const throwing = () => Promise.reject(new Unreachable(`no answer for ${marker}`));
      for (const options of [{}, { onError: () => 'unknown' }]) {
        const { why } = await viewAfter(throwing, options);
        expect(why).to.deep.equal({ kind: 'error', error: 'Unreachable', code: 'ECONNRESET' });
      }
      expect(JSON.stringify(store.calls)).not.to.include(marker);
    });

    it('takes no text for a code, and no error that throws for one', async () => {
      const odd = [
        [Object.assign(new Error('x'), { code: `card ${marker}` }), { error: 'Error' }],
        [Object.assign(new Error('x'), { code: 502 }), { error: 'Error', code: '502' }],
        [marker, { error: 'string' }],
        [Object.create(null), { error: 'Error' }],
        [
          new Proxy(
            {},
            {
              get() {
                throw new Error(marker);
              },
            },
          ),
          { error: 'object' },
        ],
      ] as const;
      for (const [error, facts] of odd)
        expect((await viewAfter(() => Promise.reject(error))).why).to.deep.equal({ kind: 'error', ...facts });
    });

    it('has the text of the option `describeError`, which is asked inside the run', async () => {
      const describeError = (error: unknown) => {
        const { attempt } = currentExecution();
        return `${(error as Error).message} at attempt ${attempt} ${'x'.repeat(400)}`;
      };
      const { why } = await viewAfter(() => Promise.reject(new Unreachable('no answer')), { describeError });
      const text = `no answer at attempt 1 ${'x'.repeat(400)}`.slice(0, 300);
      expect(why).to.deep.include({ error: 'Unreachable', text });
    });

    it('has no text where that option fails, and a warning says so', async () => {
      const warnings = catchWarnings();
      const { why } = await viewAfter(() => Promise.reject(new Unreachable('no answer')), {
        describeError: () => 5,
      });
      warnings.restore();
      expect(why).to.deep.equal({ kind: 'error', error: 'Unreachable', code: 'ECONNRESET' });
      expect(warnings.texts('RETRYSAFE_DESCRIBE_ERROR')).to.have.length(1);
    });

    it('is that the method decided it', async () => {
      expect((await viewAfter(() => release(1))).why).to.deep.equal({ kind: 'decided' });
      expect((await viewAfter(() => unknown(1))).why).to.deep.equal({ kind: 'decided' });
    });

    it('is that a completion is missing which the method asked for', async () => {
      const { status, why } = await viewAfter(() =>
        currentExecution()
          .completion(1)
          .then(() => 1),
      );
      expect({ status, why }).to.deep.equal({ status: 'unknown', why: { kind: 'no-completion' } });
    });

    it('is that the recovery function refused, or threw', async () => {
      const operation = deployable({ wait: 0, lease: 1 });
      for (const [recover, why] of [
        [() => 'refuse', { kind: 'refused' }],
        [
          () => Promise.reject(new Unreachable('x')),
          { kind: 'error', error: 'Unreachable', code: 'ECONNRESET' },
        ],
      ] as const) {
        const dead = new ScriptedStore(new ScriptedStore());
        void operation(dead, () => new Promise(() => {}))('a');
        await restOfTurn();
        dead.always('replace', 'hang');
        await clock.tickAsync(10_000);
        const peer = new ScriptedStore(dead.inner);
        await rejection(operation(peer, async () => 1, { onAbandoned: recover as never })('a'));
        const { record } = dead.calls[0] as { record: IdempotencyRecord };
        expect((await peer.find(record.key))?.state.about?.why).to.deep.equal(why);
      }
    });
  });

  describe('what was before', () => {
    it('is told of each attempt, with who and why', async () => {
      const errors = [new Unreachable('x'), new TypeError('y')];
      const call = makeIdempotent(
        async () => {
          const error = errors.shift();
          if (error) throw error;
          return 'placed';
        },
        { name: `tried ${count}` },
      );
      await rejection(call());
      await clock.tickAsync(1_000);
      configureIdempotency({ store, runtime: 'second' });
      await rejection(call());
      await clock.tickAsync(1_000);
      await call();
      const view = await recordOf(call).inspect();
      expect(view).to.include({ status: 'completed', attempt: 3 });
      expect(view).not.to.have.property('why');
      const by = `${hostname()}:${process.pid}`;
      expect(view?.past).to.deep.equal([
        {
          status: 'released',
          attempt: 1,
          startedAt: now,
          at: now,
          by,
          why: { kind: 'error', error: 'Unreachable', code: 'ECONNRESET' },
        },
        {
          status: 'released',
          attempt: 2,
          startedAt: now + 1_000,
          at: now + 1_000,
          by: 'second',
          why: { kind: 'error', error: 'TypeError' },
        },
      ]);
    });

    it('is told of the last five states, however many there were', async () => {
      const call = makeIdempotent(() => Promise.reject(new Unreachable('x')), {
        name: `often tried ${count}`,
      });
      for (let attempt = 1; attempt <= 8; attempt += 1) await rejection(call());
      const record = await store.inner.find(recordOf(call).key);
      const attempts = record?.state.about?.past?.map((state) => state.attempt);
      expect(attempts).to.deep.equal([3, 4, 5, 6, 7]);
    });

    it('has the lease of a run that was abandoned', async () => {
      const operation = deployable({ lease: 5, wait: 0 });
      void operation(store, () => new Promise(() => {}))('a');
      await restOfTurn();
      store.always('replace', 'hang');
      await clock.tickAsync(7_000);
      const peer = new ScriptedStore(store.inner);
      await operation(peer, async () => 1)('a');
      const { record } = store.calls[0] as { record: IdempotencyRecord };
      const [before] = (await peer.find(record.key))?.state.about?.past ?? [];
      expect(before).to.include({
        status: 'in-progress',
        attempt: 1,
        startedAt: now,
        leaseUntil: now + 5_000,
      });
    });
  });

  it('is not taken for that of a run by which an earlier version took the key over', async () => {
    const call = makeIdempotent(() => Promise.reject(new Unreachable('x')), { name: `mixed ${count}` });
    await rejection(call());
    const { key } = recordOf(call);
    const before = (await store.inner.find(key)) as IdempotencyRecord;
    const fencingToken = before.state.fencingToken + 5;
    const state = {
      ...before.state,
      fencingToken,
      attempt: 2,
      status: 'unknown',
    } as IdempotencyRecord['state'];
    await store.inner.replace({ ...before, token: 'earlier.2', state }, before.token);
    const view = await recordOf(call).inspect();
    expect(view).to.include({ status: 'unknown', attempt: 2, since: fencingToken });
    expect(view).not.to.have.any.keys('by', 'why', 'past');
  });

  it('changes nothing of what is decided, whatever it holds', async () => {
    for (const about of [null, 5, 'text', { past: 5 }, { past: [null, 7] }, { run: 'x', why: 1, by: {} }]) {
      count += 1;
      const call = makeIdempotent(async () => 'ran', { name: `damaged ${count}` });
      const key = recordOf(call).key;
      const state = { format: 1, status: 'released', attempt: 1, fencingToken: 1, about } as never;
      await store.inner.claim({ key, token: 'other.1', expiresAt: now + 1e9, state }, now);
      expect(await recordOf(call).inspect()).to.include({ status: 'released' });
      expect(await call()).to.equal('ran');
      expect(await call()).to.equal('ran');
    }
  });

  describe('is shown as far as it is what it should be', () => {
    async function viewOf(about: string, more: object = {}): Promise<RecordView> {
      count += 1;
      const { key } = recordOf(makeIdempotent(async () => 'ran', { name: `damaged ${count}` }));
      const own = { format: 1, status: 'released', attempt: 1, fencingToken: 1 };
      const state = { ...own, about: { run: 1, ...JSON.parse(about) }, ...more } as never;
      await store.inner.claim({ key, token: 'other.1', expiresAt: now + 1e9, state }, now);
      return (await recordOfKey(store, key).inspect()) as RecordView;
    }

    it('and names that all objects have are none of its fields', async () => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        const view = await viewOf(`{ "${name}": "x", "by": "pride-1" }`);
        expect(view).to.include({ status: 'released', by: 'pride-1' });
        expect(Object.keys(view)).not.to.include(name);
      }
    });

    it('and so is what was before', async () => {
      const past = [
        null,
        {
          status: 'released',
          attempt: 1,
          by: {},
          at: 'x',
          startedAt: 1e300,
          why: { kind: 'error', error: [] },
        },
        { status: 'unknown', attempt: 2, by: 'pride-1', at: now, why: { kind: 'decided' } },
        { status: 5, attempt: 1 },
      ];
      expect((await viewOf(JSON.stringify({ past }))).past).to.deep.equal([
        { status: 'released', attempt: 1 },
        { status: 'unknown', attempt: 2, by: 'pride-1', at: now, why: { kind: 'decided' } },
      ]);
    });

    it('and so is since when', async () => {
      const { since, fencingToken } = (await viewOf('{ "at": 1e300 }')) ?? {};
      expect(since).to.be.a('number').and.to.equal(fencingToken); // when its run got its claim
      expect(await viewOf('{}', { status: 'completed', outcome: { kind: 'value' } })).not.to.have.property(
        'since',
      );
    });
  });

  it('stands before the outcome, which is the last field', async () => {
    const call = makeIdempotent(async () => 'placed', { name: `ordered ${count}`, fingerprint: true });
    await call();
    const state = (await store.inner.find(recordOf(call).key))?.state ?? {};
    expect(Object.keys(state)).to.deep.equal([
      'format',
      'status',
      'attempt',
      'fencingToken',
      'completedAt',
      'fingerprint',
      'about',
      'outcome',
    ]);
  });
});
