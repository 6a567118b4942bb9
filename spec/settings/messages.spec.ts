import 'retrysafe/jmespath';
import { expect } from 'chai';
import {
  ConfigurationError,
  currentExecution,
  Idempotent,
  InMemoryStore,
  KeyError,
  makeIdempotent,
  onIdempotencyEvent,
  recordOf,
  StoreError,
} from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

describe('what a message says after a slip', () => {
  let warnings: CaughtWarnings;

  beforeEach(() => {
    warnings = catchWarnings();
  });

  afterEach(() => {
    warnings.restore();
  });

  it('names the expression and what it read when a key selects nothing', async () => {
    const place = makeIdempotent(async function placeByName(_transactionId: string, _amount: number) {}, {
      key: 'transactionId',
    });
    const error = (await rejection(place('secret-4111', 5))) as KeyError;
    expect(error).to.be.instanceOf(KeyError);
    expect(error.message)
      .to.include('the expression transactionId reads the first argument, which is of type string')
      .and.not.include('4111');
  });

  it('says the same where a part of a projection is missing', async () => {
    const ship = makeIdempotent(async function shipItems(_order: { items: { id?: number }[] }) {}, {
      key: 'items[].id',
    });
    const error = (await rejection(ship({ items: [{ id: 1 }, {}] }))) as KeyError;
    expect(error.message).to.include(
      '`key` selects nothing, or a part of it does; the expression items[].id',
    );
  });

  it('names no property whose name may be data', async () => {
    const note = makeIdempotent(async function noteCards(_cards: object) {});
    const error = (await rejection(note({ cards: { '4111-1111': { check: () => true } } }))) as KeyError;
    expect(error.message).to.include('[0].cards.….check').and.not.include('4111');
  });

  it('warns, once, where a fingerprint selects nothing', async () => {
    const pay = makeIdempotent(async function payByTypo(_request: { id: string; amount: number }) {}, {
      key: 'id',
      fingerprint: 'amuont' as string,
    });
    await pay({ id: '1', amount: 1 });
    await pay({ id: '2', amount: 1 });
    const texts = warnings.texts('RETRYSAFE_EMPTY_FINGERPRINT');
    expect(texts).to.have.length(1);
    expect(texts[0]).to.include('payByTypo: option "fingerprint" selects nothing');
  });

  it('warns, once, where a result cannot be stored, before any duplicate is refused', async () => {
    const open = makeIdempotent(async function openDoor(id: string) {
      return { id, close: () => {} };
    });
    await open('1');
    await open('2');
    const texts = warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED');
    expect(texts).to.have.length(1);
    expect(texts[0]).to.match(
      /openDoor: the key is completed without its outcome.*Cannot stringify a function/,
    );
  });

  it('refuses a list of whole Lambda events as a key', async () => {
    const record = { eventSource: 'aws:sqs', messageId: 'm-1', receiptHandle: 'r-1', body: '{"id":1}' };
    for (const key of ['Records', 'Records[*]', '[@]']) {
      const read = makeIdempotent(async function readBatch(_event: object, _context: object) {}, { key });
      const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };
      expect(await rejection(read({ Records: [record] }, context)), key).to.be.instanceOf(ConfigurationError);
    }
  });

  it('names a duration without its unit, and a hyphen that reads as a minus', () => {
    const refused = (options: object) =>
      (thrown(() => makeIdempotent(async function slip() {}, options)) as Error).message;
    expect(refused({ wait: '10' })).to.include("did you mean '10s'?");
    expect(refused({ ttl: 86_400_000 })).to.include('did you mean 86400?');
    expect(refused({ key: 'secret + id' })).to.include('a list, such as [userId, orderId]');
    expect(refused({ key: 'headers.x-id' })).to.include('write headers."x-id"');
  });
});

describe('a run without a claim', () => {
  it('makes its caller wait at most a second for the record', async () => {
    const clock = fakeTime();
    const warnings = catchWarnings();
    try {
      const store = new ScriptedStore(new InMemoryStore()).always('claim', 'fail').always('replace', 'hang');
      const work = makeIdempotent(async function workOpenly() {}, { store, onStoreFailure: 'run' });
      let isAnswered = false;
      void work().then(() => {
        isAnswered = true;
      });
      await clock.tickAsync(1_000);
      expect(isAnswered).to.equal(true);
    } finally {
      clock.restore();
      warnings.restore();
    }
  });
});

describe('what a message names as the fault, and what it says to do next', () => {
  let warnings: CaughtWarnings;

  beforeEach(() => {
    warnings = catchWarnings();
  });

  afterEach(() => {
    warnings.restore();
  });

  const ended = async (promise: Promise<unknown>) => (await rejection(promise)) as Error;

  describe('where the store fails', () => {
    let store: ScriptedStore;
    let pay: (id: string) => Promise<unknown>;

    beforeEach(() => {
      store = new ScriptedStore();
      pay = makeIdempotent(async function payOnce(_id: string) {}, { store, wait: 0 });
    });

    it('`inspect` says that it got no answer, and mentions no method', async () => {
      store.next('find', 'fail');
      const { message } = await ended(recordOf(pay, 'a').inspect());
      expect(message)
        .to.match(/^payOnce: .*so `inspect` has no result.*`cause`\. Call `inspect` again/)
        .and.not.match(/method|onStoreFailure/);
    });

    it('`forget` says that the key may or may not be free, and to call it again', async () => {
      await pay('a');
      for (const step of ['find', 'replace'] as const) {
        store.next(step, 'fail');
        const error = await ended(recordOf(pay, 'a').forget());
        expect(error).to.be.instanceOf(StoreError).and.include({ step });
        expect(error.message)
          .to.match(/^payOnce: the store did not confirm that the key was freed.*Call `forget` again/)
          .and.not.match(/method|onStoreFailure/);
      }
    });

    it('a call is advised to run without a claim only where that would have helped', async () => {
      const advice = "or choose onStoreFailure: 'run'";
      store.next('claim', 'fail').next('claim', 'fail');
      expect((await ended(pay('a'))).message).to.include(advice);
      const open = makeIdempotent(async function payOpenly(_id: string) {}, {
        store,
        wait: 0,
        onStoreFailure: 'run',
        onError: () => 'release',
      });
      await open('b');
      await recordOf(open, 'b').forget();
      store.next('replace', 'fail').next('replace', 'fail');
      const atTakeOver = await ended(open('b'));
      expect(atTakeOver).to.include({ step: 'replace' });
      expect(atTakeOver.message).to.include('Try again when the store answers').and.not.include(advice);
    });

    it('says what a store returned that breaks the contract, and to correct it', async () => {
      store.always('claim', async () => ({ key: 'other' }) as never);
      expect((await ended(pay('a'))).message).to.match(
        /claim\(\) resolved to no record that holds the key; correct the store, by the contract of retrysafe\/testing/,
      );
    });
  });

  it('`forget` of a running call says how to free the key', async () => {
    let end = () => {};
    const running = new Promise<void>((resolve) => {
      end = resolve;
    });
    const pay = makeIdempotent(async function paySlowly(_id: string) {
      await running;
    });
    const first = pay('a');
    await Promise.resolve();
    const { message } = await ended(recordOf(pay, 'a').forget());
    expect(message).to.include('forget({ force: true })').and.not.include('`wait`');
    end();
    await first;
  });

  it('tells a call that its recovery function refused it', async () => {
    const options = { refuse: 'refuse', function: () => 'refuse' as const } as const;
    const words = Object.entries(options).map(async ([name, onAbandoned]) => {
      const pay = makeIdempotent(
        async (_id: string) => {
          throw new Error('no answer');
        },
        {
          name: `pay by ${name}`,
          store: new InMemoryStore(),
          onError: () => 'unknown',
          onAbandoned,
        },
      );
      await rejection(pay('a'));
      return (await ended(pay('a'))).message;
    });
    const [byRefuse, byFunction] = await Promise.all(words);
    expect(byRefuse).to.include('or let `onAbandoned` be a function that finds out');
    expect(byFunction).to.include('`onAbandoned` refused it this time').and.not.include('let `onAbandoned`');
  });

  it('does not claim for an unreadable record that its work was done', async () => {
    const store = new ScriptedStore();
    const pay = makeIdempotent(async function payByNewer(_id: string) {}, { store, wait: 0 });
    await pay('a');
    const record = store.calls.at(-1)?.record as never as { token: string; state: object };
    await store.inner.replace(
      { ...record, token: 'newer.1', state: { ...record.state, format: 99, status: 'in-progress' } } as never,
      record.token,
    );
    expect((await ended(pay('a'))).message)
      .to.match(
        /cannot be read, since it was written by a newer version.*nobody can tell whether the work was done/,
      )
      .and.not.include('the work was done before');
  });

  it('names the kind of error that a selector, `onError`, `ttl` or `store` threw, and has the error itself as its cause', async () => {
    class BrokenRules extends TypeError {}
    const broken = new BrokenRules('secret-4111');
    const failing = () => {
      throw broken;
    };
    for (const option of ['key', 'scope', 'fingerprint', 'store']) {
      const pay = makeIdempotent(async (_id: string) => {}, {
        name: `pay by broken ${option}`,
        [option]: failing,
      });
      const error = await ended(pay('a'));
      expect(error.message, option).to.include('threw an instance of BrokenRules').and.not.include('4111');
      expect(error.cause, option).to.equal(broken);
    }
    const events: unknown[] = [];
    const stop = onIdempotencyEvent('option-failed', (event) => events.push(event));
    const store = new InMemoryStore();
    const pay = makeIdempotent(async (_id: string) => {}, { name: 'pay by broken ttl', store, ttl: failing });
    const fail = makeIdempotent(async (_id: string) => Promise.reject(new Error('no')), {
      name: 'pay by broken onError',
      store,
      onError: failing,
    });
    for (const id of ['a', 'b']) {
      await pay(id);
      await rejection(fail(id));
    }
    stop();
    for (const code of ['RETRYSAFE_TTL', 'RETRYSAFE_ON_ERROR'] as const) {
      expect(warnings.texts(code)).to.have.length(1);
      expect(warnings.texts(code)[0]).to.include('threw an instance of BrokenRules').and.not.include('4111');
    }
    // Each time, while a warning is given once.
    expect(events.map((event) => (event as { option: string }).option)).to.deep.equal([
      'ttl',
      'onError',
      'ttl',
      'onError',
    ]);
    for (const event of events) expect(event).to.include({ error: broken, attempt: 1 });
  });

  it('repeats the message where such a function threw an error of this library', async () => {
    const pay = makeIdempotent(async (_id: string) => {}, {
      name: 'pay by a late execution',
      store: new InMemoryStore(),
      ttl: () => currentExecution().deriveKey('') as never,
    });
    await pay('a');
    expect(warnings.texts('RETRYSAFE_TTL')[0]).to.match(
      /it threw ConfigurationError: deriveKey\(label\): the label is empty/,
    );
  });

  it('lists the idempotent methods of a service where `recordOf` is given the name of none', async () => {
    class PaymentDesk {
      @Idempotent({ store: new InMemoryStore() })
      async settle(_id: string) {}
    }
    // esbuild writes an underscore before the name of a decorated class.
    expect((thrown(() => recordOf(new PaymentDesk(), 'setle' as 'settle', 'a')) as Error).message).to.match(
      /no idempotent method of that name in an instance of _?PaymentDesk, which has settle;/,
    );
    // biome-ignore lint/suspicious/noExplicitAny: the compiler refuses it as well
    const { message } = thrown(() => recordOf(undefined as any, '#a@b.c')) as Error;
    expect(message).to.include('of that name in undefined').and.not.include('a@b.c');
  });
});
