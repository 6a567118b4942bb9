import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { type IdempotencyRecord, InProgressError, StoreError } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { rejection } from '../../support/rejection.js';

function record(key: string, token: string): IdempotencyRecord {
  const state = { format: 1, status: 'released', attempt: 1, fencingToken: 1 } as const;
  return { key, token, expiresAt: Date.now() + 60_000, state };
}

/** Each engine, and how many reads it takes the loser of a write to learn who holds the key. */
for (const [engine, reads] of [
  ['dynoxide', 0],
  ['dynalite', 1],
] as const) {
  describe(`the loser of a write on ${engine}`, () => {
    const dynamoDB = useDynamoDB(engine);
    const proxy = useDynamoDBProxy(dynamoDB);
    let tableName: string;
    let winners: DynamoDBStore;
    let store: DynamoDBStore;

    before(async () => {
      tableName = await dynamoDB.createTable();
    });

    beforeEach(() => {
      winners = new DynamoDBStore({ client: proxy.directClient(), tableName });
      store = new DynamoDBStore({ client: proxy.client(), tableName });
    });

    const sent = () =>
      proxy.seen.map(({ kind, isConsistent }) => (isConsistent ? `consistent ${kind}` : kind));
    const withReads = (...writes: string[]) =>
      writes.flatMap((write) => [write, ...Array<string>(reads).fill('consistent find')]);

    it(`of a claim gets the holder with ${reads} reads more, each time`, async () => {
      const held = await winners.claim(record('lost claim', 'winner.1'), Date.now());
      for (const token of ['loser.1', 'loser.2']) {
        expect(await store.claim(record('lost claim', token), Date.now())).to.deep.equal(held);
      }
      expect(sent()).to.deep.equal(withReads('claim', 'claim'));
    });

    it(`of a replace gets the holder with ${reads} reads more, each time`, async () => {
      const held = await winners.claim(record('lost replace', 'winner.1'), Date.now());
      for (const token of ['loser.1', 'loser.2']) {
        expect(await store.replace(record('lost replace', token), 'gone.1')).to.deep.equal(held);
      }
      expect(sent()).to.deep.equal(withReads('release', 'release'));
    });

    it('that wins after all costs no read', async () => {
      await winners.claim(record('won replace', 'winner.1'), Date.now());
      const next = record('won replace', 'winner.2');
      expect(await store.replace(next, 'winner.1')).to.deep.equal(next);
      expect(await store.claim(record('won claim', 'winner.1'), Date.now())).to.have.property('token');
      expect(sent()).to.deep.equal(['release', 'claim']);
    });

    it('of a replace on a free key is looked for, until the engine has told a holder once', async () => {
      await winners.claim(record('somebody', 'winner.1'), Date.now());
      const onFreeKey = () => store.replace(record('nobody', 'loser.1'), 'gone.1');
      expect(await onFreeKey()).to.equal(undefined);
      expect(await onFreeKey()).to.equal(undefined);
      expect(sent(), 'it cannot know better').to.deep.equal([
        'release',
        'consistent find',
        'release',
        'consistent find',
      ]);
      await store.claim(record('somebody', 'loser.1'), Date.now());
      proxy.reset();
      expect(await onFreeKey()).to.equal(undefined);
      expect(sent()).to.deep.equal(withReads('release'));
    });

    it('of a call: the refused duplicate, and the replay', async () => {
      const operation = deployable({ wait: 0 });
      const end = defer<string>();
      const running = operation(winners, () => end.promise)('a');
      await proxy.quiet();
      const duplicate = operation(store, async () => 'ran again');
      expect(await rejection(duplicate('a'))).to.be.instanceOf(InProgressError);
      end.resolve('done');
      await running;
      expect(await duplicate('a')).to.equal('done');
      expect(sent()).to.deep.equal(withReads('claim', 'claim'));
    });
  });
}

describe('a claim that is refused, and whose holder is gone when it is looked for', () => {
  const dynamoDB = useDynamoDB('dynalite');
  let tableName: string;

  before(async () => {
    tableName = await dynamoDB.createTable();
  });

  /** A store whose holder is removed before each of so many reads, and put back before each write. */
  function storeAmongMeddlers(key: string, returns: number): DynamoDBStore {
    const meddler = dynamoDB.client();
    const owner = new DynamoDBStore({ client: meddler, tableName });
    const client = dynamoDB.client();
    let left = returns;
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === 'PutItemCommand' && left-- > 0)
            await owner.claim(record(key, 'holder.1'), Date.now());
          if (commandName === 'GetItemCommand')
            await meddler.send(new DeleteItemCommand({ TableName: tableName, Key: { id: { S: key } } }));
          return next(args);
        },
      { step: 'initialize' },
    );
    return new DynamoDBStore({ client, tableName });
  }

  it('is sent again, and keeps its record', async () => {
    const own = record('vanished twice', 'claimer.1');
    expect(await storeAmongMeddlers('vanished twice', 2).claim(own, Date.now())).to.deep.equal(own);
  });

  it('ends with a StoreError that says so where that goes on', async () => {
    const claim = storeAmongMeddlers('vanished for ever', 3).claim(
      record('vanished for ever', 'claimer.1'),
      Date.now(),
    );
    const error = (await rejection(claim)) as StoreError;
    expect(error).to.be.instanceOf(StoreError);
    expect(error.message)
      .to.include(tableName)
      .and.to.match(/refuses to write .* and returns no holder/);
  });
});
