import { expect } from 'chai';
import {
  type Codec,
  type CodecContext,
  currentExecution,
  InMemoryStore,
  keyOf,
  makeIdempotent,
  OutcomeUnavailableError,
  recordOf,
} from 'retrysafe';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { replayed, storedOutcome, storedRecordOf } from '../support/replayed.js';
import { ScriptedStore } from '../support/scripted-store.js';

const marker = 'PAYLOAD-4111-1111';

/** Turns values into reversed JSON, and counts. */
class ReversingCodec implements Codec {
  encoded = 0;
  decoded = 0;

  encode(value: unknown): string {
    this.encoded += 1;
    return [...JSON.stringify(value)].reverse().join('');
  }

  decode(text: string): unknown {
    this.decoded += 1;
    return JSON.parse([...text].reverse().join(''));
  }
}

describe('a custom codec (codec)', () => {
  it('encodes a result once and decodes it for each replay', async () => {
    const codec = new ReversingCodec();
    const { value, record } = await replayed({ amount: 12 }, { codec });
    expect(value).to.deep.equal({ amount: 12 });
    expect(storedOutcome(record)).to.deep.equal({ kind: 'value', encoded: '}21:"tnuoma"{' });
    expect([codec.encoded, codec.decoded]).to.deep.equal([1, 1]);
  });

  it('decodes for each concurrent caller, so that they share no object', async () => {
    const codec = new ReversingCodec();
    const gate = defer();
    const quotePrice = makeIdempotent(
      async function quotePrice() {
        await gate.promise;
        return { amount: 12 };
      },
      { store: new InMemoryStore(), codec },
    );
    const calls = [quotePrice(), quotePrice(), quotePrice()];
    gate.resolve();
    const [, second, third] = await Promise.all(calls);
    expect(second).to.deep.equal({ amount: 12 });
    expect(third).to.deep.equal({ amount: 12 });
    expect(third).to.not.equal(second);
    expect(codec.decoded).to.equal(2);
  });

  it('gets the text of remembered errors, which come back as errors and are not readable in the store', async () => {
    const codec = new ReversingCodec();
    const store = new ScriptedStore();
    const quoteRate = makeIdempotent(
      async function quoteRate(): Promise<number> {
        throw new RangeError('no rate');
      },
      { store, codec, remember: [RangeError] },
    );
    await rejection(quoteRate());
    expect(await rejection(quoteRate()))
      .to.be.instanceOf(RangeError)
      .with.property('message', 'no rate');
    expect(codec.encoded).to.equal(1);
    expect(JSON.stringify(store.calls)).not.to.include('no rate');
  });

  it('is told whose outcome it is', async () => {
    const told: CodecContext[] = [];
    const codec: Codec = {
      encode(value, context) {
        told.push(context);
        return JSON.stringify(value);
      },
      decode(text, context) {
        told.push(context);
        return JSON.parse(text);
      },
    };
    const options = { name: 'quoteDuty', store: new InMemoryStore(), codec, remember: [RangeError] };
    const quoteDuty = makeIdempotent(async (amount: number) => {
      if (amount < 0) throw new RangeError('no duty');
      return amount;
    }, options);
    for (const amount of [5, 5, -1, -1]) await quoteDuty(amount).catch(() => {});
    const [key, keyOfError] = [5, -1].map((amount) => keyOf(quoteDuty, amount)) as [string, string];
    expect(told).to.deep.equal([
      { operation: 'quoteDuty', key, kind: 'value' },
      { operation: 'quoteDuty', key, kind: 'value' },
      { operation: 'quoteDuty', key: keyOfError, kind: 'error' },
      { operation: 'quoteDuty', key: keyOfError, kind: 'error' },
    ]);
  });

  for (const takes of ['values', 'text'] as const) {
    it(`that takes ${takes} may write one result in many ways, and the result is still known as that of the completion`, async () => {
      let drawn = 0;
      const codec: Codec = {
        takes,
        encode(value) {
          drawn += 1;
          return `${drawn} ${JSON.stringify(value)}`;
        },
        decode: (text) => JSON.parse(text.slice(text.indexOf(' '))),
      };
      const store = new ScriptedStore();
      const [asked, other] = [{ holdId: 'h-1' }, { holdId: 'h-2' }];
      const hold = makeIdempotent(
        async (returned: object) => {
          const { record, token } = await currentExecution().completion(asked);
          await store.inner.replace(record, token);
          return returned;
        },
        { name: `hold by a codec of ${takes}`, store, codec },
      );
      const returned = { ...asked };
      expect(await hold(returned), 'its own result').to.equal(returned);
      expect(store.count('replace'), 'writes').to.equal(0);
      // The completion is another outcome than this result: that is what its duplicates get, and so does it.
      expect(await hold(other)).to.deep.equal(asked);
    });
  }

  it('that takes text gets that of the built-in encoding, and results keep their types', async () => {
    const shown: unknown[] = [];
    const codec: Codec = {
      takes: 'text',
      encode(value) {
        shown.push(value);
        return [...(value as string)].reverse().join('');
      },
      decode: (text) => [...text].reverse().join(''),
    };
    const at = new Date(5);
    const { value, record } = await replayed(new Map([['at', at]]), { codec });
    expect(value).to.deep.equal(new Map([['at', at]]));
    expect(shown).to.have.length(1);
    expect(shown[0]).to.be.a('string').that.includes('1970-01-01');
    expect(storedOutcome(record)).to.deep.equal({
      kind: 'value',
      encodedText: [...(shown[0] as string)].reverse().join(''),
    });
    // It is not asked about what cannot be stored.
    const quoteNothing = makeIdempotent(async () => () => 5, {
      store: new InMemoryStore(),
      codec,
      name: 'no',
    });
    await quoteNothing();
    expect((await rejection(quoteNothing())) as Error)
      .to.be.instanceOf(OutcomeUnavailableError)
      .with.property('message')
      .that.includes('a function');
    expect(shown).to.have.length(1);
  });

  for (const [what, decoded] of [
    ['no JSON', 'x'],
    ['other JSON', '{"kind":"value","amount":12}'],
    ['no text', 5],
  ] as const) {
    it(`that takes text and returns ${what} makes the outcome unavailable`, async () => {
      const codec: Codec = { takes: 'text', encode: String, decode: () => decoded };
      const quote = makeIdempotent(async () => 5, {
        name: `quote ${what}`,
        store: new InMemoryStore(),
        codec,
      });
      await quote();
      expect(await rejection(quote())).to.be.instanceOf(OutcomeUnavailableError);
    });
  }

  it('that takes text is not asked for what one that takes values has written, and the other way round', async () => {
    const store = new InMemoryStore();
    const codec = (takes: 'values' | 'text'): Codec => ({
      takes,
      encode: (value) => JSON.stringify(value),
      decode: (text) => JSON.parse(text),
    });
    const quote = (takes: 'values' | 'text') =>
      makeIdempotent(async (id: string) => id, { name: 'quoteFreight', store, codec: codec(takes) });
    await quote('values')('a');
    await quote('text')('b');
    for (const [takes, id] of [
      ['text', 'a'],
      ['values', 'b'],
    ] as const) {
      const error = await rejection(quote(takes)(id));
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      expect((error as Error).message).to.include('written by a codec that is not configured here');
    }
  });

  it('that refuses what was stored without it makes it unavailable, and does not run the method again', async () => {
    const store = new InMemoryStore();
    let runs = 0;
    const quote = (codec?: Codec) =>
      makeIdempotent(
        async (id: string) => {
          runs += 1;
          return id === 'rich' ? new Date(5) : id;
        },
        { name: 'quotePostage', store, ...(codec && { codec }) },
      );
    const codec: Codec = { plain: 'refuse', encode: String, decode: String };
    for (const id of ['plain', 'rich']) {
      await quote()(id);
      const error = await rejection(quote(codec)(id));
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      expect((error as Error).message).to.include("let that be 'replay'");
      expect(await quote({ ...codec, plain: 'replay' })(id)).to.deep.equal(await quote()(id));
    }
    expect(runs).to.equal(2);
  });

  const wrong: Record<string, () => string> = {
    'returns no string': () => 5 as unknown as string,
    'returns nothing': () => undefined as unknown as string,
    'returns a promise': () => Promise.resolve('x') as unknown as string,
    throws: () => {
      throw new Error(`cannot encode ${marker}`);
    },
    'throws no error': () => {
      throw marker;
    },
  };
  for (const [what, encode] of Object.entries(wrong)) {
    it(`whose encode ${what} completes the key without an outcome`, async () => {
      let runs = 0;
      const quoteFee = makeIdempotent(
        async function quoteFee() {
          runs += 1;
          return { card: marker };
        },
        { store: new InMemoryStore(), codec: { encode, decode: (text) => JSON.parse(text) } },
      );
      expect(await quoteFee()).to.deep.equal({ card: marker });
      const error = await rejection(quoteFee());
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      expect((error as Error).message)
        .to.include('quoteFee')
        .and.not.include(marker);
      expect(await recordOf(quoteFee).inspect()).to.include({ status: 'completed', outcome: 'none' });
      expect(runs).to.equal(1);
    });
  }

  it('whose decode throws makes the outcome unavailable, and does not run the method again', async () => {
    let runs = 0;
    const store = new InMemoryStore();
    const quoteTax = makeIdempotent(
      async function quoteTax() {
        runs += 1;
        return marker;
      },
      { store, codec: { encode: String, decode: (text) => JSON.parse(text) } },
    );
    await quoteTax();
    const error = await rejection(quoteTax());
    expect(error).to.be.instanceOf(OutcomeUnavailableError);
    const { message, key } = error as OutcomeUnavailableError;
    expect(message).to.include('quoteTax').and.to.include('forget').and.not.include(marker);
    expect(key).to.equal((await storedRecordOf(store, quoteTax)).key);
    expect(runs).to.equal(1);
  });

  it('reads what was stored before it was configured', async () => {
    const store = new InMemoryStore();
    const quote = async () => ({ at: new Date(5) });
    const before = makeIdempotent(quote, { name: 'quoteRent', store });
    const after = makeIdempotent(quote, { name: 'quoteRent', store, codec: new ReversingCodec() });
    await before();
    expect(await after()).to.deep.equal({ at: new Date(5) });
  });
});
