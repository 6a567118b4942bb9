import { readFileSync } from 'node:fs';
import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { DynamoDBStore, type DynamoDBStoreOptions } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable, type Work } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { SentCommands } from '../../support/dynamodb-commands.js';
import { ConsumedUnits, unitsOfItem } from '../../support/dynamodb-units.js';
import { randomText, statement } from '../../support/outcomes.js';

const KB = 1_024;
const uncompressed = { compressAbove: Number.POSITIVE_INFINITY };

interface Row {
  readonly outcome: string;
  readonly result: unknown;
  readonly options: Pick<DynamoDBStoreOptions, 'compressAbove'>;
  /** Write units of a first call, and of a replay. */
  readonly first: number;
  readonly replay: number;
  /** Read units of a replay with `readFirst`. */
  readonly readFirst: number;
}

const row = (outcome: string, result: unknown, options: object, [first, replay, readFirst]: number[]) =>
  ({ outcome, result, options, first, replay, readFirst }) as Row;

const rows: readonly Row[] = [
  row('1 KB', statement(1 * KB), {}, [3, 2, 0.5]),
  row('4 KB', statement(4 * KB), {}, [3, 2, 0.5]),
  row('4 KB, not compressed', statement(4 * KB), uncompressed, [6, 5, 1]),
  row('40 KB', statement(40 * KB), {}, [10, 9, 1.5]),
  row('40 KB of random text', randomText(40 * KB), {}, [32, 31, 4]),
  row('40 KB, not compressed', statement(40 * KB), uncompressed, [42, 41, 5.5]),
];

/** The read units of a look at a call that is still running. */
const look = 0.5;

const never: Work = () => expect.fail('the method ran');

describe('the capacity units of an outcome', () => {
  const dynamoDB = useDynamoDB();
  let client: DynamoDBClient;

  before(() => {
    client = dynamoDB.client();
  });

  for (const { outcome, result, options, first, replay, readFirst } of rows) {
    describe(`of ${outcome}`, () => {
      let tableName: string;
      let operation: ReturnType<typeof deployable>;

      before(async () => {
        expect(Buffer.byteLength(JSON.stringify(result))).to.equal(Number.parseInt(outcome, 10) * KB);
        tableName = await dynamoDB.createTable();
        operation = deployable({ name: `PreFundService.statement, ${outcome}` });
      });

      /** A process, and what it is charged for. */
      function start() {
        const own = dynamoDB.client();
        const store = new DynamoDBStore({ client: own, tableName, ...options });
        return { store, units: new ConsumedUnits(own), commands: new SentCommands(own) };
      }

      async function item(): Promise<Record<string, AttributeValue>> {
        const { Items } = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
        return Items?.[0] ?? expect.fail('the table is empty');
      }

      it(`${first} write units for a first call, and ${look} read units for each look of a duplicate that waits`, async () => {
        const work = defer<unknown>();
        const started = defer();
        const runner = start();
        const running = operation(runner.store, () => {
          started.resolve();
          return work.promise;
        })('a');
        await started.promise;
        const { store, units, commands } = start();
        const waiting = operation(store, never)('a');
        await commands.sent('GetItem eventual', 3);
        work.resolve(result);
        await running;
        expect(runner.units.take()).to.deep.equal({ writes: first, reads: 0 });
        expect(await waiting).to.deep.equal(result);
        const looks = commands.take().length - 1;
        // The last one finds the outcome.
        expect(units.take().reads).to.equal((looks - 1) * look + readFirst);
      });

      it(`${replay} write units for a replay: AWS's rule, since no engine tells of a lost write`, async () => {
        const { store, units, commands } = start();
        expect(await operation(store, never)('a')).to.deep.equal(result);
        expect(commands.take()).to.deep.equal(['PutItem']);
        expect(units.take()).to.deep.equal({ writes: 0, reads: 0 });
        const lost = unitsOfItem(await item());
        expect(lost).to.equal(replay);
        // The rule is right about the completion, of which the engine does tell; the claim before it took one unit.
        expect(1 + lost).to.equal(first);
      });

      it(`${readFirst} read units for a replay with \`readFirst\``, async () => {
        const { store, units } = start();
        expect(await operation(store, never, { readFirst: true })('a')).to.deep.equal(result);
        expect(units.take()).to.deep.equal({ writes: 0, reads: readFirst });
      });
    });
  }

  it(`${look} read units more for a first call with \`readFirst\``, async () => {
    const own = dynamoDB.client();
    const units = new ConsumedUnits(own);
    const store = new DynamoDBStore({ client: own, tableName: await dynamoDB.createTable() });
    await deployable({ readFirst: true })(store, async () => 'small')('a');
    expect(units.take()).to.deep.equal({ writes: 2, reads: look });
  });

  it('are those of the table in docs/stores/dynamodb.md', () => {
    const document = readFileSync(new URL('../../../../docs/stores/dynamodb.md', import.meta.url), 'utf8');
    const missing = rows
      .map(({ outcome, first, replay, readFirst }) => `| ${outcome} | ${first} | ${replay} | ${readFirst} |`)
      .filter((line) => !document.includes(`${line}\n`));
    expect(missing.join('\n')).to.equal('');
  });
});
