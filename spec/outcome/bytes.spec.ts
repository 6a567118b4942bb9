import { expect } from 'chai';
import {
  type Codec,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  recordOf,
} from 'retrysafe';
import { type RecordedResponse, responseOutcome } from 'retrysafe/http';
import { randomBytes } from '../support/bytes.js';
import { defer } from '../support/defer.js';
import { deployable } from '../support/deployment.js';
import { load } from '../support/library-version.js';
import { rejection } from '../support/rejection.js';
import { replayed, storedOutcome } from '../support/replayed.js';

const image = randomBytes(1_000);

const picture = (body: Uint8Array = image) =>
  responseOutcome({ status: 201, headers: { 'content-type': 'image/png' }, body });

const bytesIn = (value: unknown) => Buffer.from((value as RecordedResponse).bytes as Uint8Array);

describe('an outcome of bytes', () => {
  it('comes back as it was, and its record has the bytes beside its JSON', async () => {
    const { value, record } = await replayed(picture());
    expect(value).to.deep.equal(picture());
    expect(bytesIn(value)).to.deep.equal(image);
    expect(storedOutcome(record)).to.deep.equal({
      kind: 'value',
      head: { status: 201, headers: [['content-type', 'image/png']] },
      base64: image.toString('base64'),
    });
  });

  it('is told as a value by whoever looks at its record', async () => {
    const call = makeIdempotent(async () => picture(), {
      name: 'draw a picture',
      store: new InMemoryStore(),
    });
    await call();
    expect(await recordOf(call).inspect()).to.include({ status: 'completed', outcome: 'value' });
  });

  for (const [what, body, isText] of [
    ['text', Buffer.from('{"Größe":"7 m²"}\r\n\t🧾'), true],
    ['a text that begins with a byte order mark', Buffer.from('\ufeffname;amount'), true],
    ['nothing', Buffer.alloc(0), true],
    ['bytes that are no UTF-8', Buffer.from([0xc3, 0x28]), false],
    ['bytes that are UTF-8 and no text, which JSON would write sixfold', Buffer.alloc(500), false],
    ['text in the colours of a terminal', Buffer.from('\u001b[31mred\u001b[0m'), false],
  ] as const) {
    it(`is ${isText ? 'none' : 'one'} for a body of ${what}`, async () => {
      const { value, record } = await replayed(picture(body));
      expect(Object.keys(storedOutcome(record))).to.deep.equal(
        isText ? ['kind', 'json'] : ['kind', 'head', 'base64'],
      );
      const { text, bytes } = value;
      expect(Buffer.from(text ?? bytes ?? [])).to.deep.equal(body);
    });
  }

  it('is a copy for each call: what one does with its bytes, no other sees', async () => {
    for (const options of [{}, { keepLocal: 10 }] satisfies IdempotentOptions[]) {
      const made = picture(randomBytes(20));
      const call = makeIdempotent(async () => made, {
        name: `draw with options ${JSON.stringify(options)}`,
        store: new InMemoryStore(),
        ...options,
      });
      for (const value of [await call(), await call(), await call()]) {
        expect(bytesIn(value)).to.deep.equal(randomBytes(20));
        // A view of a pool would show the bytes of other requests.
        expect(value.bytes?.buffer.byteLength).to.equal(20);
        value.bytes?.fill(0);
      }
    }
  });

  it('reaches a call that joined, with bytes of its own', async () => {
    const gate = defer();
    const call = makeIdempotent(
      async () => {
        await gate.promise;
        return picture();
      },
      { name: 'draw slowly', store: new InMemoryStore() },
    );
    const calls = [call(), call()];
    gate.resolve();
    const [first, joined] = await Promise.all(calls);
    first?.bytes?.fill(0);
    expect(bytesIn(joined)).to.deep.equal(image);
  });

  it('reaches mapReplay, which may return it changed', async () => {
    const call = makeIdempotent(async () => picture(), {
      name: 'draw and map',
      store: new InMemoryStore(),
      mapReplay: (value) => ({ ...(value as RecordedResponse), status: 200 }),
    });
    await call();
    expect(await call()).to.deep.equal({ ...picture(), status: 200 });
  });

  it('is what a method completed itself with, and nothing else is', async () => {
    const store = new InMemoryStore();
    const completing = (returned: RecordedResponse) => async () => {
      const { record, token } = await currentExecution().completion(picture());
      await store.replace(record, token);
      return returned;
    };
    expect(await deployable()(store, completing(picture()))('a')).to.deep.equal(picture());
    const operation = deployable();
    // The recorded outcome is the answer. Its caller is told only where nothing is recorded.
    expect(await operation(store, completing(picture(randomBytes(9))))('a')).to.deep.equal(picture());
    const never = async () => {
      await currentExecution().completion(picture());
      return picture(randomBytes(9));
    };
    expect(await rejection(deployable()(store, never)('a'))).to.be.instanceOf(OutcomeUnknownError);
  });

  describe('with a codec', () => {
    const shown: unknown[] = [];
    const codec = {
      encode(value: unknown) {
        shown.push(value);
        return [...JSON.stringify(value)].reverse().join('');
      },
      decode: (text: string) => JSON.parse([...text].reverse().join('')),
    } satisfies Codec;

    it('goes through it whole, as base64, and comes back as bytes', async () => {
      const { value, record } = await replayed(picture(), { codec });
      expect(value).to.deep.equal(picture());
      const { status, headers } = picture();
      const parts = { head: { status, headers }, base64: image.toString('base64') };
      expect(shown).to.deep.equal([parts]);
      expect(storedOutcome(record)).to.deep.equal({ kind: 'value', encodedBytes: codec.encode(parts) });
      expect(JSON.stringify(record)).not.to.include(parts.base64);
    });

    it('is unavailable where the codec is gone, or returns something else', async () => {
      const store = new InMemoryStore();
      const operation = deployable();
      await operation(store, async () => picture(), { codec })('a');
      for (const [other, why] of [
        [undefined, /written by a codec that is not configured here/],
        [{ ...codec, decode: () => 'something else' }, /its bytes are missing/],
        [{ ...codec, decode: () => ({ base64: 'AAAA' }) }, /what belongs to its bytes is missing/],
      ] as const) {
        const error = await rejection(
          operation(store, async () => expect.fail('it ran again'), other && { codec: other })('a'),
        );
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message).to.match(why);
      }
    });

    it('is read as it was written before there was one', async () => {
      const store = new InMemoryStore();
      const operation = deployable();
      await operation(store, async () => picture())('a');
      expect(await operation(store, async () => 'again', { codec })('a')).to.deep.equal(picture());
    });
  });

  describe('whose record was changed', () => {
    /** What becomes of a duplicate where the record of such an outcome was changed. */
    async function afterChange(change: (outcome: Record<string, unknown>) => unknown): Promise<unknown> {
      const store = new InMemoryStore();
      const operation = deployable();
      await operation(store, async () => picture())('a');
      const [record] = store.records() as [IdempotencyRecord];
      const outcome = change({ ...storedOutcome(record) });
      const state = { ...record.state, outcome } as IdempotencyRecord['state'];
      await store.replace({ ...record, state }, record.token);
      return rejection(operation(store, async () => expect.fail('it ran again'))('a'));
    }

    for (const [what, change, why] of [
      ['lost its bytes', ({ base64: _, ...rest }) => rest, /its bytes are missing/],
      [
        'has something else in their place',
        (outcome) => ({ ...outcome, base64: 7 }),
        /its bytes are missing/,
      ],
      ['lost its JSON', (outcome) => ({ ...outcome, head: null }), /what belongs to its bytes is missing/],
    ] satisfies [string, (outcome: Record<string, unknown>) => unknown, RegExp][]) {
      it(`is unavailable where it ${what}, and the method does not run again`, async () => {
        const error = await afterChange(change);
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message).to.match(why);
      });
    }
  });

  it('is unavailable to a version that knows nothing of bytes, which replays no part of it', async () => {
    const earlier = await load('earlier');
    const store = new InMemoryStore();
    const name = 'draw for an earlier version';
    await makeIdempotent(async (_id: string) => picture(), { name, store })('a');
    let runs = 0;
    const call = earlier.makeIdempotent(
      async (_id: string) => {
        runs += 1;
      },
      { name, store },
    );
    expect(await rejection(call('a'))).to.have.property('code', 'ERR_IDEMPOTENCY_OUTCOME_UNAVAILABLE');
    expect(runs).to.equal(0);
  });
});
