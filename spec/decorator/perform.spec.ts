import { expect } from 'chai';
import {
  currentExecution,
  IdempotencyDefaults,
  InMemoryStore,
  InProgressError,
  KeyError,
  keyOf,
  makeIdempotent,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  onIdempotencyEvent,
  perform,
  recordOfKey,
  release,
  unknown,
  withoutOutcome,
  withReplayInfo,
} from 'retrysafe';
import { defer } from '../support/defer.js';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';

describe('perform', () => {
  const operation = () => ({ name: 'payments.create', store: new InMemoryStore() });

  it('runs once under a key, and tells a replay and its record', async () => {
    const payments = operation();
    let runs = 0;
    const pay = () => perform(payments, { key: 'k-1' }, async () => ({ run: ++runs }));
    const first = await pay();
    const second = await pay();
    expect(first).to.include({ isReplay: false, source: 'run', operation: 'payments.create', attempt: 1 });
    expect(first.record).to.include({ status: 'completed', outcome: 'value', key: first.key });
    expect(second).to.include({ isReplay: true, source: 'store' });
    expect(second.value).to.deep.equal({ run: 1 });
    expect(second.record).to.deep.equal(first.record);
    expect(runs).to.equal(1);
  });

  it('has the key that an equal call of a function of that name has', async () => {
    const { name, store } = operation();
    const fn = makeIdempotent(async (_request: { id: string; tenant: string }) => 1, {
      name,
      store,
      key: 'id',
      scope: 'tenant',
    });
    const { key } = await perform({ name, store }, { key: 'k-1', scope: 't' }, async () => 2);
    expect(key).to.equal(keyOf(fn, { id: 'k-1', tenant: 't' }));
  });

  it('keeps scopes apart, and compares fingerprints', async () => {
    const payments = operation();
    const pay = (scope: string, fingerprint: string) =>
      perform(payments, { key: 'k-1', scope, fingerprint }, async () => scope);
    expect((await pay('a', 'f')).value).to.equal('a');
    expect((await pay('b', 'f')).value).to.equal('b');
    expect(await rejection(pay('a', 'g'))).to.have.property('code', 'ERR_IDEMPOTENCY_FINGERPRINT');
  });

  it('passes the arguments on, to the function and to the options', async () => {
    const seen: unknown[] = [];
    const payments = {
      ...operation(),
      onError: (_error: unknown, ...args: unknown[]) => {
        seen.push(args);
        return undefined;
      },
    };
    const fail = (...args: unknown[]) => {
      seen.push(args);
      throw new Error('declined');
    };
    await rejection(perform(payments, { key: 'k', args: ['a', 1] }, fail));
    expect(seen).to.deep.equal([
      ['a', 1],
      ['a', 1],
    ]);
  });

  it('has the instance whose method does the work: for its options, its store and the defaults of its class', async () => {
    @IdempotencyDefaults({ ttl: '2h' })
    class Clerk {
      readonly store = new InMemoryStore();
    }
    const self = new Clerk();
    const seen: unknown[] = [];
    const payments = {
      name: 'payments.create',
      store: (clerk: Clerk) => clerk.store,
      onError(this: unknown) {
        seen.push(this);
        return 'remember' as const;
      },
    };
    await rejection(perform(payments, { key: 'k', self }, () => Promise.reject(new Error('declined'))));
    expect(seen).to.deep.equal([self]);
    const [record] = self.store.records();
    const kept = (record?.expiresAt ?? Number.NaN) - Date.now();
    expect(kept).to.be.within(7_100_000, 7_200_000);
  });

  it('ends before a Lambda invocation does whose context is among the arguments', async () => {
    const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 100 };
    const call = perform(operation(), { key: 'k', args: [context] }, async () => expect.fail('it ran'));
    expect(await rejection(call)).to.be.an.instanceOf(InProgressError);
  });

  it('is seen by withReplayInfo', async () => {
    const payments = operation();
    const pay = () => withReplayInfo(() => perform(payments, { key: 'k' }, async () => 1));
    expect(await pay()).to.include({ isReplay: false, source: 'run' });
    expect(await pay()).to.include({ isReplay: true, source: 'store' });
  });

  it('runs without idempotency where that is disabled', async () => {
    const payments = { ...operation(), enabled: false };
    const pay = (value: number) => perform(payments, { key: 'k' }, async () => release(value));
    expect(await pay(1)).to.include({ value: 1, isReplay: false, source: 'run' });
    expect(await pay(2))
      .to.include({ value: 2 })
      .and.not.have.property('record');
  });

  for (const [title, key] of [
    ['empty', ''],
    ['missing', undefined],
    ['a number', 5],
  ] as const)
    it(`refuses a key that is ${title}`, async () => {
      const error = (await rejection(
        perform(operation(), { key: key as string }, async () => expect.fail('it ran')),
      )) as KeyError;
      expect(error).to.be.an.instanceOf(KeyError).with.property('option', 'key');
      expect(error.message).to.match(/^payments\.create: `key` is .+; expected a text/);
    });

  for (const option of ['scope', 'fingerprint'] as const)
    it(`names ${option} where that is wrong`, async () => {
      const call = perform(operation(), { key: 'k', [option]: '' }, async () => expect.fail('it ran'));
      expect(await rejection(call))
        .to.be.an.instanceOf(KeyError)
        .with.property('option', option);
    });

  for (const [title, wrong, message] of [
    ['no object', 'payments', /first argument is a text of 8 characters; expected an operation such as/],
    ['no name', {}, /the operation has no name; expected one such as/],
    ['a wrong option', { name: 'a', ttl: -1 }, /option "ttl" is -1; expected/],
  ] as const)
    it(`refuses an operation that is ${title}`, async () => {
      const call = perform(wrong as never, { key: 'k' }, async () => expect.fail('it ran'));
      expect(await rejection(call))
        .to.have.property('message')
        .that.matches(message);
    });

  it('refuses what is no function', async () => {
    const call = perform(operation(), { key: 'k' }, 'pay' as never);
    expect(await rejection(call))
      .to.have.property('message')
      .that.matches(/third argument is a text/);
  });
});

describe('what a run decides about its key', () => {
  let store: InMemoryStore;
  beforeEach(() => {
    store = new InMemoryStore();
  });
  const functionOf = (returned: () => unknown, options = {}) =>
    makeIdempotent(async (_id: string) => returned(), { name: 'orders.create', store, ...options });

  it('release: the caller gets the value, and the next call runs', async () => {
    let runs = 0;
    const create = functionOf(() => release({ run: ++runs }));
    const { key, value, record } = await perform({ name: 'p', store }, { key: 'k' }, async () =>
      release({ status: 500 }),
    );
    expect(value).to.deep.equal({ status: 500 });
    expect(record).to.equal(undefined);
    expect(await recordOfKey(store, key).inspect()).to.include({ status: 'released' });
    expect(await create('o')).to.deep.equal({ run: 1 });
    expect(await create('o')).to.deep.equal({ run: 2 });
  });

  it('release: one of those that waited runs next', async () => {
    const held = defer();
    let runs = 0;
    const create = makeIdempotent(
      async (_id: string) => {
        runs += 1;
        if (runs > 1) return 'done';
        await held.promise;
        return release('busy');
      },
      { name: 'orders.wait', store },
    );
    const calls = ['o', 'o', 'o'].map((id) => create(id));
    held.resolve();
    expect(await Promise.all(calls)).to.deep.equal(['busy', 'done', 'done']);
    expect(runs).to.equal(2);
  });

  it('unknown: the caller gets the value, and onAbandoned decides about the next call', async () => {
    const create = functionOf(() => unknown({ status: 502 }), { onAbandoned: 'refuse' });
    expect(await create('o')).to.deep.equal({ status: 502 });
    expect(await rejection(create('o'))).to.be.an.instanceOf(OutcomeUnknownError);
  });

  it('withoutOutcome: the caller gets the value, duplicates learn the reason, and nobody is warned', async () => {
    const reasons: string[] = [];
    const stop = onIdempotencyEvent('outcome-not-stored', ({ reason }) => reasons.push(reason));
    const warnings = catchWarnings();
    const create = functionOf(() => withoutOutcome('large', 'it is larger than 1 MB'));
    try {
      expect(await create('o')).to.equal('large');
      const error = (await rejection(create('o'))) as OutcomeUnavailableError;
      expect(error).to.be.an.instanceOf(OutcomeUnavailableError);
      expect(error.message).to.include('it is larger than 1 MB');
      expect(warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED')).to.deep.equal([]);
    } finally {
      warnings.restore();
    }
    stop();
    expect(reasons).to.deep.equal(['it is larger than 1 MB']);
  });
});

describe('what errors say of the call', () => {
  it('InProgressError: when the running call began', async () => {
    const held = defer();
    const operation = { name: 'slow', store: new InMemoryStore(), wait: 0 };
    const before = Date.now();
    const first = perform(operation, { key: 'k' }, () => held.promise);
    const error = (await rejection(perform(operation, { key: 'k' }, async () => 2))) as InProgressError;
    expect(error.startedAt).to.be.within(before, Date.now());
    held.resolve();
    await first;
  });

  it('KeyError: which option is at fault', async () => {
    const options = { name: 'n', store: new InMemoryStore() };
    const by = (more: object) => makeIdempotent(async (_request: object) => 1, { ...options, ...more });
    const optionAtFault = async (more: object) => ((await rejection(by(more)({}))) as KeyError).option;
    expect(await optionAtFault({ key: 'id' })).to.equal('key');
    expect(await optionAtFault({ key: () => 'k', scope: 'tenant' })).to.equal('scope');
    expect(await optionAtFault({ key: () => 'k', fingerprint: () => Symbol() })).to.equal('fingerprint');
    expect((thrown(() => recordOfKey(options.store, 'x')) as KeyError).option).to.equal('key');
  });

  it('a client that retries 409 for ever does not retry what a person has to decide', () => {
    expect(new OutcomeUnknownError('m').statusCode).to.equal(424);
    expect(new OutcomeUnknownError('m', { advice: 'retry-later' }).statusCode).to.equal(503);
    expect(new OutcomeUnavailableError('m').statusCode).to.equal(410);
  });
});

describe('currentExecution in perform', () => {
  it('finds the run', async () => {
    const operation = { name: 'p', store: new InMemoryStore() };
    const { value, key } = await perform(operation, { key: 'k' }, async () => currentExecution().key);
    expect(value).to.equal(key);
  });
});
