import { InMemoryStore, makeIdempotent } from '../../../dist/esm/index.js';
import { DynamoDBStore, tableDefinition } from '../../../dist/esm/stores/dynamodb/index.js';
import { ttl } from '../payload.mjs';

export const setUp = {
  memory: "`makeIdempotent` with an `InMemoryStore` and `key: 'body.transactionId'`",
  dynamodb: "`makeIdempotent` with a `DynamoDBStore` and `key: 'body.transactionId'`",
};

export function tableOf(tableName) {
  return tableDefinition({ tableName }).createTable;
}

/** The work made idempotent by retrysafe. */
export function contender({ work, client, tableName, onCall }) {
  const store = client ? new DynamoDBStore({ client, tableName }) : new InMemoryStore();
  return makeIdempotent(work, {
    name: 'Speed.placeHold',
    key: 'body.transactionId',
    ttl,
    wait: '30s',
    store: onCall ? watched(store, onCall) : store,
  });
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
