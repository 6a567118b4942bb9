import { expect } from 'chai';
import { type Codec, InMemoryStore, makeIdempotent, OutcomeUnavailableError, recordOf } from 'retrysafe';
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
        { store: new InMemoryStore(), codec: { encode, decode: JSON.parse } },
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
      { store, codec: { encode: String, decode: JSON.parse } },
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
