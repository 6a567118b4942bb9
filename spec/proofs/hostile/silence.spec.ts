import 'retrysafe/jmespath';
import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type Completion,
  currentExecution,
  IdempotencyError,
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { defer } from '../../support/defer.js';
import { gaveAway, marker } from './marker.js';
import { Witness } from './witness.js';

interface Request {
  readonly id: string;
  readonly [marker]: unknown;
}

const request = (id: string): Request => ({ id, [marker]: { deep: [marker] } });
const declined = () => Object.assign(new Error(marker), { [marker]: marker, name: marker });

function failingAt(step: 'claim' | 'find'): PersistenceStore {
  const inner = new InMemoryStore();
  return {
    claim: (record, now) => inner.claim(record, now),
    replace: (record, token) => inner.replace(record, token),
    find: (key) => inner.find(key),
    [step]: () => Promise.reject(declined()),
  };
}

describe('what the library says', () => {
  let seen: Witness;
  let names = 0;

  beforeEach(() => {
    seen = new Witness();
  });

  afterEach(() => {
    seen.stop();
    const telling = [...seen.texts()].filter(([, text]) => gaveAway(text));
    expect(telling, 'what gives a payload, a result or an error away').to.deep.equal([]);
  });

  /** An operation that is watched in every way. It has a name of its own, so that each of its warnings is given. */
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

  it('detects a leak', () => {
    const error = new (class extends IdempotencyError {
      readonly code = 'ERR_IDEMPOTENCY_TEST';
      readonly statusCode = 500;
      readonly advice = 'ask-human';
      readonly request = request('1');
    })('it failed');
    seen.errors.push(error);
    seen.things.push(new Map([[1, [[[request('1')]]]]]));
    const telling = [...seen.texts()].filter(([, text]) => gaveAway(text));
    expect(telling.map(([what]) => what)).to.deep.equal([error.name, 'thing']);
    seen.errors.length = 0;
    seen.things.length = 0;
  });

  it('is nothing of a call that runs, is replayed, inspected, forgotten and refused', async () => {
    const store = new InMemoryStore();
    const give = operation(async (given) => ({ given, [marker]: marker }), { keepLocal: 10 }, store);
    await give(request('1'));
    await give(request('1'));
    seen.things.push(await recordOf(give, request('1')).inspect(), store);
    await recordOf(give, request('1')).forget();
    const end = defer<unknown>();
    const hold = operation(() => end.promise, { fingerprint: () => marker, scope: () => marker }, store);
    const running = hold(request('1'));
    await seen.end(hold(request('1')), 50);
    await seen.end(recordOf(hold, request('1')).forget());
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
    expect(seen.warnings.join()).to.include('option "onError" decided nothing');
  });

  it('is nothing of a result that cannot be stored or read', async () => {
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
    expect(seen.warnings.length).to.be.above(4);
  });

  it('is nothing where the store fails, other than in the cause', async () => {
    for (const step of ['claim', 'find'] as const) {
      const give = operation(async () => marker, { readFirst: true }, failingAt(step));
      await seen.end(give(request('1')));
      await seen.end(recordOf(give, request('1')).inspect());
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
    // A completion still contains the result.
    expect(JSON.stringify(completion)).to.include(marker);
  });

  it('is nothing of an instance, for any option that reads it', async () => {
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

  it('is nothing of a store or its client', () => {
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
