import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  type IdempotentOptions,
  InMemoryStore,
  KeyError,
  makeIdempotent,
  OutcomeUnavailableError,
  recordOf,
} from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';
import { unhandledDuring } from '../support/unhandled-rejections.js';

type Options = Record<string, unknown>;

/** Promises that an option returns and that come too late. Nothing else handles their rejections. */
const late: Record<string, () => unknown> = {
  'a promise': () => Promise.reject(new Error('unheard')),
  'a promise of another realm': () => runInNewContext('Promise.reject(new Error("unheard"))'),
  'a promise whose `then` is hidden': () =>
    // biome-ignore lint/suspicious/noThenProperty: this tests thenables
    Object.assign(Promise.reject(new Error('unheard')), { then: undefined }),
  "another library's promise": () => {
    const inner = Promise.reject(new Error('unheard'));
    // biome-ignore lint/suspicious/noThenProperty: as above
    return { then: (heard: () => void, failed: () => void) => inner.then(heard, failed) };
  },
  'a thenable whose `then` throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: as above
    then() {
      throw new Error('unheard');
    },
  }),
  'a thenable whose `then` is a getter that throws': () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw new Error('unheard');
      },
      enumerable: true,
    }),
};

let names = 0;

describe('an option that must return at once, and returns a promise', () => {
  let warnings: CaughtWarnings;
  let runs: number;

  beforeEach(() => {
    warnings = catchWarnings();
    runs = 0;
  });

  afterEach(() => warnings.restore());

  function operation(options: Options, work: () => unknown = () => 'done') {
    names += 1;
    return makeIdempotent(
      async (_request: object) => {
        runs += 1;
        return work();
      },
      { name: `late.operation${names}`, store: new InMemoryStore(), ...(options as IdempotentOptions) },
    );
  }

  /** Asserts that no rejection is left that would end the process. */
  async function quietly(use: () => Promise<void>): Promise<void> {
    expect(await unhandledDuring(use), 'promises that would end the process').to.deep.equal([]);
  }

  for (const [what, answer] of Object.entries(late)) {
    describe(`which is ${what},`, () => {
      for (const option of ['key', 'scope', 'fingerprint']) {
        it(`is a KeyError of \`${option}\` before the method runs`, () =>
          quietly(async () => {
            expect(await rejection(operation({ [option]: answer })({}))).to.be.instanceOf(KeyError);
            expect(
              await rejection(operation({ [option]: () => ['id', { deep: answer() }] })({})),
            ).to.be.instanceOf(KeyError);
            expect(runs).to.equal(0);
          }));
      }

      it('is a ConfigurationError of `store` before the method runs', () =>
        quietly(async () => {
          const error = await rejection(operation({ store: answer })({}));
          expect(error).to.be.instanceOf(ConfigurationError);
          expect((error as Error).message).to.match(/option "store" is .*expected/);
          expect(runs).to.equal(0);
        }));

      it('gives a `ttl` of a day, with a warning', () =>
        quietly(async () => {
          const call = operation({ ttl: answer });
          await call({});
          const { expiresAt = 0, completedAt = 0 } = (await recordOf(call, {}).inspect()) ?? {};
          expect(expiresAt - completedAt).to.equal(86_400_000);
          expect(warnings.texts('RETRYSAFE_TTL')).to.have.length(1);
        }));

      it('makes the outcome unknown where it is the decision of `onError`, with a warning', () =>
        quietly(async () => {
          const call = operation({ onError: answer }, () => Promise.reject(new Error('no')));
          expect(await rejection(call({}))).to.have.property('message', 'no');
          expect(await recordOf(call, {}).inspect()).to.include({ status: 'unknown' });
          expect(warnings.texts('RETRYSAFE_ON_ERROR')).to.have.length(1);
        }));

      it('completes the key without an outcome where it is what `redact` leaves of a result', () =>
        quietly(async () => {
          const call = operation({ redact: answer });
          expect(await call({})).to.equal('done');
          expect(await rejection(call({})))
            .to.be.instanceOf(OutcomeUnavailableError)
            .with.property('message')
            .that.includes('the result cannot be');
          expect(runs).to.equal(1);
        }));

      it('completes the key without an outcome where it is the text of `codec.encode`', () =>
        quietly(async () => {
          const call = operation({ codec: { encode: answer, decode: JSON.parse } });
          expect(await call({})).to.equal('done');
          expect(await rejection(call({})))
            .to.be.instanceOf(OutcomeUnavailableError)
            .with.property('message')
            .that.includes('codec.encode returned');
          expect(runs).to.equal(1);
        }));

      it('fails only the call where it comes from `mapReplay`, which may be asynchronous', () =>
        quietly(async () => {
          const call = operation({ mapReplay: answer });
          await call({});
          expect(await rejection(call({}))).to.have.property('message', 'unheard');
          expect(runs).to.equal(1);
        }));
    });
  }

  for (const what of ['a promise', "another library's promise", 'a promise of another realm']) {
    const answer = late[what] as () => unknown;

    it(`makes the outcome unavailable where \`codec.decode\` returns ${what}`, () =>
      quietly(async () => {
        const call = operation({ codec: { encode: () => 'text', decode: answer } });
        await call({});
        expect(await rejection(call({})))
          .to.be.instanceOf(OutcomeUnavailableError)
          .with.property('message')
          .that.includes('codec.decode returned a promise');
      }));

    it(`completes the key without an outcome where a toJSON() returns ${what}`, () =>
      quietly(async () => {
        class LateNote {
          toJSON() {
            return answer();
          }
        }
        const call = operation({}, () => [new LateNote()]);
        await call({});
        expect(await rejection(call({})))
          .to.be.instanceOf(OutcomeUnavailableError)
          .with.property('message')
          .that.includes('a toJSON() in it returned a promise');
      }));
  }

  it('in a request is left to its sender, which may await it', async () => {
    const own = Promise.reject(new Error('the sender hears it'));
    const unhandled = await unhandledDuring(async () => {
      expect(await rejection(operation({})({ own }))).to.be.instanceOf(KeyError);
    });
    // The test runner would report it again.
    expect([...new Set(unhandled)].map((reason) => (reason as Error).message)).to.deep.equal([
      'the sender hears it',
    ]);
  });
});

describe('a function of an option that is visibly asynchronous', () => {
  const options: Record<string, (fn: unknown) => Options> = {
    key: (key) => ({ key }),
    scope: (scope) => ({ scope }),
    fingerprint: (fingerprint) => ({ fingerprint }),
    ttl: (ttl) => ({ ttl }),
    store: (store) => ({ store }),
    onError: (onError) => ({ onError }),
    redact: (redact) => ({ redact }),
    'codec.encode': (encode) => ({ codec: { encode, decode: JSON.parse } }),
    'codec.decode': (decode) => ({ codec: { encode: JSON.stringify, decode } }),
  };
  const functions: Record<string, unknown> = {
    'an async function': async () => 'text',
    'an async function of another realm': runInNewContext('(async () => "text")'),
    'a generator function': function* () {},
    'an async generator function': async function* () {},
  };

  afterEach(() => configureIdempotency({}));

  for (const [option, make] of Object.entries(options)) {
    for (const [what, fn] of Object.entries(functions)) {
      it(`is refused as ${option} at definition, where it is ${what}`, () => {
        const given = make(fn) as never;
        expect(thrown(() => makeIdempotent(async () => {}, { name: 'late.function', ...(given as object) })))
          .to.be.instanceOf(ConfigurationError)
          .with.property('message')
          .that.matches(/a synchronous function|a function that is not a generator/);
        if (option === 'key') return;
        class LateDesk {}
        expect(thrown(() => IdempotencyDefaults(given)(LateDesk))).to.be.instanceOf(ConfigurationError);
        expect(thrown(() => configureIdempotency(given))).to.be.instanceOf(ConfigurationError);
      });
    }
  }

  it('is accepted where a promise is: as `mapReplay` and `onAbandoned`', () => {
    const asynchronous = async () => 'run' as const;
    makeIdempotent(async () => 'run' as const, {
      name: 'late.welcome',
      mapReplay: asynchronous,
      onAbandoned: asynchronous,
    });
  });
});
