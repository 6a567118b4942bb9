import { type Completion, currentExecution, type IdempotentOptions, recordOf, StoreError } from 'retrysafe';
import { restOfTurn } from '../../support/deployment.js';
import { ScriptedStore } from '../../support/scripted-store.js';
import { marker } from './marker.js';
import {
  declined,
  held,
  LeaksVault,
  type Provocation,
  request,
  result,
  throwing,
  twice,
} from './provoking.js';

class LeaksPurse {
  readonly content = marker;
}

/** How a call can end that ran, or was replayed. */
export const outcomes: readonly Provocation[] = [
  {
    what: 'a result that is replayed from the store, joined and kept',
    says: ['claimed', 'completed', 'waited', 'replayed'],
    async provoke(witness) {
      const { give, end, running } = await held(witness, {
        keepLocal: 5,
        wait: 10,
        mapReplay: () => result(),
      });
      const joined = give(request());
      await restOfTurn();
      end.resolve(result());
      await Promise.all([running, joined, give(request())]);
      witness.things.push(await recordOf(give, request()).inspect());
      await recordOf(give, request()).forget();
      witness.things.push(await recordOf(give, request()).inspect(), await give(request()));
      // The application's own result was among these.
      witness.things.pop();
    },
  },
  {
    what: 'a replay whose mapReplay throws',
    says: ['replayed'],
    provoke: (witness) => twice(witness, async () => result(), { mapReplay: throwing }),
  },
  ...(['release', 'remember', 'unknown'] as const).map(
    (decision, index): Provocation => ({
      what: `an error that onError makes ${decision}`,
      says: [
        ['released', 'taken-over'],
        ['remembered', 'replayed'],
        ['unknown', 'refused', 'OutcomeUnknownError'],
      ][index] as string[],
      provoke: (witness) =>
        twice(witness, () => Promise.reject(declined()), { onError: () => decision, onAbandoned: 'refuse' }),
    }),
  ),
  ...[throwing, () => marker as never, () => Promise.resolve(marker)].map(
    (onError, index): Provocation => ({
      what: `an onError that is wrong (${index + 1})`,
      says: ['RETRYSAFE_ON_ERROR', 'option-failed', 'unknown'],
      provoke: (witness) => twice(witness, () => Promise.reject(declined()), { onError: onError as never }),
    }),
  ),
  ...[throwing, () => marker, () => '4111222', () => 411_122_233, () => Promise.resolve(marker)].map(
    (ttl, index): Provocation => ({
      what: `a wrong ttl function (${index + 1})`,
      says: ['RETRYSAFE_TTL', 'option-failed', 'completed'],
      async provoke(witness) {
        await twice(witness, async () => result(), { ttl: ttl as never });
        const told = [...witness.texts()].filter(([what]) => what === 'warning').join();
        if (/411.?1?2/.test(told)) throw new Error(`the warning repeats what ttl returned: ${told}`);
      },
    }),
  ),
];

/** What cannot be kept of an outcome, or not be read. */
export const unkept: readonly Provocation[] = [
  ...Object.entries<() => unknown>({
    'a function': () => ({ [marker]: () => marker }),
    'a symbol': () => new Map([[marker, Symbol(marker)]]),
    'a getter that throws': () => Object.defineProperty({}, marker, { get: throwing, enumerable: true }),
    'a toJSON that throws': () => ({ toJSON: throwing }),
    'private state': () => [{ [marker]: new LeaksVault() }],
  }).map(
    ([what, value]): Provocation => ({
      what: `a result with ${what}`,
      says: ['outcome-not-stored', 'RETRYSAFE_OUTCOME_NOT_STORED', 'OutcomeUnavailableError', 'refused'],
      provoke: (witness) => twice(witness, async () => value()),
    }),
  ),
  {
    what: 'a result with an instance of an unlisted class',
    says: ['RETRYSAFE_UNLISTED_CLASS', 'replayed'],
    provoke: (witness) => twice(witness, async () => new LeaksPurse()),
  },
  ...Object.entries<NonNullable<IdempotentOptions['codec']>>({
    'throws in encode': { encode: throwing, decode: () => marker },
    'throws in decode': { encode: () => marker, decode: throwing },
    'encodes to no text': { encode: () => [marker] as never, decode: () => marker },
  }).map(
    ([what, codec]): Provocation => ({
      what: `a codec that ${what}`,
      says: ['OutcomeUnavailableError'],
      provoke: (witness) => twice(witness, async () => result(), { codec }),
    }),
  ),
  {
    what: 'a result that the store finds too large',
    says: ['outcome-not-stored', 'OutcomeUnavailableError', 'store-failed'],
    provoke: (witness) =>
      twice(
        witness,
        async () => result(),
        {},
        new ScriptedStore().next('replace', () =>
          Promise.reject(new StoreError('too large', { tooLarge: true, cause: declined() })),
        ),
      ),
  },
  {
    what: 'a completion that is handed out, and not applied',
    says: ['OutcomeUnknownError', 'unknown'],
    async provoke(witness) {
      await twice(witness, async () => {
        const completion: Completion = await currentExecution().completion(result());
        witness.things.push(completion, { completion });
        return result();
      });
    },
  },
];
