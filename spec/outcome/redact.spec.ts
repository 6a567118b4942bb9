import { expect } from 'chai';
import {
  configureIdempotency,
  currentExecution,
  IdempotencyDefaults,
  Idempotent,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  recordOf,
  release,
} from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { deployable } from '../support/deployment.js';
import { keyNamed } from '../support/encryption-keys.js';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection } from '../support/rejection.js';
import { storedOutcome } from '../support/replayed.js';
import { ScriptedStore } from '../support/scripted-store.js';

const marker = 'PAYLOAD-4111-1111';

interface Charge {
  readonly id: string;
  readonly card?: string;
}

const charge: Charge = { id: 'c-1', card: marker };
const withoutCard = ({ card: _, ...rest }: Charge): Charge => rest;

describe('what redact leaves of a result (redact)', () => {
  it('is recorded and replayed, and the caller of the run has the whole result', async () => {
    const store = new InMemoryStore();
    const pay = makeIdempotent(async () => charge, { name: 'payRedacted', store, redact: withoutCard });
    expect(await pay()).to.equal(charge);
    expect(charge.card).to.equal(marker);
    expect(await pay()).to.deep.equal({ id: 'c-1' });
    expect(JSON.stringify(store.records())).not.to.include(marker);
    expect(store.records().map(storedOutcome)).to.deep.equal([{ kind: 'value', json: { id: 'c-1' } }]);
  });

  it('is what calls get that joined or waited, and what keepLocal keeps', async () => {
    const operation = deployable({ redact: withoutCard, keepLocal: 5 });
    const store = new ScriptedStore();
    const call = operation(store, async () => charge);
    const calls = [call('a'), call('a'), operation(store.peer(), async () => expect.fail('it ran'))('a')];
    expect(await Promise.all(calls)).to.deep.equal([charge, { id: 'c-1' }, { id: 'c-1' }]);
    expect(await call('a')).to.deep.equal({ id: 'c-1' });
  });

  it('is what mapReplay is given, while ttl is given the whole result', async () => {
    const given: unknown[] = [];
    const pay = makeIdempotent(async () => charge, {
      name: 'payAndMap',
      store: new InMemoryStore(),
      redact: withoutCard,
      ttl: (result) => {
        given.push(result);
        return 60;
      },
      mapReplay: (result) => {
        given.push(result);
        return { ...result, card: 'hidden' };
      },
    });
    await pay();
    expect(await pay()).to.deep.equal({ id: 'c-1', card: 'hidden' });
    expect(given).to.deep.equal([charge, { id: 'c-1' }]);
  });

  it('is decided with the arguments, as a method of the instance, inside of its run', async () => {
    class Desk {
      readonly prefix = 'desk';

      @Idempotent({
        key: 'id',
        store: new InMemoryStore(),
        redact(result, request) {
          return { id: [this.prefix, request.id, result.id, currentExecution().attempt].join() };
        },
      })
      async pay(_request: { readonly id: string }): Promise<Charge> {
        return charge;
      }
    }
    const desk = new Desk();
    await desk.pay({ id: 'r-1' });
    expect(await desk.pay({ id: 'r-1' })).to.deep.equal({ id: 'desk,r-1,c-1,1' });
  });

  it('is an option of a class and of the process as well', async () => {
    @IdempotencyDefaults({ redact: () => 'by the class' })
    class Desk {
      @Idempotent({ name: 'redactedByClass' })
      async pay(): Promise<unknown> {
        return charge;
      }
    }
    const pay = makeIdempotent(async (): Promise<unknown> => charge, { name: 'redactedByProcess' });
    try {
      configureIdempotency({ redact: () => 'by the process', store: new InMemoryStore() });
      const desk = new Desk();
      await Promise.all([desk.pay(), pay()]);
      expect([await desk.pay(), await pay()]).to.deep.equal(['by the class', 'by the process']);
    } finally {
      configureIdempotency({});
    }
  });

  it('is what a method completes itself with, and its own result is told as completed', async () => {
    const codec = encrypted({ keys: { a: keyNamed('a') }, current: 'a' });
    for (const options of [{}, { codec }] satisfies IdempotentOptions[]) {
      const store = new ScriptedStore();
      const operation = deployable({ redact: withoutCard, ...options });
      const call = operation(store, async () => {
        const { record, token } = await currentExecution().completion(charge);
        expect(JSON.stringify(record)).not.to.include(marker);
        await store.inner.replace(record, token);
        return charge;
      });
      expect(await call('a')).to.equal(charge);
      expect(store.count('replace')).to.equal(0);
      expect(await call('a')).to.deep.equal({ id: 'c-1' });
    }
  });

  it('is of results alone: a remembered error is recorded as it is', async () => {
    const pay = makeIdempotent(
      async (): Promise<Charge> => {
        throw new RangeError(marker);
      },
      {
        name: 'declineRedacted',
        store: new InMemoryStore(),
        remember: [RangeError],
        redact: () => ({ id: '' }),
      },
    );
    await rejection(pay());
    expect(await rejection(pay())).to.have.property('message', marker);
  });

  it('is asked for no result that is not recorded', async () => {
    let asked = 0;
    const pay = makeIdempotent(async () => release(charge), {
      name: 'payAndRelease',
      store: new InMemoryStore(),
      redact: (result) => {
        asked += 1;
        return result;
      },
    });
    await pay();
    expect(await pay()).to.equal(charge);
    expect(asked).to.equal(0);
  });

  const faults: Record<string, [redact: () => Charge, reason: RegExp]> = {
    'throws an error': [
      () => {
        throw new Error(marker);
      },
      /it threw an instance of Error/,
    ],
    'returns a promise': [() => Promise.resolve(charge) as never, /it returned a promise/],
    'returns a promise that rejects': [
      () => Promise.reject(new Error(marker)) as never,
      /it returned a promise/,
    ],
    'returns what cannot be stored': [() => (() => marker) as never, /a function/],
  };
  for (const [what, [redact, reason]] of Object.entries(faults)) {
    it(`is nothing where it ${what}: the caller has the result, and nothing runs again`, async () => {
      const warnings = catchWarnings();
      try {
        const store = new InMemoryStore();
        let runs = 0;
        const pay = makeIdempotent(
          async () => {
            runs += 1;
            return charge;
          },
          { name: `redact that ${what}`, store, redact },
        );
        expect(await pay()).to.equal(charge);
        const error = await rejection(pay());
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message)
          .to.match(reason)
          .and.not.to.include(marker);
        expect(await recordOf(pay).inspect()).to.include({ status: 'completed', outcome: 'none' });
        expect(JSON.stringify(store.records())).not.to.include(marker);
        expect(runs).to.equal(1);
        const [warning] = warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED');
        expect(warning).to.match(reason).and.not.to.include(marker);
      } finally {
        warnings.restore();
      }
    });
  }
});
