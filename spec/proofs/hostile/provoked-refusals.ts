import 'retrysafe/jmespath';
import { Idempotent, type IdempotentOptions, keyOf, recordOf } from 'retrysafe';
import { marker } from './marker.js';
import {
  declined,
  held,
  LeaksVault,
  operation,
  type Provocation,
  type Request,
  request,
  result,
  throwing,
  twice,
} from './provoking.js';

class Desk {
  /** What a user's instance has inside. */
  readonly note = marker;
  readonly #sealed = marker;

  @Idempotent({ store: (self: Desk) => self as never })
  async placeUnstored(_request: Request): Promise<unknown> {
    return this.#sealed;
  }

  @Idempotent({ store: (self: Desk) => self.note as never })
  async placeUnaddressed(_request: Request): Promise<unknown> {
    return this.#sealed;
  }
}

/** What is refused before it runs. */
export const refusals: readonly Provocation[] = [
  {
    what: 'a call that meets a running one, is inspected and forgotten',
    says: ['InProgressError', 'refused'],
    async provoke(witness) {
      const { give, end, running } = await held(witness);
      await witness.end(give(request()));
      await witness.end(recordOf(give, request()).forget());
      witness.things.push(await recordOf(give, request()).inspect());
      end.resolve(result());
      await running;
    },
  },
  {
    what: 'decisions of an operator: with a value that cannot be stored, with one that can, and one that comes too late',
    says: ['ConfigurationError', 'resolved', 'NotResolvedError'],
    async provoke(witness) {
      const give = operation(witness, () => Promise.reject(declined()), { onError: () => 'unknown' });
      await witness.end(give(request()));
      const handle = recordOf(give, request());
      await witness.end(handle.resolve({ as: 'value', value: { [marker]: Symbol(marker) } }));
      await witness.end(handle.resolve({ as: 'value', value: result() }));
      await witness.end(handle.resolve({ as: 'run-again' }));
      await witness.end(handle.forget({ token: marker }));
      witness.things.push(await handle.inspect());
    },
  },
  {
    what: 'attempts that have come to an end, of the method and of its recovery function',
    says: ['AttemptsExhaustedError', 'unknown', 'refused'],
    async provoke(witness) {
      const options: IdempotentOptions = {
        maxAttempts: 1,
        onError: () => 'unknown',
        onAbandoned: () => Promise.reject(declined()),
      };
      const give = operation(witness, () => Promise.reject(declined()), options);
      for (let call = 1; call <= 4; call += 1) await witness.end(give(request()));
      witness.things.push(await recordOf(give, request()).inspect());
    },
  },
  {
    what: 'another fingerprint',
    says: ['FingerprintError', 'refused'],
    async provoke(witness) {
      let part = marker;
      const give = operation(witness, async () => result(), { fingerprint: () => part });
      await give(request());
      part += part;
      await witness.end(give(request()));
    },
  },
  {
    what: 'a fingerprint that selects nothing',
    says: ['RETRYSAFE_EMPTY_FINGERPRINT'],
    provoke: (witness) => twice(witness, async () => result(), { fingerprint: 'missing' }),
  },
  {
    what: 'a call from inside of itself',
    says: ['ReentrantCallError'],
    async provoke(witness) {
      const give = operation(witness, (given): Promise<unknown> => give(given));
      await witness.end(give(request()));
    },
  },
  ...Object.entries<[IdempotentOptions, object?]>({
    'a missing key': [{ key: 'missing' }],
    'a missing scope': [{ scope: 'missing' }],
    'a key function that throws': [{ key: throwing }],
    'a scope function that throws': [{ scope: throwing }],
    'a fingerprint function that throws': [{ fingerprint: throwing }],
    'a key function that returns a promise': [{ key: (() => Promise.resolve(marker)) as never }],
    'a function under a name that is data': [{}, { [marker]: { [marker]: () => marker } }],
    'a symbol in the payload': [{}, { sign: Symbol(marker) }],
    'private state in the payload': [{}, { vault: new LeaksVault() }],
    'a getter in the payload that throws': [
      {},
      Object.defineProperty({}, marker, { get: throwing, enumerable: true }),
    ],
    'JSON in the payload that is none': [{ key: 'json(id)' }],
    'a number that is a text': [{ key: 'abs(id)' }],
  }).map(
    ([what, [options, more]]): Provocation => ({
      what,
      says: ['KeyError'],
      async provoke(witness) {
        const given = more && Object.getOwnPropertyDescriptor(more, marker)?.get ? more : request(more);
        await witness.end(operation(witness, async () => result(), options)(given as Request));
      },
    }),
  ),
  {
    what: 'an event of Lambda as the key',
    says: ['KeyError'],
    async provoke(witness) {
      const event = {
        Records: [{ eventSource: 'aws:sqs', messageId: marker, receiptHandle: marker, body: marker }],
      };
      await witness.end(operation(witness, async () => result())(request(event)));
      await witness.end(operation(witness, async () => result(), { key: 'Records' })(request(event)));
    },
  },
  {
    what: 'a store function that returns something of the instance',
    says: ['ConfigurationError'],
    async provoke(witness) {
      const desk = new Desk();
      await witness.end(desk.placeUnstored(request()));
      await witness.end(desk.placeUnaddressed(request()));
    },
  },
  {
    what: 'the record and the key of a function that is not idempotent, and of a payload for a name',
    says: ['ConfigurationError'],
    async provoke(witness) {
      const plain = async (_id: string) => marker;
      await witness.end((async () => recordOf(plain, marker))());
      await witness.end((async () => keyOf(plain, marker))());
      await witness.end((async () => recordOf(new Desk(), request() as unknown as '#payload'))());
    },
  },
];
