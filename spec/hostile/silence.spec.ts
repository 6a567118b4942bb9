import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type Completion,
  currentExecution,
  forget,
  IdempotencyError,
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  inspect as view,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { defer } from '../support/defer.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { gaveAway, marker } from './marker.js';

const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null } as const;

interface Request {
  readonly id: string;
  readonly [marker]: unknown;
}

const request = (id: string): Request => ({ id, [marker]: { deep: [marker] } });
const declined = () => Object.assign(new Error(marker), { [marker]: marker, name: marker });

/** All that anybody gets to see of the library in these specs. */
class Seen {
  readonly events = new RecordedEvents();
  readonly warnings: Error[] = [];
  readonly errors: IdempotencyError[] = [];
  readonly things: unknown[] = [];
  readonly #listener = (warning: Error) => this.warnings.push(warning);

  constructor() {
    process.on('warning', this.#listener);
  }

  /** Resolves when all warnings were told, which is in the next turn. */
  async hear(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.events.stop();
    await this.hear();
    process.off('warning', this.#listener);
  }

  /** Ends as the promise does, and keeps the error where it is one of ours. */
  async end(promise: Promise<unknown>): Promise<void> {
    await promise.catch((error: unknown) => {
      if (error instanceof IdempotencyError) this.errors.push(error);
    });
  }

  /** Every text that was seen, by what it was. */
  *texts(): Generator<readonly [what: string, text: string]> {
    for (const event of [...this.events.raw, ...this.events.typed]) {
      // The error of a store that failed is the store's own.
      const { error, ...rest } = event;
      yield [`event ${event.name}`, inspect(rest, everything)];
      if (error instanceof IdempotencyError) yield [`event ${event.name}`, worded(error)];
    }
    for (const warning of this.warnings) yield ['warning', inspect(warning, everything)];
    for (const error of this.errors) yield [error.name, worded(error)];
    for (const thing of this.things) yield ['thing', inspect(thing, everything)];
  }
}

/** What an error says; its cause is an error of the application, of its store's client, or of ours, and has its own words. */
function worded(error: IdempotencyError): string {
  const { cause, ...rest } = Object.fromEntries(
    Reflect.ownKeys(error).map((name) => [String(name), Reflect.get(error, name)]),
  );
  const ours = cause instanceof IdempotencyError ? worded(cause) : '';
  return `${inspect(rest, everything)} ${String(error)} ${ours}`;
}

function failingAt(step: 'claim' | 'find'): PersistenceStore {
  const inner = new InMemoryStore();
  return {
    claim: (record, now) => inner.claim(record, now),
    replace: (record, token) => inner.replace(record, token),
    find: (key) => inner.find(key),
    [step]: () => Promise.reject(declined()),
  };
}

describe('what the library says (9)', () => {
  let seen: Seen;
  let names = 0;

  beforeEach(() => {
    seen = new Seen();
  });

  afterEach(async () => {
    await seen.stop();
    const telling = [...seen.texts()].filter(([, text]) => gaveAway(text));
    expect(telling, 'what gives a payload, a result or an error away').to.deep.equal([]);
  });

  /** An operation that is looked at from all sides, under a name of its own, so that each of its warnings is given. */
  function operation(
    method: (request: Request) => Promise<unknown>,
    options: IdempotentOptions = {},
    store: PersistenceStore = new InMemoryStore(),
  ) {
    names += 1;
    const made = makeIdempotent(
      (given: Request) => {
        seen.things.push(currentExecution());
        return method(given);
      },
      { name: `Silent.operation${names}`, key: (given: Request) => given, wait: '50ms', ...options, store },
    );
    seen.things.push(made, store);
    return made;
  }

  it('sees what gives something away', () => {
    const error = new (class extends IdempotencyError {
      readonly code = 'ERR_IDEMPOTENCY_TEST';
      readonly statusCode = 500;
      readonly request = request('1');
    })('it failed');
    expect(gaveAway(worded(error))).to.equal(true);
    expect(gaveAway(inspect(new Map([[1, [[[request('1')]]]]]), everything))).to.equal(true);
  });

  it('is nothing of a call that runs, is replayed, looked at, forgotten and refused', async () => {
    const store = new InMemoryStore();
    const give = operation(async (given) => ({ given, [marker]: marker }), { keepLocal: 10 }, store);
    await give(request('1'));
    await give(request('1'));
    seen.things.push(await view(give, request('1')), store);
    await forget(give, request('1'));
    const end = defer<unknown>();
    const hold = operation(() => end.promise, { fingerprint: () => marker, scope: () => marker }, store);
    const running = hold(request('1'));
    await seen.end(hold(request('1')));
    await seen.end(forget(hold, request('1')));
    seen.things.push(store);
    end.resolve(marker);
    await running;
    expect(seen.errors.map(({ name }) => name)).to.deep.equal(['InProgressError', 'InProgressError']);
  });

  it('is nothing of a request that has no key or another fingerprint, or calls itself', async () => {
    let part = marker;
    const give = operation(async () => marker, { key: 'id', fingerprint: () => part });
    await give(request('1'));
    part = `${marker} too`;
    await seen.end(give(request('1')));
    await seen.end(operation(async () => {}, { key: 'missing' })(request('1')));
    const throwing = () => {
      throw declined();
    };
    await seen.end(operation(async () => {}, { key: throwing })(request('1')));
    await seen.end(operation(async () => {})({ ...request('1'), call: () => marker } as never));
    await seen.end(operation(async () => {}, { key: `json(\`"${'x'}"\`)` })(request('1')));
    const itself = operation((given): Promise<unknown> => itself(given));
    await seen.end(itself(request('1')));
    expect(new Set(seen.errors.map(({ name }) => name))).to.deep.equal(
      new Set(['FingerprintError', 'KeyError', 'ReentrantCallError']),
    );
  });

  it('is nothing of an error that is released, remembered or leaves the key unknown', async () => {
    for (const onError of ['release', 'remember', 'unknown'] as const) {
      const fail = operation(() => Promise.reject(declined()), {
        onError: () => onError,
        onAbandoned: 'refuse',
      });
      await seen.end(fail(request('1')));
      await seen.end(fail(request('1')));
    }
    const confused = operation(() => Promise.reject(declined()), {
      onError: () => {
        throw declined();
      },
      ttl: () => {
        throw declined();
      },
    });
    await seen.end(confused(request('1')));
    expect(seen.errors.map(({ name }) => name)).to.deep.equal(['OutcomeUnknownError']);
    await seen.hear();
    expect(seen.warnings.map(({ message }) => message).join()).to.include('option "onError" decided nothing');
  });

  it('is nothing of a result that cannot be kept or read', async () => {
    class Person {
      readonly name = marker;
    }
    const worst: readonly unknown[] = [
      { [marker]: () => marker },
      new Map([[marker, Symbol(marker)]]),
      {
        get [marker]() {
          throw declined();
        },
      },
      {
        toJSON() {
          throw declined();
        },
      },
      new Person(),
    ];
    for (const value of worst) {
      const give = operation(async () => value);
      await give(request('1'));
      await seen.end(give(request('1')));
    }
    const codec = {
      encode: (): string => {
        throw declined();
      },
      decode: () => marker,
    };
    const coded = operation(async () => marker, { codec });
    await coded(request('1'));
    await seen.end(coded(request('1')));
    expect(seen.errors).to.have.length(5);
    await seen.hear();
    expect(seen.warnings.length).to.be.above(4);
  });

  it('is nothing where the store fails, other than in the cause', async () => {
    for (const step of ['claim', 'find'] as const) {
      const give = operation(async () => marker, { readFirst: true }, failingAt(step));
      await seen.end(give(request('1')));
      await seen.end(view(give, request('1')));
    }
    expect(seen.events.named('store-failed')).not.to.deep.equal([]);
    expect(seen.errors.map(({ name }) => name)).to.deep.equal(['StoreError', 'StoreError']);
    for (const { cause } of seen.errors) expect(gaveAway(inspect(cause))).to.equal(true);
  });

  it('is nothing of a completion that is logged', async () => {
    let completion: Completion | undefined;
    const give = operation(async () => {
      completion = await currentExecution().completion({ [marker]: marker });
      seen.things.push(completion, [completion]);
      throw declined();
    });
    await seen.end(give(request('1')));
    expect(inspect(completion))
      .to.include((completion as Completion).token)
      .and.include('Silent.operation');
    // Whoever hands it over still hands the result over.
    expect(JSON.stringify(completion)).to.include(marker);
  });

  it('is nothing of an instance, whatever it was asked for', async () => {
    class Service {
      @Idempotent({ key: 'id', store: new InMemoryStore() })
      async placeSilently(_request: Request): Promise<unknown> {
        return { [marker]: marker };
      }
    }
    const service = new Service();
    await service.placeSilently(request('1'));
    seen.things.push(service, Service, service.placeSilently);
  });

  it('is nothing of a store, whatever its client has inside', () => {
    const client = {
      [marker]: marker,
      send: async () => ({}),
      call: async () => [],
      query: async () => ({}),
    };
    seen.things.push(
      new DynamoDBStore({ client: client as never, tableName: 'idempotency' }),
      new RedisStore({ client: client as never }),
      new PostgresStore({ client: client as never }),
    );
  });
});
