import { expect } from 'chai';
import type { PersistenceStore } from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { PostgresStore } from 'retrysafe/postgres';
import { useDynamoDB } from '../../support/dynamodb.js';
import { useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import { PassingTime } from '../../support/passing-time.js';
import { usePostgres } from '../../support/postgres.js';
import { statement, usePostgresProxy } from '../../support/postgres-proxy.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { createTable } from '../postgres/tables.js';
import {
  delays,
  fates,
  type Network,
  overTcp,
  Scene,
  type SceneTime,
  stories,
  tell,
  titleOf,
  type WriteKind,
} from './lost-answers.js';

interface Stage {
  readonly network: Network;
  /** A store behind the network, and one that reaches the server by itself. New for each spec. */
  stores(): readonly [here: PersistenceStore, elsewhere: PersistenceStore];
}

function onDynamoDB(maxAttempts: number): Stage {
  const dynamoDB = useDynamoDB();
  const proxy = useDynamoDBProxy(dynamoDB);
  let tableName: string;
  before(async () => {
    tableName = await dynamoDB.createTable();
  });
  return {
    network: {
      next: (kind, ...fates) => proxy.next(kind, ...fates),
      always: (kind, fate) => proxy.always(kind, fate),
      heal: () => proxy.heal(),
      count: (kind) => proxy.count(kind),
      held: () => proxy.held.length,
      deliver: async () => {
        expect(await proxy.deliver()).to.have.property('fault', 'ConditionalCheckFailedException');
      },
      quiet: () => proxy.quiet(),
      expectRepeated(kind, fate) {
        const [first, second] = proxy.of(kind);
        const isRetriedByClient = maxAttempts > 1 && (fate === 'lose' || fate === 'late');
        expect(first?.invocation === second?.invocation, 'whether by the client').to.equal(isRetriedByClient);
        expect(proxy.held.length).to.equal(fate === 'late' || fate === 'hold' ? 1 : 0);
      },
    },
    stores: () => [
      new DynamoDBStore({ client: proxy.client({ maxAttempts }), tableName }),
      new DynamoDBStore({ client: proxy.directClient(), tableName }),
    ],
  };
}

function onPostgres(): Stage {
  const postgres = usePostgres();
  const proxy = usePostgresProxy(postgres);
  let table: string;
  let elsewhere: PostgresStore;
  before(async () => {
    table = await createTable(postgres);
    elsewhere = new PostgresStore({ client: proxy.directPool(), table });
  });
  return {
    network: {
      ...overTcp(proxy, statement),
      quiet: () => proxy.quiet(),
      expectRepeated: (_kind, fate) => {
        expect(proxy.held.length).to.equal(fate === 'late' || fate === 'hold' ? 1 : 0);
      },
    },
    stores: () => [new PostgresStore({ client: proxy.pool(), table }), elsewhere],
  };
}

const lines: Readonly<Record<string, () => Stage>> = {
  "a request of DynamoDBStore that goes wrong, and the client's own retry": () => onDynamoDB(3),
  "a request of DynamoDBStore that goes wrong, and the engine's repeat": () => onDynamoDB(1),
  'a statement of PostgresStore that goes wrong': onPostgres,
};

for (const [title, use] of Object.entries(lines)) {
  describe(title, () => {
    const { network, stores } = use();
    let time: PassingTime;
    let scene: Scene;

    const passing: SceneTime = {
      // Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on. A store call is given up after 2 s.
      options: { lease: 6, clockTolerance: 1, wait: 10 },
      until: (promise) => time.until(promise),
      renewed: () => time.pass(7_500),
      abandon: async ({ elsewhere, operation }) => {
        const dying = new ScriptedStore(elsewhere).always('replace', 'hang');
        void operation(dying, () => new Promise(() => {}))('a');
        await time.pass(7_100);
      },
    };

    beforeEach(() => {
      time = new PassingTime(network);
      scene = new Scene(...stores(), network, passing);
    });
    afterEach(() => time.restore());

    for (const kind of Object.keys(stories) as WriteKind[]) {
      describe(titleOf(kind), () => {
        for (const [what, fate] of Object.entries(fates)) {
          it(`that ${what}: each call runs once, and its outcome stands`, () => tell(scene, kind, fate));
        }
      });
    }

    delays(() => scene, { pass: (milliseconds) => time.pass(milliseconds) });
  });
}
