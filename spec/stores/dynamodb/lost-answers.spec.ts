import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  InProgressError,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { DynamoDBStore } from 'retrysafe/dynamodb';
import { defer } from '../../support/defer.js';
import { deployable } from '../../support/deployment.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { type Fate, useDynamoDBProxy } from '../../support/dynamodb-proxy.js';
import type { RequestKind } from '../../support/dynamodb-requests.js';
import { PassingTime } from '../../support/passing-time.js';
import { rejection } from '../../support/rejection.js';
import { ScriptedStore } from '../../support/scripted-store.js';

// Lease 6 s, renewed at 2 s; it lapses at 6 s and is taken over from 7 s on. A store call is given up after 2 s.
const options = { lease: 6, clockTolerance: 1, wait: 10 } as const;

const fates = {
  'is applied and its answer is lost': 'lose',
  'is cut off and arrives after later writes': 'late',
  'is held back, given up, and arrives after later writes': 'hold',
  'is never answered': 'hang',
  'is applied and never answered': 'swallow',
} as const satisfies Record<string, Fate>;

for (const [maxAttempts, repeats] of [
  [3, "the client's own retry"],
  [1, "the engine's repeat"],
] as const) {
  describe(`a request to DynamoDB that goes wrong, and ${repeats}`, () => {
    const dynamoDB = useDynamoDB();
    const proxy = useDynamoDBProxy(dynamoDB);
    let tableName: string;
    let time: PassingTime;
    let store: DynamoDBStore;
    let elsewhere: DynamoDBStore;
    let operation: ReturnType<typeof deployable>;
    let runs: string[];
    let key: string;

    before(async () => {
      tableName = await dynamoDB.createTable();
    });

    beforeEach(() => {
      time = new PassingTime(proxy);
      store = new DynamoDBStore({ client: proxy.client({ maxAttempts }), tableName });
      elsewhere = new DynamoDBStore({ client: proxy.directClient(), tableName });
      operation = deployable(options);
      runs = [];
    });

    afterEach(() => {
      time.restore();
    });

    /** Work that notes that it ran, and ends as `end` does. */
    function work(end: () => Promise<unknown> = async () => `run ${runs.length}`) {
      return async () => {
        const execution = currentExecution();
        key = execution.key;
        runs.push(`attempt ${execution.attempt}`);
        return end();
      };
    }

    const standing = () => elsewhere.find(key, { consistent: true });
    const call = (more = work()) => time.until(operation(store, more)('a'));
    const callElsewhere = (more = work()) => time.until(operation(elsewhere, more)('a'));

    /** A process that claims the key and dies in the middle of its work; its claim can be taken over afterwards. */
    async function abandoned(): Promise<void> {
      const dying = new ScriptedStore(elsewhere).always('replace', 'hang');
      void operation(dying, () => new Promise(() => {}))('a');
      await time.pass(7_100);
    }

    /** What happens to one request of each kind, while everything around it is as it should be. */
    const stories: Partial<Record<RequestKind, (fate: Fate) => Promise<void>>> = {
      async claim(fate) {
        proxy.next('claim', fate);
        expect(await call()).to.equal('run 1');
        expect(runs).to.deep.equal(['attempt 1']);
      },

      async renewal(fate) {
        const end = defer<string>();
        proxy.next('renewal', fate);
        const running = operation(
          store,
          work(() => end.promise),
        )('a');
        // The first lease has lapsed by now, and the claim still holds.
        await time.pass(7_500);
        const duplicate = operation(elsewhere, work(), { wait: 0 })('a');
        expect(await time.until(rejection(duplicate))).to.be.instanceOf(InProgressError);
        end.resolve('run 1');
        expect(await time.until(running)).to.equal('run 1');
        expect(runs).to.deep.equal(['attempt 1']);
      },

      async completion(fate) {
        proxy.next('completion', fate);
        expect(await call()).to.equal('run 1');
        expect(runs).to.deep.equal(['attempt 1']);
      },

      async 'take-over'(fate) {
        await abandoned();
        proxy.next('take-over', fate);
        expect(await call()).to.equal('run 1');
        expect(runs).to.deep.equal(['attempt 2']);
      },

      async release(fate) {
        const own = new Error('no money');
        proxy.next('release', fate);
        expect(
          await time.until(
            rejection(
              operation(
                store,
                work(() => Promise.reject(own)),
              )('a'),
            ),
          ),
        ).to.equal(own);
        expect(await standing()).to.have.nested.property('state.status', 'released');
        expect(await callElsewhere()).to.equal('run 2');
        expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
      },

      async unknown(fate) {
        proxy.next('unknown', fate);
        const neverWritten = work(async () => {
          await currentExecution().completion('never written');
          return 'never written';
        });
        expect(await time.until(rejection(operation(store, neverWritten)('a')))).to.be.instanceOf(
          OutcomeUnknownError,
        );
        expect(await standing()).to.have.nested.property('state.status', 'unknown');
        expect(await callElsewhere()).to.equal('run 2');
        expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
      },
    };

    for (const [kind, story] of Object.entries(stories) as [RequestKind, (fate: Fate) => Promise<void>][]) {
      describe(`a ${kind === 'unknown' ? 'write of "unknown"' : kind}`, () => {
        for (const [what, fate] of Object.entries(fates)) {
          it(`that ${what}: each call runs once, and its outcome stands`, async () => {
            await story(fate);
            const [first, second] = proxy.of(kind);
            expect(second, 'it was repeated').to.not.equal(undefined);
            const isRetriedByClient = maxAttempts > 1 && (fate === 'lose' || fate === 'late');
            expect(first?.invocation === second?.invocation, 'whether by the client').to.equal(
              isRetriedByClient,
            );

            const before = await standing();
            expect(before).to.have.nested.property('state.status', 'completed');
            for (const held of proxy.held) {
              expect(await held.deliver()).to.have.property('fault', 'ConditionalCheckFailedException');
            }
            expect(proxy.held.length).to.equal(fate === 'late' || fate === 'hold' ? 1 : 0);
            expect(await standing()).to.deep.equal(before);
            const outcome = `run ${runs.length}`;
            expect(await callElsewhere()).to.equal(outcome);
          });
        }
      });
    }

    it('a look while waiting whose answer is lost is made again', async () => {
      const end = defer<string>();
      const running = operation(
        elsewhere,
        work(() => end.promise),
      )('a');
      await proxy.quiet();
      proxy.next('find', 'lose', 'hang', 'swallow');
      const duplicate = operation(store, work())('a');
      await time.pass(9_000);
      expect(proxy.count('find')).to.be.above(3);
      end.resolve('run 1');
      expect(await time.until(Promise.all([running, duplicate]))).to.deep.equal(['run 1', 'run 1']);
      expect(runs).to.deep.equal(['attempt 1']);
    });

    describe('a write that arrives', () => {
      /** Delivers what was held back, and expects that it changes nothing. */
      async function expectTurnedAway(): Promise<void> {
        const before: IdempotencyRecord | undefined = await standing();
        expect((await proxy.deliver()).fault).to.equal('ConditionalCheckFailedException');
        expect(await standing()).to.deep.equal(before);
      }

      it('when the key is free again changes nothing where it is a claim', async () => {
        proxy.next('claim', 'late');
        const failing = work(() => Promise.reject(new Error('no money')));
        await time.until(rejection(operation(store, failing)('a')));
        await expectTurnedAway();
        expect(await standing()).to.have.nested.property('state.status', 'released');
      });

      it('when the key was forgotten and ran again changes nothing where it is a completion', async () => {
        proxy.next('completion', 'late');
        await call();
        expect(await time.until(recordOf(operation(elsewhere, work()), 'a').forget())).to.equal(true);
        expect(await callElsewhere()).to.equal('run 2');
        await expectTurnedAway();
        expect(await callElsewhere()).to.equal('run 2');
      });

      it('when a successor is running changes nothing where it is a renewal', async () => {
        const end = defer<string>();
        proxy.always('renewal', 'late');
        const running = operation(
          store,
          work(() => end.promise),
        )('a');
        await time.pass(7_100);
        proxy.heal();
        const successor = defer<string>();
        const second = operation(
          elsewhere,
          work(() => successor.promise),
        )('a');
        await proxy.quiet();
        expect(runs).to.deep.equal(['attempt 1', 'attempt 2']);
        expect(proxy.held).to.not.have.length(0);
        while (proxy.held.length > 0) await expectTurnedAway();
        successor.resolve('of the successor');
        end.resolve('of the late runner');
        expect(await time.until(Promise.all([running, second]))).to.deep.equal([
          'of the successor',
          'of the successor',
        ]);
      });

      it('when a successor has completed changes nothing where it is a release, and its caller gets that outcome', async () => {
        const end = defer<string>();
        proxy.always('renewal', 'hang').always('release', 'late');
        const running = operation(
          store,
          work(() => end.promise),
        )('a');
        await time.pass(7_100);
        expect(await callElsewhere()).to.equal('run 2');
        const own = new Error('too late');
        end.reject(own);
        expect(await time.until(rejection(running)), 'nobody told it that it has a successor').to.equal(own);
        expect(proxy.held).to.not.have.length(0);
        while (proxy.held.length > 0) await expectTurnedAway();
      });

      it('when another call took over first changes nothing where it is a take-over', async () => {
        await abandoned();
        proxy.always('take-over', 'hold');
        const late = operation(store, work())('a');
        await time.pass(100);
        expect(proxy.held).to.have.length(1);
        expect(await callElsewhere()).to.equal('run 1');
        await expectTurnedAway();
        expect(await time.until(late)).to.equal('run 1');
        expect(runs).to.deep.equal(['attempt 2']);
      });
    });
  });
}
