import 'retrysafe/jmespath';
import { expect } from 'chai';
import * as retrysafe from 'retrysafe';
import {
  AttemptsExhaustedError,
  ClaimLostError,
  ConfigurationError,
  currentExecution,
  type ErrorAdvice,
  FingerprintError,
  IdempotencyError,
  type IdempotentOptions,
  InProgressError,
  KeyError,
  makeIdempotent,
  NotResolvedError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  type PersistenceStore,
  ReentrantCallError,
  recordOf,
  StoreError,
} from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

/** A payload that no message may contain. */
const marker = 'PAYLOAD-4111-1111';

interface Request {
  id: string | null;
  card: string;
  body?: string;
  again?: () => Promise<unknown>;
}

const request: Request = { id: marker, card: marker };

/** An operation on requests full of payload. */
function placing(
  work: (request: Request) => unknown = () => ({ card: marker }),
  options: IdempotentOptions = {},
  store: PersistenceStore = new ScriptedStore(),
) {
  return makeIdempotent(async (given: Request, _context?: object) => work(given), {
    name: 'placeOrder',
    key: 'id',
    store,
    ...options,
  });
}

interface ErrorCase {
  readonly errorClass: abstract new (...args: never[]) => IdempotencyError;
  readonly code: string;
  readonly statusCode: number;
  readonly advice: ErrorAdvice;
  /** Whether the error can know a key. */
  readonly hasKey: boolean;
  /** What the message says to do next. */
  readonly nextStep: RegExp;
  /** Situations that cause it. */
  readonly situations: Record<string, (clock: SinonFakeTimers) => unknown>;
}

const failure = () => Promise.reject(new Error('no connection'));

const cases: ErrorCase[] = [
  {
    errorClass: KeyError,
    code: 'ERR_IDEMPOTENCY_KEY',
    statusCode: 400,
    advice: 'fix-request',
    hasKey: false,
    nextStep: /send the value|let `\w+` select|cannot be selected from this call|expected the part/,
    situations: {
      'a key that selects nothing': () => rejection(placing()({ ...request, id: null })),
      'a scope that selects nothing': () => rejection(placing(undefined, { scope: 'tenant' })(request)),
      'a key that cannot be told apart': () =>
        rejection(placing(undefined, { key: (given: Request) => [given.card, () => marker] })(request)),
      'a key function that fails': () =>
        rejection(
          placing(undefined, {
            key: (given: Request) => {
              throw new Error(`no key for ${given.card}`);
            },
          })(request),
        ),
      'a key function that returns a promise': () =>
        rejection(
          placing(undefined, {
            key: ((given: Request) => Promise.resolve(given.id)) as unknown as () => string,
          })(request),
        ),
      'a body that is not the JSON that the key asks for': () =>
        rejection(
          placing(undefined, { key: 'powertools_json(body).id' })({ ...request, body: `${marker}{` }),
        ),
      'what has the shape of an event, without a context of Lambda': () =>
        rejection(
          placing(undefined, { key: '@' })({
            ...request,
            ...{ Records: [{ eventSource: 'aws:sqs', body: marker }] },
          }),
        ),
      'a value of a type that an expression does not take': () =>
        rejection(placing(undefined, { key: 'abs(card)' })(request)),
    },
  },
  {
    errorClass: InProgressError,
    code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
    statusCode: 409,
    advice: 'retry-later',
    hasKey: true,
    nextStep: /try again in \d+ s/,
    situations: {
      'a duplicate that may not wait': async () => {
        const place = placing(() => defer().promise, { wait: 0 });
        void place(request);
        return rejection(place(request));
      },
      'forgetting a running call': async (clock) => {
        const place = placing(() => defer().promise);
        void place(request);
        await clock.tickAsync(1);
        return rejection(recordOf(place, request).forget());
      },
    },
  },
  {
    errorClass: FingerprintError,
    code: 'ERR_IDEMPOTENCY_FINGERPRINT',
    statusCode: 422,
    advice: 'fix-request',
    hasKey: true,
    nextStep: /send a new key/,
    situations: {
      'the same key with another fingerprint': async () => {
        const place = placing(undefined, { fingerprint: 'card' });
        await place(request);
        return rejection(place({ ...request, card: `other ${marker}` }));
      },
    },
  },
  {
    errorClass: OutcomeUnknownError,
    code: 'ERR_IDEMPOTENCY_OUTCOME_UNKNOWN',
    statusCode: 424,
    advice: 'ask-human',
    hasKey: true,
    nextStep:
      /decide by `recordOf\(…\)\.resolve\(\)` or|let `onAbandoned` decide|unless `onAbandoned` says otherwise/,
    situations: {
      'an unknown outcome that the policy refuses': async () => {
        const place = placing(failure, { onError: () => 'unknown', onAbandoned: 'refuse' });
        await rejection(place(request));
        return rejection(place(request));
      },
      'an abandoned call that the policy refuses': async (clock) => {
        const store = new ScriptedStore().always('replace', 'hang');
        void placing(() => defer().promise, { lease: 1 }, store)(request);
        await clock.tickAsync(3_000);
        return rejection(placing(undefined, { onAbandoned: 'refuse' }, store.peer())(request));
      },
      'a completion that was not applied': () =>
        rejection(
          placing(async () => {
            await currentExecution().completion({ card: marker });
            return { card: marker };
          })(request),
        ),
    },
  },
  {
    errorClass: AttemptsExhaustedError,
    code: 'ERR_IDEMPOTENCY_ATTEMPTS_EXHAUSTED',
    statusCode: 424,
    advice: 'ask-human',
    hasKey: true,
    nextStep: /decide by `recordOf\(…\)\.resolve\(\)` or `npx retrysafe resolve`/,
    situations: {
      'a key that has had all its attempts': async () => {
        const place = placing(failure, { maxAttempts: 1 });
        await rejection(place(request));
        return rejection(place(request));
      },
      'a recovery function that failed as often as it may': async (clock) => {
        const store = new ScriptedStore().always('replace', 'hang');
        const options = {
          lease: 1,
          maxAttempts: 1,
          onAbandoned: () => {
            throw new Error(marker);
          },
        };
        void placing(() => defer().promise, options, store)(request);
        await clock.tickAsync(3_000);
        await rejection(placing(undefined, options, store.peer())(request));
        return rejection(placing(undefined, options, store.peer())(request));
      },
    },
  },
  {
    errorClass: OutcomeUnavailableError,
    code: 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE',
    statusCode: 410,
    advice: 'ask-human',
    hasKey: true,
    nextStep: /`recordOf\(.*\.forget\(\)`/,
    situations: {
      'a result that could not be stored': async () => {
        const place = placing(() => ({ card: marker, print: () => marker }));
        await place(request);
        return rejection(place(request));
      },
    },
  },
  {
    errorClass: ClaimLostError,
    code: 'ERR_IDEMPOTENCY_CLAIM_LOST',
    statusCode: 409,
    advice: 'retry-later',
    hasKey: true,
    nextStep: /stop working|send the request again|do not begin the transaction/,
    situations: {
      'the reason of a signal': async (clock) => {
        let signal: AbortSignal | undefined;
        void placing(
          () => {
            signal = currentExecution().signal;
            return defer().promise;
          },
          { lease: 1, renewFor: 1 },
        )(request);
        await clock.tickAsync(1_500);
        return signal?.reason;
      },
      'a run whose key was taken away by force': async (clock) => {
        const gate = defer();
        const place = placing(() => gate.promise);
        const call = rejection(place(request));
        await clock.tickAsync(1);
        await recordOf(place, request).forget({ force: true });
        gate.resolve();
        return call;
      },
      'a completion asked for after the method has returned': async () => {
        let execution = undefined as ReturnType<typeof currentExecution> | undefined;
        await placing(() => {
          execution = currentExecution();
        })(request);
        return rejection(execution?.completion({ card: marker }) ?? Promise.resolve());
      },
    },
  },
  {
    errorClass: ReentrantCallError,
    code: 'ERR_IDEMPOTENCY_REENTRANT',
    statusCode: 500,
    advice: 'fix-code',
    hasKey: true,
    nextStep: /call it with another key, or call what it does directly/,
    situations: {
      'a method that calls itself with its own key': () => {
        const place = placing((given) => given.again?.());
        return rejection(place({ ...request, again: () => place(request) }));
      },
    },
  },
  {
    errorClass: StoreError,
    code: 'ERR_IDEMPOTENCY_STORE',
    statusCode: 503,
    advice: 'retry-later',
    hasKey: true,
    nextStep: /Try again when the store answers|try again when it does|do not begin the transaction/,
    situations: {
      'a claim that fails': () => {
        const store = new ScriptedStore().always('claim', 'fail');
        return rejection(placing(undefined, {}, store)(request));
      },
      'a claim without an answer': async (clock) => {
        const store = new ScriptedStore().always('claim', 'hang');
        const call = rejection(placing(undefined, {}, store)(request));
        await clock.tickAsync(20_000);
        return call;
      },
    },
  },
  {
    errorClass: NotResolvedError,
    code: 'ERR_IDEMPOTENCY_NOT_RESOLVED',
    statusCode: 412,
    advice: 'ask-human',
    hasKey: true,
    nextStep: /read it again, and decide anew|free the key by forget\(\) first/,
    situations: {
      'a decision about a record that has changed': async () => {
        const place = placing();
        await place(request);
        return rejection(recordOf(place, request).forget({ token: marker }));
      },
      'a decision about a record that has an outcome': async () => {
        const place = placing();
        await place(request);
        return rejection(recordOf(place, request).resolve({ as: 'value', value: marker }));
      },
    },
  },
  {
    errorClass: ConfigurationError,
    code: 'ERR_IDEMPOTENCY_CONFIGURATION',
    statusCode: 500,
    advice: 'fix-code',
    hasKey: false,
    nextStep: /expected/,
    situations: {
      'a wrong option': () => thrown(() => placing(undefined, { ttl: 0 })),
      'a whole Lambda event as the key': () =>
        rejection(
          placing(undefined, { key: '@' })(
            { ...request, ...{ Records: [{ messageId: marker, eventSource: 'aws:sqs', body: marker }] } },
            { awsRequestId: marker, getRemainingTimeInMillis: () => 30_000 },
          ),
        ),
      'an onAbandoned that returns none of its decisions': async () => {
        const store = new ScriptedStore();
        await rejection(placing(failure, { onError: () => 'unknown' }, store)(request));
        const onAbandoned = () => marker as 'run';
        return rejection(placing(undefined, { onAbandoned }, store)(request));
      },
    },
  },
];

describe('the errors of this library', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = fakeTime();
  });
  afterEach(() => clock.restore());

  for (const { errorClass, code, statusCode, advice, hasKey, nextStep, situations } of cases) {
    for (const [what, provoke] of Object.entries(situations)) {
      it(`${what}: ${errorClass.name} with code, status and what to do next, and no payload`, async () => {
        const error = (await provoke(clock)) as IdempotencyError;
        expect(error).to.be.instanceOf(errorClass);
        expect(error).to.be.instanceOf(IdempotencyError);
        expect(error).to.be.instanceOf(Error);
        expect(error).to.include({ name: errorClass.name, code, statusCode, advice });
        for (const other of cases) {
          if (other.errorClass === errorClass) continue;
          expect(error, `also ${other.errorClass.name}`).to.not.be.instanceOf(other.errorClass);
        }
        if (hasKey) {
          expect(error.operation).to.equal('placeOrder');
          expect(error.key).to.match(/^placeOrder#[0-9a-f]{64}$/);
          expect(error.message).to.include(error.key);
        }
        expect(error.message).to.include('placeOrder').and.to.match(nextStep);
        expect(error.stack).to.match(new RegExp(`^${errorClass.name}: `));
        expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).to.not.include(marker);
      });
    }
  }

  it('are all listed here', () => {
    const exported = Object.values(retrysafe).filter(
      (one) => typeof one === 'function' && one.prototype instanceof Error && one !== IdempotencyError,
    );
    expect(exported).to.have.members(cases.map(({ errorClass }) => errorClass));
  });

  it('have a status that says the same as their advice', () => {
    const statuses: Record<ErrorAdvice, readonly number[]> = {
      'retry-later': [409, 503],
      'fix-request': [400, 422],
      'fix-code': [500],
      // No client retries these by itself.
      'ask-human': [410, 412, 424],
    };
    for (const { advice, statusCode } of cases) expect(statuses[advice]).to.include(statusCode);
  });

  it('advise another try where the store did not tell whether a completion was applied', async () => {
    const store = new ScriptedStore();
    const place = placing(
      async () => {
        await currentExecution().completion({ card: marker });
        store.always('find', 'fail').always('replace', 'fail');
        return { card: marker };
      },
      { lease: 1 },
      store,
    );
    const call = rejection(place(request));
    await clock.tickAsync(60_000);
    expect(await call)
      .to.be.instanceOf(OutcomeUnknownError)
      .and.include({ advice: 'retry-later', statusCode: 503 });
  });

  it('advise to change the code where the store is used wrongly, breaks its contract, or never takes the record', async () => {
    const faults = [
      new ConfigurationError('of the store'),
      new StoreError('no such table', { advice: 'fix-code' }),
      new StoreError('too large', { tooLarge: true }),
    ];
    for (const fault of faults) {
      const store = new ScriptedStore().always('claim', async () => {
        throw fault;
      });
      expect(await rejection(placing(undefined, {}, store)(request)))
        .to.be.instanceOf(StoreError)
        .and.include({ advice: 'fix-code' });
    }
    const wrong = new ScriptedStore().always('claim', async () => ({}) as never);
    expect(await rejection(placing(undefined, {}, wrong)(request))).to.include({ advice: 'fix-code' });
  });

  it('name the operation where no key can be known', async () => {
    expect(await rejection(placing()({ ...request, id: null }))).to.have.property('operation', 'placeOrder');
  });

  it('have the fault that caused them as `cause`', async () => {
    const fault = new Error('the table is gone');
    const store = new ScriptedStore().always('claim', async () => {
      throw fault;
    });
    const error = (await rejection(placing(undefined, {}, store)(request))) as StoreError;
    expect(error.cause).to.equal(fault);
    expect(error).to.include({ step: 'claim', tooLarge: false });
  });

  it('tell at which step the store failed', async () => {
    const store = new ScriptedStore();
    const place = placing(() => (store.count() > 2 ? 'placed' : failure()), {}, store);
    await rejection(place(request));
    store.always('replace', 'fail');
    expect(await rejection(place(request)))
      .to.be.instanceOf(StoreError)
      .with.property('step', 'replace');
    store.always('find', 'fail');
    expect(await rejection(recordOf(place, request).forget()))
      .to.be.instanceOf(StoreError)
      .with.property('step', 'find');
  });

  it('tell after how many seconds to try again', async () => {
    const place = placing(() => defer().promise, { wait: 0, lease: 30, clockTolerance: 1 });
    void place(request);
    await clock.tickAsync(500);
    const error = (await rejection(place(request))) as InProgressError;
    // The lease has 29.5 seconds left, and may be taken over a second after that.
    expect(error.retryAfter).to.equal(31);
    expect(error.message).to.include('31 s');
  });

  it('are recognised: another error with a name and code of ours is not an instance', () => {
    const lookalike = Object.assign(new Error('mine'), {
      name: 'InProgressError',
      code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
      statusCode: 409,
    });
    expect(lookalike).to.not.be.instanceOf(InProgressError);
    expect(lookalike).to.not.be.instanceOf(IdempotencyError);
    for (const value of [null, undefined, 'text', 5, {}]) {
      expect((value as unknown) instanceof IdempotencyError).to.equal(false);
    }
  });

  it('can be extended, and a subclass is told apart from its parent', () => {
    class TableError extends StoreError {}
    const own = new TableError('no table', { tooLarge: true });
    expect(own).to.be.instanceOf(TableError);
    expect(own).to.be.instanceOf(StoreError);
    expect(own).to.be.instanceOf(IdempotencyError);
    expect(new StoreError('no store')).to.not.be.instanceOf(TableError);
    expect(own.tooLarge).to.equal(true);
  });
});
