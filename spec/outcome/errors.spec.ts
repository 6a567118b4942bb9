import { Socket } from 'node:net';
import { expect } from 'chai';
import {
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { storedRecordOf } from '../support/replayed.js';

class Declined extends Error {
  override readonly name = 'Declined';
  constructor(
    message: string,
    readonly reason: { code: number; at: Date },
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get isFinal(): boolean {
    return this.reason.code >= 500;
  }
}

class CardDeclined extends Declined {
  readonly network = 'visa';
}

const declined = (options?: ErrorOptions) =>
  new Declined('insufficient funds', { code: 510, at: new Date(3) }, options);

/** An operation that throws what `make` makes, and counts its runs. */
function throwing(make: (run: number) => unknown, options: IdempotentOptions = {}) {
  const store = new InMemoryStore();
  const seen = { runs: 0 };
  const chargeCard = makeIdempotent(
    async function chargeCard(): Promise<unknown> {
      seen.runs += 1;
      const thrown = make(seen.runs);
      if (thrown === 'nothing') return 'charged';
      throw thrown;
    },
    { store, ...options },
  );
  return { chargeCard, seen, store };
}

describe('errors by default', () => {
  it('reach their caller and release the key, so that the next call runs', async () => {
    const error = new Error('the network is down');
    const { chargeCard, seen } = throwing((run) => (run === 1 ? error : 'nothing'));
    expect(await rejection(chargeCard())).to.equal(error);
    expect(await recordOf(chargeCard).inspect()).to.include({ status: 'released' });
    expect(await chargeCard()).to.equal('charged');
    expect(seen.runs).to.equal(2);
  });

  it('let the concurrent calls try one after the other', async () => {
    const gate = defer();
    const store = new InMemoryStore();
    let runs = 0;
    const chargeSlowly = makeIdempotent(
      async function chargeSlowly() {
        runs += 1;
        const run = runs;
        await gate.promise;
        if (run < 3) throw new Error(`run ${run}`);
        return run;
      },
      { store },
    );
    const calls = Array.from({ length: 5 }, () => chargeSlowly().catch((error: Error) => error.message));
    gate.resolve();
    expect(await Promise.all(calls)).to.have.members(['run 1', 'run 2', 3, 3, 3]);
    expect(runs).to.equal(3);
  });
});

describe('errors that are outcomes by `remember`', () => {
  const remember = [Declined];

  it('are stored, those of other classes are not', async () => {
    const { chargeCard, seen } = throwing((run) => (run === 1 ? new TypeError('a bug') : declined()), {
      remember,
    });
    expect(await rejection(chargeCard())).to.be.instanceOf(TypeError);
    expect(await rejection(chargeCard())).to.be.instanceOf(Declined);
    expect(await rejection(chargeCard())).to.be.instanceOf(Declined);
    expect(seen.runs).to.equal(2);
  });

  it('come back as instances of their class with message, own fields, cause and stack', async () => {
    const cause = new RangeError('limit', { cause: { limit: 5n } });
    const { chargeCard } = throwing(() => declined({ cause }), { remember });
    await rejection(chargeCard());
    const replay = (await rejection(chargeCard())) as Declined & { cause: Error };
    expect(Object.getPrototypeOf(replay)).to.equal(Declined.prototype);
    expect(replay.isFinal, 'what a getter of the class says').to.equal(true);
    expect(replay).to.include({ name: 'Declined', message: 'insufficient funds' });
    expect(replay.reason).to.deep.equal({ code: 510, at: new Date(3) });
    expect(replay.cause).to.be.instanceOf(RangeError).with.property('message', 'limit');
    expect(replay.cause.cause).to.deep.equal({ limit: 5n });
    expect(replay.stack).to.match(/^Declined: insufficient funds\n +at /);
  });

  it('come back as a copy for each caller', async () => {
    const { chargeCard } = throwing(() => declined(), { remember });
    await rejection(chargeCard());
    const [one, other] = [await rejection(chargeCard()), await rejection(chargeCard())] as Declined[];
    expect(one).to.not.equal(other);
    expect(one?.reason).to.not.equal(other?.reason);
  });

  it('come back for calls that joined as well', async () => {
    const gate = defer();
    const chargeJointly = makeIdempotent(
      async function chargeJointly() {
        await gate.promise;
        throw declined();
      },
      { store: new InMemoryStore(), remember },
    );
    const calls = [rejection(chargeJointly()), rejection(chargeJointly()), rejection(chargeJointly())];
    gate.resolve();
    const errors = await Promise.all(calls);
    for (const error of errors) expect(error).to.be.instanceOf(Declined);
    expect(new Set(errors).size).to.equal(3);
  });

  it('include those of subclasses, which come back as instances of the listed class', async () => {
    const { chargeCard, seen } = throwing(() => new CardDeclined('stolen', { code: 1, at: new Date(1) }), {
      remember,
    });
    expect(await rejection(chargeCard())).to.be.instanceOf(CardDeclined);
    const replay = await rejection(chargeCard());
    expect(seen.runs).to.equal(1);
    expect(replay).to.be.instanceOf(Declined);
    expect(replay).to.include({ message: 'stolen', network: 'visa' });
  });

  it('come back as instances of the subclass where that is listed too', async () => {
    for (const both of [
      [Declined, CardDeclined],
      [CardDeclined, Declined],
    ]) {
      const { chargeCard } = throwing(() => new CardDeclined('stolen', { code: 1, at: new Date(1) }), {
        remember: both,
      });
      await rejection(chargeCard());
      expect(await rejection(chargeCard())).to.be.instanceOf(CardDeclined);
    }
  });

  it('include native errors where those are listed', async () => {
    const { chargeCard, seen } = throwing(() => new RangeError('too much'), { remember: [RangeError] });
    await rejection(chargeCard());
    expect(await rejection(chargeCard()))
      .to.be.instanceOf(RangeError)
      .with.property('message', 'too much');
    expect(seen.runs).to.equal(1);
  });

  it('include an AggregateError with its errors', async () => {
    const make = () => new AggregateError([declined(), new TypeError('two')], 'both failed');
    const { chargeCard, seen } = throwing(make, { remember: [AggregateError, Declined] });
    await rejection(chargeCard());
    const replay = (await rejection(chargeCard())) as AggregateError;
    expect(replay).to.be.instanceOf(AggregateError).with.property('message', 'both failed');
    expect(replay.errors[0]).to.be.instanceOf(Declined);
    expect(replay.errors[1]).to.be.instanceOf(TypeError);
    expect(seen.runs).to.equal(1);
  });

  it('work on a decorated method', async () => {
    class ChargingService {
      runs = 0;
      readonly store = new InMemoryStore();

      @Idempotent({ key: 'id', remember: [Declined], store: (self: ChargingService) => self.store })
      async charge(_order: { id: string }): Promise<void> {
        this.runs += 1;
        throw declined();
      }
    }
    const service = new ChargingService();
    await rejection(service.charge({ id: 'o-1' }));
    expect(await rejection(service.charge({ id: 'o-1' }))).to.be.instanceOf(Declined);
    expect(service.runs).to.equal(1);
  });
});

/** What an HTTP client throws: functions, sockets and cycles, and a few fields that say something. */
function clientError(message: string): Error {
  const socket = new Socket();
  const request: Record<string, unknown> = { socket, abort: () => {} };
  request.self = request;
  return Object.assign(new Error(message), {
    code: 'ERR_BAD_REQUEST',
    status: 402,
    isClientError: true,
    details: { declineCode: 'stolen_card', at: new Date(4) },
    config: { transform: [(data: unknown) => data] },
    request,
    toJSON: () => ({}),
  });
}

describe('errors that cannot be stored whole', () => {
  it('are remembered without what cannot be stored', async () => {
    const { chargeCard, seen } = throwing(() => clientError('402'), { onError: () => 'remember' });
    await rejection(chargeCard());
    const replay = await rejection(chargeCard());
    expect(seen.runs).to.equal(1);
    expect(replay).to.be.instanceOf(Error);
    expect(replay).to.include({ message: '402', code: 'ERR_BAD_REQUEST', status: 402, isClientError: true });
    expect(replay).to.not.have.any.keys('config', 'request', 'toJSON');
  });

  it('keep their own fields that can be stored', async () => {
    const { chargeCard } = throwing(() => clientError('402'), { onError: () => 'remember' });
    await rejection(chargeCard());
    expect(await rejection(chargeCard()))
      .to.have.property('details')
      .that.deep.equals({ declineCode: 'stolen_card', at: new Date(4) });
  });

  it('keep their class, and their cause without what cannot be stored', async () => {
    const { chargeCard } = throwing(() => declined({ cause: clientError('402') }), { remember: [Declined] });
    await rejection(chargeCard());
    const replay = (await rejection(chargeCard())) as Declined & { cause?: Error };
    expect(replay).to.be.instanceOf(Declined).with.property('message', 'insufficient funds');
    expect(replay.reason).to.deep.equal({ code: 510, at: new Date(3) });
    expect(replay.cause).to.be.instanceOf(Error).with.property('message', '402');
    expect(replay.cause).to.have.property('status', 402);
  });

  const hostile: Record<string, () => unknown> = {
    'an error with a field that throws when read': () =>
      Object.defineProperty(new Error('hostile'), 'detail', {
        enumerable: true,
        get() {
          throw new TypeError('do not look');
        },
      }),
    'an AggregateError of client errors': () => new AggregateError([clientError('402')], 'hostile'),
    'an error whose message throws when read': () =>
      Object.defineProperty(new Error(), 'message', {
        get() {
          throw new TypeError('do not look');
        },
      }),
    'a function': () => () => 'hostile',
    'a symbol': () => Symbol('hostile'),
    'a plain object with a function': () => ({ status: 402, retry: () => {} }),
  };
  for (const [what, make] of Object.entries(hostile)) {
    it(`reach the first caller as the very same value, and are not run again: ${what}`, async () => {
      const thrown = make();
      const { chargeCard, seen } = throwing(() => thrown, { onError: () => 'remember' });
      expect((await rejection(chargeCard())) === thrown, 'whether it is the very same').to.equal(true);
      expect(await recordOf(chargeCard).inspect()).to.include({ status: 'completed' });
      await rejection(chargeCard());
      expect(seen.runs).to.equal(1);
    });
  }
});

describe('any thrown value', () => {
  const thrown: Record<string, () => unknown> = {
    'an error': () => new Error('plain'),
    'an error with a name like a built-in property': () =>
      Object.assign(new Error('odd'), { name: 'toString' }),
    'a frozen error': () => Object.freeze(Object.assign(new Error('frozen'), { code: 7 })),
    'a string': () => 'just a text',
    'an empty string': () => '',
    'a number': () => 404,
    null: () => null,
    undefined: () => undefined,
    false: () => false,
    'a plain object': () => ({ status: 402, at: new Date(1) }),
    'an object with the shape of an outcome': () => ({ value: 1, error: 2 }),
  };
  for (const [what, make] of Object.entries(thrown)) {
    it(`reaches the first caller as the very same value when it is released: ${what}`, async () => {
      const value = make();
      const { chargeCard, seen } = throwing(() => value);
      expect(await rejection(chargeCard())).to.equal(value);
      expect(await rejection(chargeCard())).to.equal(value);
      expect(seen.runs).to.equal(2);
    });

    it(`reaches the first caller as the very same value when it is remembered, and duplicates get an equal one: ${what}`, async () => {
      const value = make();
      const { chargeCard, seen } = throwing(() => value, { onError: () => 'remember' });
      expect(await rejection(chargeCard())).to.equal(value);
      const replay = await rejection(chargeCard());
      if (value instanceof Error) {
        expect(replay).to.be.instanceOf(Error).with.property('message', value.message);
        expect({ ...(replay as Error) }).to.deep.equal({ ...value });
      } else {
        expect(replay).to.deep.equal(value);
      }
      expect(seen.runs).to.equal(1);
    });

    it(`reaches the first caller as the very same value when its outcome is unknown: ${what}`, async () => {
      const value = make();
      const { chargeCard } = throwing(() => value, { onError: () => 'unknown', onAbandoned: 'refuse' });
      expect(await rejection(chargeCard())).to.equal(value);
      expect(await rejection(chargeCard())).to.be.instanceOf(OutcomeUnknownError);
    });
  }

  it('is the same for an error thrown before the first await of a method that is not async', async () => {
    const error = new Error('at once');
    const throwAtOnce = makeIdempotent(
      function throwAtOnce(): Promise<void> {
        throw error;
      },
      { store: new InMemoryStore() },
    );
    expect(await rejection(throwAtOnce())).to.equal(error);
  });

  it('leaves a remembered error readable in the store', async () => {
    const { chargeCard, store } = throwing(() => declined(), { remember: [Declined] });
    await rejection(chargeCard());
    expect(JSON.stringify(await storedRecordOf(store, chargeCard))).to.include('insufficient funds');
  });
});
