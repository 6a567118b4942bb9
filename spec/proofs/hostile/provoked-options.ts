import 'retrysafe/jmespath';
import {
  configureIdempotency,
  currentExecution,
  IdempotencyDefaults,
  Idempotent,
  InMemoryStore,
  keyOf,
  makeIdempotent,
  onIdempotencyEvent,
  recordOf,
  recordOfKey,
} from 'retrysafe';
import { DynamoDBStore, tableDefinition } from 'retrysafe/dynamodb';
import { encrypted } from 'retrysafe/encryption';
import { PostgresStore, schema } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { SqliteStore, schema as sqliteSchema } from 'retrysafe/sqlite';
import { marker } from './marker.js';
import { type Provocation, throwing } from './provoking.js';
import type { Witness } from './witness.js';

type Given = Record<string, unknown>;

/** What a user may pass as an option by mistake, with a secret in it. */
const values: Record<string, () => unknown> = {
  'a secret': () => marker,
  'an address with a password': () => `postgres://app:${marker}@db.internal:5432/payments`,
  'a text that begins as an expression does': () => `body.${marker}.`,
  'a name that is a secret and not quoted': () => `headers ${marker.replaceAll('-', '_')}`,
  'a symbol': () => Symbol(marker),
  'an object': () => ({ password: marker, [marker]: marker, nested: { password: marker } }),
  'an object with a part of what is right': () => ({
    claim() {},
    encode: String,
    send: marker,
    query: marker,
    password: marker,
  }),
  'an object that shows itself': () => ({
    toString: () => marker,
    toJSON: () => marker,
    [Symbol.toStringTag]: marker,
    [Symbol.for('nodejs.util.inspect.custom')]: () => marker,
  }),
  'an object whose constructor is data': () => ({ constructor: { name: marker } }),
  'an instance of a class whose name is data': () => new ({ [marker]: class {} })[marker](),
  'a class whose name is data': () => ({ [marker]: class {} })[marker],
  'a function whose name is data': () => ({ async [marker]() {} })[marker],
  'a function of a generator': () => ({ *[marker]() {} })[marker],
  'an error': () => Object.assign(new Error(marker), { password: marker }),
  'a promise': () => Promise.resolve(marker),
  'a list': () => [marker, { password: marker }],
  'a map': () => new Map([[marker, marker]]),
  'a proxy': () => new Proxy({ password: marker }, { get: () => marker }),
  'a function behind a proxy': () => new Proxy(() => {}, { get: () => marker }),
  'an object without a prototype': () => Object.assign(Object.create(null), { password: marker }),
  'an object with a getter that throws': () =>
    Object.defineProperty({}, 'claim', { get: throwing, enumerable: true }),
  'a number': () => 4_111_111_111_111_111,
};

const ofMethods = [
  ...[
    'key',
    'scope',
    'fingerprint',
    'name',
    'ttl',
    'lease',
    'renewFor',
    'wait',
    'clockTolerance',
    'unresolvedTtl',
  ],
  ...[
    'store',
    'onAbandoned',
    'onError',
    'onStoreFailure',
    'mapReplay',
    'redact',
    'codec',
    'classes',
    'remember',
  ],
  ...['readFirst', 'keepLocal', 'enabled', 'secret'],
];
const work = async () => {};

class Refunds {
  async refund() {}
}

/** Where options are given: each gives one, and lets the error out. */
const places: Record<
  string,
  { readonly options: readonly string[]; readonly give: (given: Given) => unknown }
> = {
  'a function': {
    options: ofMethods,
    give: (given) => makeIdempotent(work, { name: 'Leaks.options', ...given }),
  },
  'a function without a name': {
    options: ofMethods,
    give: (given) => makeIdempotent(async () => {}, given),
  },
  'a method': {
    options: ofMethods,
    give: (given) => {
      class Desk {
        @Idempotent(given)
        async place() {}
      }
      return Desk;
    },
  },
  'a class': { options: ofMethods, give: (given) => IdempotencyDefaults(given)(Refunds) },
  'the process': {
    options: ofMethods,
    give: (given) => {
      try {
        configureIdempotency(given);
      } finally {
        configureIdempotency({});
      }
    },
  },
  DynamoDBStore: {
    options: [
      'client',
      'tableName',
      'keyAttribute',
      'sortKeyAttribute',
      'partitionKey',
      'compressAbove',
      'secret',
    ],
    give: (given) =>
      new DynamoDBStore({ client: { send: async () => ({}) }, tableName: 'records', ...given } as never),
  },
  tableDefinition: {
    options: ['tableName', 'ttlAttribute', 'secret'],
    give: (given) => tableDefinition({ tableName: 'records', ...given } as never),
  },
  RedisStore: {
    options: ['client', 'prefix', 'waitReplicas', 'subscriber', 'secret'],
    give: (given) => new RedisStore({ client: async () => [], ...given } as never),
  },
  PostgresStore: {
    options: ['client', 'table', 'listener', 'secret'],
    give: (given) => new PostgresStore({ client: { query: async () => [] }, ...given } as never),
  },
  SqliteStore: {
    options: ['database', 'table', 'secret'],
    give: (given) =>
      new SqliteStore({ database: { prepare: () => ({}), isTransaction: false }, ...given } as never),
  },
  encrypted: {
    options: ['keys', 'current', 'plain', 'codec', 'secret'],
    give: (given) => encrypted({ keys: { a: Buffer.alloc(32) }, current: 'a', ...given } as never),
  },
  'the keys of encrypted': {
    options: ['a', marker],
    give: (given) => encrypted({ keys: given, current: 'a' } as never),
  },
};

function hear(witness: Witness, give: () => unknown): void {
  try {
    give();
  } catch (error) {
    witness.keep(error);
  }
}

/** What is refused because of an option, which may be a secret in the wrong place. */
export const options: readonly Provocation[] = [
  ...Object.entries(values).map(
    ([what, value]): Provocation => ({
      what: `${what} as the value of every option`,
      says: ['ConfigurationError'],
      async provoke(witness) {
        for (const { options: names, give } of Object.values(places)) {
          for (const option of names) {
            // A name is in every key and every message: as one, a text is what was asked for.
            if (option === 'name' && typeof value() === 'string') continue;
            hear(witness, () => give({ [option]: value() }));
          }
          hear(witness, () => give({ [marker]: value() }));
          hear(witness, () => give(value() as Given));
        }
        for (const of of [schema, sqliteSchema]) hear(witness, () => of({ table: value() } as never));
      },
    }),
  ),
  {
    what: 'an argument in the place of a method or of an event',
    says: ['ConfigurationError'],
    async provoke(witness) {
      const service = new Refunds();
      for (const make of [recordOf, keyOf, recordOfKey] as ((...given: unknown[]) => unknown)[]) {
        for (const self of [
          undefined,
          null,
          service,
          Refunds,
          marker,
          { [marker]: marker },
          async () => {},
        ]) {
          hear(witness, () => make(self, marker, marker));
          hear(witness, () => make(self, Symbol(marker)));
        }
      }
      const naming = makeIdempotent(async () => currentExecution().deriveKey({ marker } as never), {
        name: 'Leaks.derived',
        store: new InMemoryStore(),
      });
      await witness.end(naming());
      try {
        onIdempotencyEvent(marker as never, () => {});
      } catch (error) {
        witness.things.push((error as Error).message);
      }
    },
  },
];
