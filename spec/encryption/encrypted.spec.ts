import { createRequire } from 'node:module';
import { expect } from 'chai';
import {
  type Codec,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  OutcomeUnavailableError,
  recordOf,
} from 'retrysafe';
import { encrypted } from 'retrysafe/encryption';
import { responseOutcome } from 'retrysafe/http';
import { randomBytes } from '../support/bytes.js';
import { defer } from '../support/defer.js';
import { deployable } from '../support/deployment.js';
import { keyNamed } from '../support/encryption-keys.js';
import { rejection } from '../support/rejection.js';
import { replayed, storedOutcome } from '../support/replayed.js';
import { ScriptedStore } from '../support/scripted-store.js';

const marker = 'PAYLOAD-4111-1111';
const keys = { '2026-01': keyNamed('a') };
const codec = encrypted({ keys, current: '2026-01' });
const never = async () => expect.fail('the method ran');

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}

class Declined extends Error {
  override readonly name = 'Declined';
  constructor(
    message: string,
    readonly card: string,
  ) {
    super(message);
  }
}

/** All of a record as one text. Bytes in it as base64 are found as well. */
function textOf(record: IdempotencyRecord): string {
  const text = JSON.stringify(record);
  const decoded = [...text.matchAll(/[\w+/-]{16,}/g)].map(([part]) =>
    Buffer.from(part, 'base64').toString('latin1'),
  );
  return [text, ...decoded].join('\n');
}

describe('an encrypted outcome', () => {
  for (const [what, value, options] of [
    ['plain JSON', { card: marker, amount: 12 }, {}],
    ['a text', marker, {}],
    ['nothing', undefined, {}],
    ['a Date in a Map', new Map([[marker, new Date(5)]]), {}],
    ['one object in two places', [marker, 5].map(() => keys), {}],
    ['bytes', { [marker]: Buffer.from(marker) }, {}],
    ['an instance of a listed class', [new Money(5n, marker)], { classes: [Money] }],
  ] as [string, unknown, IdempotentOptions][]) {
    it(`of ${what} comes back as it was, and its record has nothing of it`, async () => {
      const { value: again, record } = await replayed(value, { codec, ...options });
      expect(again).to.deep.equal(value);
      if (Array.isArray(value)) expect((again as [object])[0].constructor).to.equal(value[0].constructor);
      expect(Object.keys(storedOutcome(record))).to.deep.equal(['kind', 'encodedText']);
      expect(textOf(record)).not.to.include(marker);
    });
  }

  it('of an HTTP response has its bytes encrypted, too, and is a copy for each call', async () => {
    const picture = responseOutcome({ status: 201, headers: { 'x-name': marker }, body: randomBytes(1_000) });
    const { value, record } = await replayed(picture, { codec });
    expect(value).to.deep.equal(picture);
    expect(Buffer.from(value.bytes as Uint8Array)).to.deep.equal(randomBytes(1_000));
    expect(textOf(record)).not.to.include(marker);
    expect(textOf(record)).not.to.include(randomBytes(1_000).subarray(0, 30).toString('latin1'));
  });

  it('of a remembered error comes back as an instance, and its record has nothing of it', async () => {
    const store = new ScriptedStore();
    const pay = makeIdempotent(
      async () => {
        throw new Declined(`declined for ${marker}`, marker);
      },
      { name: 'payByCard', store, codec, remember: [Declined] },
    );
    const first = (await rejection(pay())) as Declined;
    const again = (await rejection(pay())) as Declined;
    expect(again).to.be.instanceOf(Declined).and.not.to.equal(first);
    expect(again).to.include({ message: `declined for ${marker}`, card: marker, name: 'Declined' });
    for (const { record } of store.calls) if (record) expect(textOf(record)).not.to.include(marker);
  });

  it('is another text each time, under the id of its key', async () => {
    const records = [];
    for (let time = 0; time < 2; time += 1) records.push((await replayed(marker, { codec })).record);
    const [one, other] = records.map((record) => String(storedOutcome(record).encodedText));
    expect(one).to.match(/^enc1\.2026-01\.[\w-]+$/);
    expect(one).not.to.equal(other);
    // The nonce, of 96 bits.
    const nonces = [one, other].map((text) => String(text).split('.')[2]?.slice(0, 16));
    expect(nonces[0]).not.to.equal(nonces[1]);
  });

  it('is decrypted for calls that joined or waited, and by keepLocal', async () => {
    const gate = defer();
    const operation = deployable({ codec, keepLocal: 5 });
    const store = new ScriptedStore();
    const call = operation(store, async () => {
      await gate.promise;
      return { at: new Date(5) };
    });
    const calls = [call('a'), call('a')];
    const elsewhere = operation(store.peer(), never)('a');
    gate.resolve();
    for (const result of [...(await Promise.all(calls)), await elsewhere, await call('a')])
      expect(result).to.deep.equal({ at: new Date(5) });
  });

  it('is what a method completed itself with', async () => {
    const store = new ScriptedStore();
    const result = { holdId: marker, at: new Date(5) };
    const hold = deployable({ codec })(store, async () => {
      const { record, token } = await currentExecution().completion({ ...result });
      expect(textOf(record)).not.to.include(marker);
      await store.inner.replace(record, token);
      return result;
    });
    expect(await hold('a')).to.equal(result);
    expect(store.count('replace')).to.equal(0);
    expect(await hold('a')).to.deep.equal(result);
  });

  it('is asked of no more than a key: a result that cannot be stored has the usual reason', async () => {
    const call = makeIdempotent(async () => ({ next: () => marker }), {
      name: 'encryptAFunction',
      store: new InMemoryStore(),
      codec,
    });
    await call();
    const error = await rejection(call());
    expect(error).to.be.instanceOf(OutcomeUnavailableError);
    expect((error as Error).message)
      .to.include('a function')
      .and.not.to.include(marker);
  });

  describe('with a codec of its own', () => {
    const json: Codec = { encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) };
    const both = encrypted({ keys, current: '2026-01', codec: json });

    it('has the text of that codec in it', async () => {
      const { value, record } = await replayed({ card: marker }, { codec: both });
      expect(value).to.deep.equal({ card: marker });
      expect(Object.keys(storedOutcome(record))).to.deep.equal(['kind', 'encoded']);
      expect(textOf(record)).not.to.include(marker);
    });

    it('keeps bytes and errors as that codec does', async () => {
      const picture = responseOutcome({ body: randomBytes(100) });
      expect((await replayed(picture, { codec: both })).value).to.deep.equal(picture);
      const call = makeIdempotent(
        async () => {
          throw new Declined(marker, marker);
        },
        { name: 'payByJson', store: new InMemoryStore(), codec: both, remember: [Declined] },
      );
      await rejection(call());
      expect(await rejection(call()))
        .to.be.instanceOf(Declined)
        .and.include({ card: marker });
    });

    it('takes text where that codec takes text', async () => {
      const reversing: Codec = {
        takes: 'text',
        encode: (text) => [...(text as string)].reverse().join(''),
        decode: (text) => [...text].reverse().join(''),
      };
      const { value } = await replayed(new Set([marker]), {
        codec: encrypted({ keys, current: '2026-01', codec: reversing }),
      });
      expect(value).to.deep.equal(new Set([marker]));
    });

    for (const [what, text, reason] of [
      ['no text', 5, 'codec.encode returned no string'],
      ['a promise', Promise.resolve(marker), 'codec.encode returned a promise'],
      ['half a pair of surrogates', '\ud83d', 'half a pair of surrogates'],
    ] as const) {
      it(`is none where that codec returns ${what}`, async () => {
        const wrong: Codec = { encode: () => text as string, decode: String };
        const call = makeIdempotent(async () => marker, {
          name: `encrypt ${what}`,
          store: new InMemoryStore(),
          codec: encrypted({ keys, current: '2026-01', codec: wrong }),
        });
        expect(await call()).to.equal(marker);
        const error = await rejection(call());
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message).to.include(reason);
      });
    }

    it('replays what that codec alone has written, by plain', async () => {
      const store = new InMemoryStore();
      const operation = deployable();
      await operation(store, async () => marker, { codec: json })('a');
      const strict = await rejection(operation(store, never, { codec: both })('a'));
      expect(strict).to.be.instanceOf(OutcomeUnavailableError);
      const replaying = encrypted({ keys, current: '2026-01', codec: json, plain: 'replay' });
      expect(await operation(store, never, { codec: replaying })('a')).to.equal(marker);
    });
  });

  describe('where encryption is turned on or off', () => {
    it('is refused as long as it is plain, and replayed by plain', async () => {
      const replaying = encrypted({ keys, current: '2026-01', plain: 'replay' });
      for (const value of [{ card: marker }, new Date(5), responseOutcome({ body: randomBytes(9) })]) {
        const store = new InMemoryStore();
        const operation = deployable();
        await operation(store, async () => value)('a');
        const error = await rejection(operation(store, never, { codec })('a'));
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message)
          .to.include('stored without the codec')
          .and.not.to.include(marker);
        expect(await operation(store, never, { codec: replaying })('a')).to.deep.equal(value);
        expect(await operation(store, async () => value, { codec: replaying })('b')).to.equal(value);
        expect(await operation(store, never, { codec })('b'), 'what was written since').to.deep.equal(value);
      }
    });

    it('is unavailable to an operation without the codec, which runs nothing', async () => {
      const store = new InMemoryStore();
      const operation = deployable();
      await operation(store, async () => marker, { codec })('a');
      const error = await rejection(operation(store, never)('a'));
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      expect((error as Error).message).to.include('written by a codec that is not configured here');
      expect(await operation(store, never, { codec })('a')).to.equal(marker);
    });
  });

  it('is read by a codec of the other form of the package, whose reasons are told as well', async () => {
    // CommonJS here, beside ES modules, where Node.js does not take these for both.
    const other: typeof import('retrysafe/encryption') = createRequire(import.meta.url)(
      'retrysafe/encryption',
    );
    const store = new InMemoryStore();
    const operation = deployable();
    await operation(store, async () => marker, { codec: other.encrypted({ keys, current: '2026-01' }) })('a');
    expect(await operation(store, never, { codec })('a')).to.equal(marker);
    const without = other.encrypted({ keys: { b: keyNamed('b') }, current: 'b' });
    const error = await rejection(operation(store, never, { codec: without })('a'));
    expect((error as Error).message).to.include('encrypted with the key "2026-01"');
  });

  it('is told as any other by whoever looks at its record', async () => {
    const call = makeIdempotent(async () => marker, { name: 'lookedAt', store: new InMemoryStore(), codec });
    await call();
    expect(await recordOf(call).inspect()).to.include({ status: 'completed', outcome: 'value' });
  });
});
