import { InMemoryStore, makeIdempotent, onIdempotencyEvent } from '../../../dist/esm/index.js';
import { keptLocally, ttl } from '../payload.mjs';

export const setUp = {
  memory: "`makeIdempotent` with an `InMemoryStore` and `key: 'body.transactionId'`",
  dynamodb: "`makeIdempotent` with a `DynamoDBStore` and `key: 'body.transactionId'`",
  redis: "`makeIdempotent` with a `RedisStore` and `key: 'body.transactionId'`",
  postgres: "`makeIdempotent` with a `PostgresStore` and `key: 'body.transactionId'`",
};

const options = {
  keepLocal: { keepLocal: keptLocally },
  mapReplay: { mapReplay: (result) => ({ ...result, isReplayed: true }) },
  codec: { codec: { encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) } },
  fingerprint: { fingerprint: 'body' },
};

// What a call in memory does not need is not loaded: it would be in the heap.
const stores = {
  memory: () => new InMemoryStore(),
  dynamodb: async ({ client, tableName }) => {
    const { DynamoDBStore } = await import('../../../dist/esm/stores/dynamodb/index.js');
    return new DynamoDBStore({ client, tableName });
  },
  redis: async ({ client }) => {
    const { RedisStore } = await import('../../../dist/esm/stores/redis/index.js');
    return new RedisStore({ client });
  },
  postgres: async ({ client, tableName }) => {
    const { PostgresStore } = await import('../../../dist/esm/stores/postgres/index.js');
    return new PostgresStore({ client, table: tableName });
  },
};

export async function tableOf(tableName) {
  const { tableDefinition } = await import('../../../dist/esm/stores/dynamodb/index.js');
  return tableDefinition({ tableName }).createTable;
}

/** The work made idempotent by retrysafe. */
export async function contender({ work, variant, storage = { kind: 'memory' }, client, onCall }) {
  const store = await stores[storage.kind]({ ...storage, client });
  const idempotent = (name, method) =>
    makeIdempotent(method, {
      name,
      key: 'body.transactionId',
      ttl,
      wait: '30s',
      store: onCall ? watched(store, onCall) : store,
      ...options[variant],
    });
  if (variant === 'listener') listen();
  const call = idempotent('Speed.placeHold', work);
  return variant === 'nested' ? idempotent('Speed.placeOrder', (request) => call(request)) : call;
}

let heard = 0;

function listen() {
  for (const name of ['claimed', 'completed', 'replayed'])
    onIdempotencyEvent(name, ({ duration }) => {
      heard += duration;
    });
  // An unused sum would not be computed.
  process.once('exit', () => heard < 0 && console.error(heard));
}

/** Tells of every operation on the store. */
function watched(store, onCall) {
  const operations = ['claim', 'replace', 'find'];
  return Object.fromEntries(
    operations.map((name) => [
      name,
      (...args) => {
        onCall(name);
        return store[name](...args);
      },
    ]),
  );
}
