import { Socket } from 'node:net';
import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  type IdempotentOptions,
  InMemoryStore,
  InProgressError,
  KeyError,
  makeIdempotent,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  ReentrantCallError,
  recordOf,
  StoreError,
} from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';
import { replayed } from '../support/replayed.js';

/** An operation that throws what `make` makes, and how often it ran. */
function throwing(make: () => unknown, options: IdempotentOptions = {}) {
  const seen = { runs: 0 };
  const charge = makeIdempotent(
    async (): Promise<unknown> => {
      seen.runs += 1;
      throw make();
    },
    { name: 'charge', store: new InMemoryStore(), ...options },
  );
  return { charge, seen };
}

/** What a duplicate gets for an error that is remembered. */
async function replayOf<T>(make: () => T, options: IdempotentOptions): Promise<T> {
  const { charge, seen } = throwing(make, options);
  await rejection(charge());
  const again = await rejection(charge());
  expect(seen.runs, 'how often the method ran').to.equal(1);
  return again as T;
}

const remembered = { onError: () => 'remember' as const };

/** Recognises its instances as zod 4 does: by their properties, and not by their prototype. */
function tellingByTraits(): (new (issues: unknown) => Error) & { prototype: object } {
  function Telling(this: unknown, issues: unknown): Error {
    return Object.defineProperties(new Error('invalid'), {
      name: { value: 'Telling' },
      traits: { value: { telling: true, inspect: () => 1 } },
      issues: { value: issues },
    });
  }
  Object.defineProperty(Telling, Symbol.hasInstance, {
    value: (it: { traits?: { telling?: boolean } }) => it?.traits?.telling === true,
  });
  return Telling as never;
}

/** Recognises its instances as AWS's SDK does: by their name and two of their fields. */
class ServiceError extends Error {
  readonly $fault = 'client';
  override name = 'ServiceError';

  static override [Symbol.hasInstance](it: unknown): boolean {
    const { $fault, name } = (it ?? {}) as ServiceError;
    return (
      $fault === 'client' &&
      (Object.prototype.isPrototypeOf.call(ServiceError.prototype, it as object) || name === 'ServiceError')
    );
  }
}

/** As in http-errors: the status of an HTTP error is on its class's prototype. */
class HttpError extends Error {}
class NotFoundError extends HttpError {
  get retryable(): boolean {
    return false;
  }

  get broken(): never {
    throw new Error('PAYLOAD');
  }

  describe(): string {
    return 'not found';
  }
}
Object.assign(NotFoundError.prototype, { status: 404, headers: { via: [1] } });

describe('what an error is besides its fields', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  it('replays with a stack that begins with its own name and message, for the log', async () => {
    class Declined extends Error {
      override name = 'Declined';
    }
    const { value } = await replayed(new Declined('no money'), { classes: [Declined] });
    expect(value.stack?.split('\n')[0]).to.equal('Declined: no money');
    expect(value.stack).not.to.include('revivedError');
  });

  it('replays its data that is not enumerable, as such', async () => {
    const make = () =>
      Object.defineProperty(new RangeError('invalid'), 'issues', { value: [{ at: new Date(1) }] });
    for (const error of [await replayOf(make, remembered), (await replayed({ error: make() })).value.error]) {
      expect(Object.getOwnPropertyDescriptor(error, 'issues')).to.deep.include({
        value: [{ at: new Date(1) }],
        enumerable: false,
      });
    }
    expect(warnings.texts('RETRYSAFE_LEFT_OUT')).to.deep.equal([]);
  });

  it('replays without hidden parts that cannot be stored, and warns once', async () => {
    const make = () =>
      Object.defineProperties(new Error('invalid'), {
        issues: { value: [1] },
        format: { value: () => 1 },
        deep: { value: { kept: 2, of: { left: () => 1, more: 3 } } },
        [Symbol('hidden')]: { value: () => 1 },
      });
    for (const error of [await replayOf(make, remembered), (await replayed({ error: make() })).value.error]) {
      expect(error).to.have.property('issues').that.deep.equals([1]);
      expect(error).to.have.property('deep').that.deep.equals({ kept: 2 });
      expect(error).to.not.have.property('format');
    }
    const texts = warnings.texts('RETRYSAFE_LEFT_OUT');
    expect(
      texts.filter((text) => text.startsWith('Error is stored without format, deep.of, which')),
    ).to.have.length(1);
  });

  it('replays without properties whose names are symbols, and warns where they are enumerable', async () => {
    const error = await replayOf(
      () => Object.assign(new RangeError('a'), { b: 1, [Symbol('PAYLOAD')]: 2 }),
      remembered,
    );
    expect(error).to.include({ message: 'a', b: 1 });
    expect(warnings.texts('RETRYSAFE_LEFT_OUT').join()).to.match(/^RangeError is stored without …, which/);
  });

  it('replays what can be stored of an HTTP client’s error, and warns once of the rest', async () => {
    class HttpClientError extends Error {
      response: unknown;
    }
    const make = () => {
      const config = {
        url: 'https://bank.example/',
        headers: { authorization: 'SECRET' },
        transform: [() => 1],
        validate: () => true,
      };
      const request = new Socket();
      const response = {
        status: 402,
        headers: new Map([['via', '1']]),
        data: { decline: 'stolen' },
        config,
        request,
      };
      return Object.assign(new HttpClientError('402'), { response, config, request, again: response });
    };
    const error = await replayOf(make, { remember: [HttpClientError] });
    expect(error).to.be.instanceOf(HttpClientError);
    expect(error.response).to.deep.equal({
      status: 402,
      headers: new Map([['via', '1']]),
      data: { decline: 'stolen' },
    });
    expect(error.again, 'one object in two places').to.equal(error.response);
    expect(error).to.not.have.property('request');
    await replayOf(make, { remember: [HttpClientError] });
    const texts = warnings.texts('RETRYSAFE_LEFT_OUT');
    expect(texts).to.have.length(1);
    expect(texts[0]).to.match(
      /^HttpClientError is stored without response\.config, response\.request, config, request, which no record can hold\. .*\{ class, name, to, from \}/,
    );
  });

  for (const [what, options] of Object.entries({
    'as a parent that is listed': { remember: [HttpError] },
    'as an Error, where no class is listed': remembered,
  })) {
    it(`replays the data of its class’s prototype where it comes back ${what}`, async () => {
      const error = await replayOf(() => new NotFoundError('no such order'), options);
      expect(error).to.include({ status: 404, retryable: false, message: 'no such order' });
      expect(error)
        .to.have.property('headers')
        .that.deep.equals({ via: [1] });
      expect(Object.keys(error)).to.deep.equal([]);
    });
  }

  it('leaves that data to the class where it comes back as its instance', async () => {
    const error = await replayOf(() => new NotFoundError('no such order'), { remember: [NotFoundError] });
    expect(Object.getOwnPropertyNames(error).sort()).to.deep.equal(['message', 'stack']);
    expect(error.describe()).to.equal('not found');
  });

  it('replays as an instance of the native class that its own class extends, whatever its name', async () => {
    class LimitError extends RangeError {
      override readonly name = 'LimitError';
    }
    class ManyErrors extends AggregateError {
      override readonly name = 'ManyErrors';
    }
    for (const options of [remembered, { remember: [Error] }])
      expect(await replayOf(() => new LimitError('past'), options))
        .to.be.instanceOf(RangeError)
        .and.include({ name: 'LimitError', message: 'past' });
    const many = await replayOf(() => new ManyErrors([new TypeError('one')], 'many'), remembered);
    expect(many).to.be.instanceOf(AggregateError).and.include({ name: 'ManyErrors' });
    expect(many.errors[0]).to.be.instanceOf(TypeError);
  });

  describe('of a DOMException', () => {
    const make = () => new DOMException('too late', { name: 'TimeoutError', cause: new RangeError('5 s') });

    for (const [what, options] of Object.entries({
      'by its class': { remember: [DOMException] },
      'by Error': { remember: [Error] },
      'by onError': remembered,
    })) {
      it(`replays, remembered ${what}`, async () => {
        const error = await replayOf(make, options);
        expect(error).to.be.instanceOf(DOMException).and.instanceOf(Error);
        expect(error).to.include({ name: 'TimeoutError', message: 'too late', code: 23 });
        expect(error.stack).to.match(/^TimeoutError: too late/);
      });
    }

    it('replays within a result, and of a subclass that is listed', async () => {
      class Aborted extends DOMException {
        readonly step = 2;
      }
      const { value } = await replayed(
        { one: make(), other: new Aborted('no', 'AbortError') },
        { classes: [Aborted] },
      );
      expect(value.one).to.be.instanceOf(DOMException).and.include({ name: 'TimeoutError' });
      expect(value.one.cause).to.be.instanceOf(RangeError);
      expect(value.other)
        .to.be.instanceOf(Aborted)
        .and.include({ name: 'AbortError', message: 'no', step: 2 });
    });
  });
});

describe('whether an error is one of those that `remember` lists', () => {
  it('is decided by its class’s Symbol.hasInstance, which also decides what it replays as', async () => {
    // It comes from another copy of the module, so its prototype differs.
    const make = () =>
      Object.assign(new Error('throttled'), { name: 'ServiceError', $fault: 'client', code: 5 });
    const error = await replayOf(make, { remember: [ServiceError] });
    expect(Object.getPrototypeOf(error)).to.equal(ServiceError.prototype);
    expect(error).to.include({ code: 5, message: 'throttled' });
    const { charge, seen } = throwing(() => new Error('other'), { remember: [ServiceError] });
    await rejection(charge());
    await rejection(charge());
    expect(seen.runs, 'of another error').to.equal(2);
  });

  it('is refused at definition for a class that recognises its instances by what no replay has', () => {
    const Telling = tellingByTraits();
    const error = thrown(() => throwing(() => new Telling([]), { remember: [Telling] })) as Error;
    expect(error).to.be.instanceOf(ConfigurationError);
    expect(error.message).to.match(/Telling decides by Symbol\.hasInstance.*to: /);
  });

  it('works for such a class by an entry', async () => {
    const Telling = tellingByTraits();
    const entry = {
      class: Telling,
      name: 'Telling',
      to: (error: { issues: unknown }) => error.issues,
      from: (issues: unknown) => new Telling(issues) as Error & { issues: unknown },
    };
    const error = await replayOf(() => new Telling([{ path: 'a' }]), { remember: [entry as never] });
    expect(error).to.be.instanceOf(Telling).and.instanceOf(Error);
    expect(error)
      .to.have.property('issues')
      .that.deep.equals([{ path: 'a' }]);
  });

  it('completes the key without an outcome where a replay would not be recognised', async () => {
    class Fickle extends Error {
      #real = true;
      static override [Symbol.hasInstance](it: unknown): boolean {
        return typeof it === 'object' && it !== null && #real in it && it.#real;
      }
    }
    // Its source shows no private field where a compiler replaced that by a WeakMap.
    const seen = new WeakSet<object>();
    class Seen extends Error {
      constructor(message: string) {
        super(message);
        seen.add(this);
      }
      static override [Symbol.hasInstance](it: unknown): boolean {
        return seen.has(it as object);
      }
    }
    expect(thrown(() => throwing(() => 1, { remember: [Fickle] }))).to.be.instanceOf(ConfigurationError);
    const { charge, seen: counted } = throwing(() => new Seen('declined'), { remember: [Seen] });
    await rejection(charge());
    const error = (await rejection(charge())) as Error;
    expect(error).to.be.instanceOf(OutcomeUnavailableError);
    expect(error.message).to.match(/Seen decides by Symbol\.hasInstance/);
    expect(counted.runs).to.equal(1);
  });

  it('holds for thrown values that are no errors, of subclasses too', async () => {
    class Problem {
      constructor(readonly status: number) {}
    }
    class Conflict extends Problem {}
    const problem = await replayOf(() => new Conflict(409), { remember: [Problem] });
    expect(problem).to.be.instanceOf(Problem).and.include({ status: 409 });
  });

  const passing: Record<string, Error> = {
    InProgressError: new InProgressError('busy', { retryAfter: 1 }),
    ClaimLostError: new ClaimLostError('lost'),
    StoreError: new StoreError('gone', { step: 'claim' }),
    OutcomeUnknownError: new OutcomeUnknownError('unknown'),
    OutcomeUnavailableError: new OutcomeUnavailableError('unavailable'),
    ReentrantCallError: new ReentrantCallError('again'),
    ConfigurationError: new ConfigurationError('wrong'),
  };
  for (const [name, error] of Object.entries(passing)) {
    it(`is not decided by a parent class for our own ${name}, but by its class itself`, async () => {
      const parents = [Error, Object.getPrototypeOf(error.constructor)];
      for (const remember of [[Error], parents, [KeyError, Error]]) {
        const { charge, seen } = throwing(() => error, { remember });
        await rejection(charge());
        await rejection(charge());
        expect(seen.runs).to.equal(2);
      }
      const own = error.constructor as new () => Error;
      for (const remember of [[own], [Error, own]]) {
        const again = await replayOf(() => error, { remember });
        expect(again).to.be.instanceOf(own).and.include({ message: error.message });
      }
    });
  }

  it('is decided by a parent class for our errors about the request', async () => {
    const again = await replayOf(() => new KeyError('no id'), { remember: [Error] });
    expect(again).to.include({ name: 'KeyError', message: 'no id' });
  });

  it('is visible to inspect: a passing error of ours leaves the key free', async () => {
    const { charge } = throwing(() => new StoreError('gone'), { remember: [Error] });
    await rejection(charge());
    expect(await recordOf(charge).inspect()).to.have.property('status', 'released');
  });
});
