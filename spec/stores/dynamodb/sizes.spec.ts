import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import {
  type IdempotencyRecord,
  OutcomeUnavailableError,
  onIdempotencyEvent,
  recordOf,
  StoreError,
} from 'retrysafe';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { SentCommands } from '../../support/dynamodb-commands.js';
import { randomText, statement } from '../../support/outcomes.js';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { rejection } from '../../support/rejection.js';

const KB = 1_024;
const MB = 1_024 * KB;

const uncompressed = { compressAbove: Number.POSITIVE_INFINITY };

const never: Work = () => expect.fail('the method ran');

/** A completed record whose state has so many bytes as JSON. */
function recordOfSize(key: string, bytes: number, filling = 'x'): IdempotencyRecord {
  const now = Date.now();
  const state = (json: string) => {
    const outcome = { kind: 'value', json } as const;
    return {
      format: 1,
      status: 'completed',
      attempt: 1,
      fencingToken: now,
      completedAt: now,
      outcome,
    } as const;
  };
  const left = bytes - Buffer.byteLength(JSON.stringify(state('')));
  const text = filling.repeat(Math.floor(left / Buffer.byteLength(filling)));
  const padded = text + '-'.repeat(left - Buffer.byteLength(text));
  const record = { key, token: `${key}.1`, expiresAt: now + 60_000, state: state(padded) };
  expect(Buffer.byteLength(JSON.stringify(record.state))).to.equal(bytes);
  return record;
}

describe('the size of a record', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;

  beforeEach(() => {
    client = dynamoDB.client();
  });

  /** A table of its own, stores over it, and what form the state in it has. */
  async function storage() {
    const tableName = await dynamoDB.createTable();
    const scan = new ScanCommand({ TableName: tableName, ConsistentRead: true });
    return {
      store: (options: Pick<DynamoDBStoreOptions, 'compressAbove'> = {}) =>
        new DynamoDBStore({ client, tableName, ...options }),
      form: async (key: string) => {
        const { Items = [] } = await client.send(scan);
        return Object.keys(Items.find(({ id }) => id?.S === key)?.state ?? {}).join();
      },
    };
  }

  for (const [what, options, largest] of [
    ['4,096 bytes, by default', {}, 4_096],
    ['as many bytes as `compressAbove` says', { compressAbove: 700 }, 700],
  ] as const) {
    it(`is kept as it is up to ${what}, and compressed above`, async () => {
      const { store, form } = await storage();
      for (const [key, bytes, filling, expected] of [
        ['below', largest - 1, 'x', 'S'],
        ['just so', largest, 'x', 'S'],
        ['just so in two-byte letters', largest, 'ü', 'S'],
        ['above', largest + 1, 'x', 'B'],
        ['above in two-byte letters', largest + 1, 'ü', 'B'],
      ] as const) {
        const record = recordOfSize(key, bytes, filling);
        expect(await store(options).claim(record, Date.now())).to.deep.equal(record);
        expect(await form(key), key).to.equal(expected);
        expect(await store(options).find(key, { consistent: true })).to.deep.equal(record);
        const duplicate = { ...record, token: 'other.1' };
        expect(await store(options).claim(duplicate, Date.now()), 'the holder').to.deep.equal(record);
      }
    });
  }

  it('is compressed always with 0, never with Infinity, and each reads what the other wrote', async () => {
    const { store, form } = await storage();
    const always = store({ compressAbove: 0 });
    const plain = store(uncompressed);
    const small = recordOfSize('small', 300);
    const large = recordOfSize('large', 100_000, 'ü');
    await always.claim(small, Date.now());
    await plain.claim(large, Date.now());
    expect(await form('small')).to.equal('B');
    expect(await form('large')).to.equal('S');
    for (const store of [always, plain]) {
      expect(await store.find('small', { consistent: true })).to.deep.equal(small);
      expect(await store.find('large', { consistent: true })).to.deep.equal(large);
    }
    // And each follows what the other wrote.
    expect(await plain.replace({ ...small, token: 'small.2' }, 'small.1')).to.include({ token: 'small.2' });
    expect(await form('small')).to.equal('S');
    expect(await always.replace({ ...large, token: 'large.2' }, 'large.1')).to.include({ token: 'large.2' });
    expect(await form('large')).to.equal('B');
  });

  it('replays outcomes from before `compressAbove` was changed', async () => {
    const { store } = await storage();
    const operation = deployable();
    const result = statement(20 * KB);
    await operation(store({ compressAbove: 100 * KB }), async () => result)('a');
    await operation(store(), async () => result)('b');
    for (const compressAbove of [0, 1 * KB, 100 * KB]) {
      for (const id of ['a', 'b']) {
        expect(await operation(store({ compressAbove }), never)(id)).to.deep.equal(result);
      }
    }
  });

  describe('beyond what an item can hold', () => {
    let warnings: CaughtWarnings;
    let reasons: string[];
    let stop: () => void;

    beforeEach(() => {
      warnings = catchWarnings();
      reasons = [];
      stop = onIdempotencyEvent('outcome-not-stored', ({ reason }) => reasons.push(reason));
    });

    afterEach(() => {
      stop();
      warnings.restore();
    });

    // The claim, the completion without the outcome; before it the one with it, unless it is known to be too large.
    for (const [what, options, result, requests] of [
      ['a result of 1 MB that cannot be compressed', {}, randomText(MB), 2],
      ['a result of 33 MB, which is too much to compress', {}, 'x'.repeat(33 * MB), 2],
      ['a result of 1 MB that is not to be compressed', uncompressed, statement(MB), 2],
      [
        'a result that would fit, but not with the other attributes of its item',
        uncompressed,
        'x'.repeat(400 * KB - 200),
        3,
      ],
    ] as const) {
      it(`${what} reaches its caller, and no duplicate runs the method again`, async () => {
        const { store } = await storage();
        const commands = new SentCommands(client);
        const operation = deployable();
        let runs = 0;
        const work: Work = async () => {
          runs += 1;
          return result;
        };
        const call = operation(store(options), work);
        expect(await call('a')).to.deep.equal(result);
        expect(commands.take()).to.have.length(requests);
        expect(await recordOf(call, 'a').inspect()).to.include({ status: 'completed' });
        expect(reasons).to.deep.equal(['it is larger than the store takes']);
        expect(warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED')).to.have.length(1);
        for (const duplicate of [call, operation(store(), work)]) {
          expect(await rejection(duplicate('a'))).to.be.instanceOf(OutcomeUnavailableError);
        }
        expect(runs).to.equal(1);
      });
    }

    it('a result of 1 MB that can be compressed is replayed', async () => {
      const { store, form } = await storage();
      const operation = deployable();
      const result = statement(MB);
      const call = operation(store(), async () => result);
      await call('a');
      expect(reasons).to.deep.equal([]);
      const { key = '' } = (await recordOf(call, 'a').inspect()) ?? {};
      expect(await form(key)).to.equal('B');
      expect(await operation(store(), never)('a')).to.deep.equal(result);
    });

    it('a claim says so, and leaves the key free', async () => {
      const { store } = await storage();
      for (const [key, bytes] of [
        ['state alone', 400 * KB + 1],
        ['item', 400 * KB - 20],
      ] as const) {
        const plain = store(uncompressed);
        const error = await rejection(plain.claim(recordOfSize(key, bytes), Date.now()));
        expect(error).to.be.instanceOf(StoreError).and.include({ tooLarge: true });
        expect((error as Error).message).to.match(
          /larger than an item of table "retrysafe-spec-.*" can be, which is 400 KB/,
        );
        expect(await plain.find(key, { consistent: true })).to.equal(undefined);
      }
    });
  });
});
