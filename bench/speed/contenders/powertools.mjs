import {
  IdempotencyConfig,
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { BasePersistenceLayer, IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import { keptLocally, ttl } from '../payload.mjs';

const common =
  "`eventKeyJmesPath: 'body.transactionId'`, `throwOnNoIdempotencyKey: true`, which saves it a second selection of the key at every call, a Lambda context, without which it writes a warning at every call, and a `keyPrefix`, which separates the keys of operations, as names do in retrysafe";
export const setUp = {
  memory: `\`makeIdempotent\` with a persistence layer over a \`Map\` of JSON text, so that callers share no objects; ${common}`,
  dynamodb: `\`makeIdempotent\` with its \`DynamoDBPersistenceLayer\`; ${common}`,
};

export function tableOf(TableName) {
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  };
}

const options = {
  keepLocal: { useLocalCache: true, maxLocalCacheSize: keptLocally },
  mapReplay: { responseHook: (result) => ({ ...result, isReplayed: true }) },
  fingerprint: { payloadValidationJmesPath: 'body' },
};

// What a call in memory does not need is not loaded: it would be in the heap.
const layers = {
  memory:
    ({ onCall }) =>
    () =>
      new MapPersistenceLayer(onCall),
  dynamodb: async ({ client, tableName }) => {
    const { DynamoDBPersistenceLayer } = await import('@aws-lambda-powertools/idempotency/dynamodb');
    return () => new DynamoDBPersistenceLayer({ awsSdkV3Client: client, tableName });
  },
};

/** The work made idempotent by AWS Powertools. Where it has nothing of the kind, this is its plain call. */
export async function contender({ work, variant, storage = { kind: 'memory' }, client, onCall }) {
  const layer = await layers[storage.kind]({ ...storage, client, onCall });
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'body.transactionId',
    throwOnNoIdempotencyKey: true,
    expiresAfterSeconds: ttl,
    lambdaContext: { getRemainingTimeInMillis: () => 30_000 },
    ...options[variant],
  });
  const idempotent = (keyPrefix, method) => {
    // Each operation has a layer of its own: a layer has one prefix at a time.
    const persistenceStore = layer();
    return makeIdempotent(method, { persistenceStore, config, keyPrefix });
  };
  const call = idempotent('Speed.placeHold', work);
  return variant === 'nested' ? idempotent('Speed.placeOrder', (request) => call(request)) : call;
}

/** What their DynamoDB layer does, over a Map: one write for a claim, whose loser is handed the record, and one more. */
class MapPersistenceLayer extends BasePersistenceLayer {
  #records = new Map();
  #onCall;

  constructor(onCall = () => {}) {
    super();
    this.#onCall = onCall;
  }

  async _putRecord(record) {
    this.#onCall('put');
    const { idempotencyKey } = record;
    const text = this.#records.get(idempotencyKey);
    const holder = text && recordOf(idempotencyKey, text);
    const now = Date.now();
    const isFree =
      !holder ||
      holder.expiryTimestamp < now / 1_000 ||
      (holder.status === 'INPROGRESS' && holder.inProgressExpiryTimestamp < now);
    if (!isFree) throw new IdempotencyItemAlreadyExistsError(`${idempotencyKey} exists`, holder);
    this.#records.set(idempotencyKey, textOf(record));
  }

  async _updateRecord(record) {
    this.#onCall('update');
    this.#records.set(record.idempotencyKey, textOf(record));
  }

  async _getRecord(idempotencyKey) {
    this.#onCall('get');
    const text = this.#records.get(idempotencyKey);
    if (!text) throw new IdempotencyItemNotFoundError();
    return recordOf(idempotencyKey, text);
  }

  async _deleteRecord({ idempotencyKey }) {
    this.#onCall('delete');
    this.#records.delete(idempotencyKey);
  }
}

function textOf({ status, expiryTimestamp, inProgressExpiryTimestamp, responseData, payloadHash }) {
  // Without the option there is none.
  const validation = payloadHash ? { payloadHash } : {};
  return JSON.stringify({ status, expiryTimestamp, inProgressExpiryTimestamp, responseData, ...validation });
}

function recordOf(idempotencyKey, text) {
  return new IdempotencyRecord({ idempotencyKey, ...JSON.parse(text) });
}
