import { expect } from 'chai';
import {
  type IdempotencyEventName,
  type IdempotentOptions,
  InMemoryStore,
  onIdempotencyEvent,
  type PersistenceStore,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { type Library, load, type Version } from '../../support/library-version.js';
import { rejection } from '../../support/rejection.js';

type Work = (id: string) => Promise<unknown>;
type CodedError = Error & { readonly code?: string };

let count = 0;

describe('two versions of the library in one process', () => {
  const libraries = {} as Record<Version, Library>;
  let store: PersistenceStore;
  let name: string;

  before(async () => {
    for (const version of ['earlier', 'present'] as const) libraries[version] = await load(version);
  });

  beforeEach(() => {
    store = new InMemoryStore();
    count += 1;
    name = `operation of two versions ${count}`;
  });

  function operationOf(version: Version, work: Work, options: IdempotentOptions = {}): Work {
    return libraries[version].makeIdempotent((id: string) => work(id), { name, store, ...options });
  }

  for (const [first, second] of [
    ['earlier', 'present'],
    ['present', 'earlier'],
  ] as const) {
    describe(`of which the ${first} one is called first`, () => {
      it('run equal calls once, and each gets a copy of the outcome', async () => {
        const gate = defer();
        let runs = 0;
        const work = async (id: string) => {
          runs += 1;
          await gate.promise;
          return { id, at: new Date(0) };
        };
        const [one, other] = [operationOf(first, work), operationOf(second, work)];
        const calls = [one('a'), other('a'), one('a'), other('a')];
        await restOfTurn();
        gate.resolve();
        const values = await Promise.all(calls);
        for (const value of values) expect(value).to.deep.equal({ id: 'a', at: new Date(0) });
        expect(new Set(values).size).to.equal(4);
        expect(runs).to.equal(1);
      });

      it('run the next equal call where the first one fails', async () => {
        const gate = defer();
        const fail = async () => {
          await gate.promise;
          throw new Error('the bank is closed');
        };
        const failing = rejection(operationOf(first, fail)('a'));
        await restOfTurn();
        const next = operationOf(second, async () => libraries[second].currentExecution().attempt)('a');
        await restOfTurn();
        gate.resolve();
        expect(await failing).to.have.property('message', 'the bank is closed');
        expect(await next).to.equal(2);
      });

      it('call one another, each with its own execution', async () => {
        const inner = libraries[second].makeIdempotent(
          async (_id: string) => libraries[second].currentExecution().key,
          { name: `inner operation ${count}`, store },
        );
        const outer = operationOf(first, async (id) => {
          const before = libraries[first].currentExecution().key;
          const within = await inner(id);
          return { before, within, after: libraries[first].currentExecution().key };
        });
        const { before, within, after } = (await outer('a')) as Record<string, string>;
        expect(before).to.match(/^operation of two versions/);
        expect(within).to.match(/^inner operation/);
        expect(after).to.equal(before);
      });

      it('tell the attempt, whichever copy asks what runs', async () => {
        const asking = operationOf(first, async () => libraries[second].currentExecution().attempt);
        expect(await asking('a')).to.equal(1);
      });

      it('replay what the other has completed', async () => {
        const value = await operationOf(first, async (id) => ({ id }))('a');
        expect(await operationOf(second, () => Promise.reject(new Error('it ran')))('a')).to.deep.equal(
          value,
        );
      });

      it('refuse a call of the key whose run is under way around it', async () => {
        const within = operationOf(second, async () => 'ran twice', { wait: 0 });
        const code = await operationOf(
          first,
          async (id) => ((await rejection(within(id))) as CodedError).code,
        )('a');
        expect(code).to.be.oneOf(['ERR_IDEMPOTENCY_REENTRANT', 'ERR_IDEMPOTENCY_IN_PROGRESS']);
      });

      it('tell of their calls on the same channels', async () => {
        const completed = told('completed', 2);
        await operationOf(first, async () => 1)('a');
        await operationOf(second, async () => 2)('b');
        await completed;
      });
    });
  }
});

/** Resolves when the event was published so many times. */
function told(name: IdempotencyEventName, times: number): Promise<void> {
  const all = defer();
  let left = times;
  const stop = onIdempotencyEvent(name, () => {
    left -= 1;
    if (left > 0) return;
    stop();
    all.resolve();
  });
  return all.promise;
}
