import {
  currentExecution,
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  recordOf,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { NotifyingStore } from '../../support/notifying-store.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { marker } from './marker.js';
import {
  abandoned,
  declined,
  failing,
  held,
  operation,
  type Provocation,
  type Request,
  request,
  result,
  throwing,
} from './provoking.js';

class SealedDesk {
  readonly #sealed = marker;
  // It checks what the library may have added, and not what a user's instance shows itself.
  @Idempotent({ key: 'id', scope: () => marker, fingerprint: true, store: new InMemoryStore(), keepLocal: 5 })
  async placeSealed(_request: Request): Promise<unknown> {
    return { [marker]: this.#sealed };
  }
}

/** What a store can do wrong. */
export const faults: readonly Provocation[] = [
  ...(['claim', 'find'] as const).map(
    (step): Provocation => ({
      what: `a store that fails at ${step}`,
      says: ['store-failed', 'StoreError'],
      async provoke(witness) {
        const store = new ScriptedStore().always(step, failing);
        const give = operation(witness, async () => result(), { readFirst: true }, store);
        await witness.end(give(request()), 60_000);
        await witness.end(recordOf(give, request()).inspect(), 60_000);
      },
    }),
  ),
  {
    what: 'a store that returns something else',
    says: ['store-failed', 'StoreError'],
    async provoke(witness) {
      const store = new ScriptedStore().always('claim', async () => ({ key: marker, state: marker }));
      await witness.end(operation(witness, async () => result(), {}, store)(request()), 60_000);
    },
  },
  {
    what: 'a store that does not take the outcome',
    says: ['store-failed', 'outcome-not-stored', 'RETRYSAFE_OUTCOME_NOT_STORED'],
    async provoke(witness) {
      const store = new ScriptedStore().always('replace', failing);
      await witness.end(operation(witness, async () => result(), {}, store)(request()), 60_000);
    },
  },
  {
    what: 'a run without a claim, which asks for its completion',
    says: ['store-failed', 'ClaimLostError', 'outcome-not-stored'],
    async provoke(witness) {
      const store = new ScriptedStore().always('claim', failing).always('replace', failing);
      const work = async () => {
        await currentExecution()
          .completion(result())
          .catch((error) => witness.keep(error));
        return result();
      };
      await witness.end(operation(witness, work, { onStoreFailure: 'run' }, store)(request()), 60_000);
    },
  },
  {
    what: 'a store that gives no notices',
    says: ['RETRYSAFE_NOTICES', 'InProgressError'],
    async provoke(witness) {
      const store = new NotifyingStore();
      store.instead = () => Promise.reject(declined());
      const end = defer<unknown>();
      // Of another process: calls of one process do not wait at the store.
      const peer = store.peer();
      peer.instead = store.instead;
      const stores = [store, peer];
      const options = { wait: 5, store: () => stores.shift() as NotifyingStore };
      const give = operation(witness, () => end.promise, options);
      const running = give(request());
      await restOfTurn();
      await witness.end(give(request()), 10_000);
      end.resolve(result());
      await running;
    },
  },
];

/** What can become of a claim, and what has nothing to do with any of this. */
export const claims: readonly Provocation[] = [
  {
    what: 'a lease that is renewed, and then lapses',
    says: ['renewed', 'claim-lost', 'ClaimLostError'],
    async provoke(witness) {
      const { end, running } = await held(witness, { renewFor: 60 });
      const { signal } = witness.things.find((thing) => (thing as { signal?: unknown }).signal) as {
        signal: AbortSignal;
      };
      await witness.clock.tickAsync(100_000);
      witness.keep(signal.reason);
      end.reject(declined());
      await witness.end(running);
    },
  },
  {
    what: 'a claim that is taken over, and both fail',
    says: ['taken-over', 'claim-lost', 'released', 'ClaimLostError'],
    async provoke(witness) {
      const { give, end, running } = await abandoned(witness, undefined);
      const second = witness.end(give(request()));
      await restOfTurn();
      end.reject(declined());
      await Promise.all([witness.end(running, 60_000), second]);
    },
  },
  ...Object.entries<readonly [NonNullable<IdempotentOptions['onAbandoned']>, ...string[]]>({
    'that refuses': [() => 'refuse', 'OutcomeUnknownError', 'unknown'],
    'that throws': [throwing, 'unknown'],
    'with a value': [() => ({ value: result() }), 'completed'],
    'that has the method run': [() => 'run', 'taken-over'],
    'with a decision that is none': [() => marker as never, 'ConfigurationError', 'unknown'],
  }).map(
    ([what, [onAbandoned, ...says]]): Provocation => ({
      what: `a recovery function ${what}`,
      says,
      async provoke(witness) {
        const { give, end, running } = await abandoned(witness, onAbandoned);
        const second = witness.end(give(request()));
        await restOfTurn();
        end.resolve(result());
        await Promise.all([witness.end(running, 60_000), second]);
      },
    }),
  ),
  {
    what: 'two different operations of one name',
    says: ['RETRYSAFE_DUPLICATE_NAME'],
    async provoke() {
      const name = 'Leaks.twin';
      makeIdempotent(async () => 'one', { name });
      makeIdempotent(async () => marker, { name });
    },
  },
  {
    what: 'an instance and a class that were called',
    says: ['completed', 'replayed'],
    async provoke(witness) {
      const desk = new SealedDesk();
      await desk.placeSealed(request());
      await desk.placeSealed(request());
      witness.things.push(
        desk,
        SealedDesk,
        desk.placeSealed,
        await recordOf(desk, 'placeSealed', request()).inspect(),
      );
    },
  },
];
