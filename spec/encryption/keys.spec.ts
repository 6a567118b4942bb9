import { expect } from 'chai';
import fc from 'fast-check';
import {
  type IdempotencyRecord,
  type IdempotentOptions,
  InMemoryStore,
  OutcomeUnavailableError,
} from 'retrysafe';
import { type EncryptionKey, encrypted } from 'retrysafe/encryption';
import { deployable } from '../support/deployment.js';
import { keyNamed } from '../support/encryption-keys.js';
import { catchWarnings } from '../support/process-warnings.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { rejection } from '../support/rejection.js';
import { storedOutcome } from '../support/replayed.js';

const marker = 'PAYLOAD-4111-1111';
const [keyA, keyB] = [keyNamed('a'), keyNamed('b')];
const never = async () => expect.fail('the method ran');
const codec = (keys: Record<string, EncryptionKey>, current = Object.keys(keys)[0] as string) =>
  encrypted({ keys, current });

/** Why an outcome is unavailable. The message has no secret. */
async function unavailability(call: Promise<unknown>): Promise<string> {
  const error = await rejection(call);
  expect(error).to.be.instanceOf(OutcomeUnavailableError);
  const { message } = error as Error;
  expect(message).not.to.include(marker);
  for (const key of [keyA, keyB])
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const)
      expect(message).not.to.include(key.toString(encoding).slice(0, 12));
  expect((error as Error).cause, 'its cause').to.equal(undefined);
  return message;
}

/** One record with an encrypted outcome, which a spec changes. */
class Recorded {
  readonly operation = deployable({ codec: codec({ a: keyA }) });
  readonly store = new InMemoryStore();

  async record(id = 'a', value: unknown = { card: marker }): Promise<IdempotencyRecord> {
    await this.operation(this.store, async () => value)(id);
    return this.store.records().at(-1) ?? expect.fail('nothing is recorded');
  }

  /** Puts another outcome in the place of a record's. */
  async put(record: IdempotencyRecord, outcome: Record<string, unknown>): Promise<void> {
    const state = { ...record.state, outcome } as IdempotencyRecord['state'];
    await this.store.replace({ ...record, state, token: `${record.token}0` }, record.token);
  }

  again(id = 'a', options: IdempotentOptions = {}): Promise<unknown> {
    return this.operation(this.store, never, options)(id);
  }
}

describe('the key of an encrypted outcome', () => {
  it('may be an older one, while new outcomes have the current one', async () => {
    const recorded = new Recorded();
    await recorded.record('a');
    const rotated = { codec: codec({ b: keyB, a: keyA }, 'b') };
    expect(await recorded.again('a', rotated)).to.deep.equal({ card: marker });
    await recorded.operation(recorded.store, async () => 5, rotated)('b');
    const texts = recorded.store.records().map((record) => String(storedOutcome(record).encodedText));
    expect(texts.map((text) => text.split('.')[1])).to.deep.equal(['a', 'b']);
  });

  it('makes the outcome unavailable where it is missing, which names its id, and is enough when it is back', async () => {
    const recorded = new Recorded();
    await recorded.record();
    const message = await unavailability(recorded.again('a', { codec: codec({ b: keyB }) }));
    expect(message).to.include('encrypted with the key "a", for which `keys` has none');
    expect(await recorded.again('a', { codec: codec({ b: keyB, a: keyA }, 'b') })).to.deep.equal({
      card: marker,
    });
  });

  it('makes the outcome unavailable where it is another one under the same id', async () => {
    const recorded = new Recorded();
    await recorded.record();
    const message = await unavailability(recorded.again('a', { codec: codec({ a: keyB }) }));
    expect(message).to.include('cannot be decrypted with the key "a"');
  });

  it('is asked of a function, at each outcome of another than the current one', async () => {
    const recorded = new Recorded();
    await recorded.record();
    const ring = new Map<string, unknown>([['b', keyB]]);
    const asked: string[] = [];
    const keys = (id: string) => {
      asked.push(id);
      return ring.get(id) as Buffer | undefined;
    };
    const options = { codec: encrypted({ keys, current: 'b' }) };
    expect(asked).to.deep.equal(['b']);
    for (const [key, why] of [
      [undefined, '`keys` has none'],
      [keyA.toString('base64'), '`keys` returned a text of 44 characters'],
      [keyA.subarray(1), '`keys` returned an instance of'],
      [Promise.reject(keyA), '`keys` returned a promise'],
    ] as const) {
      ring.set('a', key);
      expect(await unavailability(recorded.again('a', options))).to.include(why);
    }
    ring.set('a', keyA);
    expect(await recorded.again('a', options)).to.deep.equal({ card: marker });
    ring.delete('a');
    await unavailability(recorded.again('a', options));
    expect(asked).to.deep.equal(['b', ...'aaaaaa']);
  });

  it('is the current one of the time when the codec was made, whatever a function returns later', async () => {
    const ring = new Map([['b', keyB]]);
    const options = { codec: encrypted({ keys: (id) => ring.get(id), current: 'b' }) };
    ring.clear();
    const recorded = new Recorded();
    await recorded.operation(recorded.store, async () => 5, options)('a');
    expect(await recorded.again('a', { codec: codec({ b: keyB }) })).to.equal(5);
  });

  it('is not told by a function that throws', async () => {
    const recorded = new Recorded();
    await recorded.record();
    const keys = (id: string) => {
      if (id === 'b') return keyB;
      throw new Error(`no key ${marker} ${keyA.toString('hex')}`);
    };
    const message = await unavailability(recorded.again('a', { codec: encrypted({ keys, current: 'b' }) }));
    expect(message).to.include('`keys` threw an error');
  });

  it('may be known to one process and not to another, which then runs nothing', async () => {
    const recorded = new Recorded();
    const { operation, store } = recorded;
    await operation(store, async () => 'of a', { codec: codec({ a: keyA }) })('a');
    await operation(store, async () => 'of b', { codec: codec({ b: keyB }) })('b');
    await unavailability(recorded.again('b', { codec: codec({ a: keyA }) }));
    await unavailability(recorded.again('a', { codec: codec({ b: keyB }) }));
    const both = { codec: codec({ a: keyA, b: keyB }) };
    expect([await recorded.again('a', both), await recorded.again('b', both)]).to.deep.equal([
      'of a',
      'of b',
    ]);
  });
});

describe('an encrypted outcome that was moved', () => {
  it('to another key of its operation is unavailable there', async () => {
    const recorded = new Recorded();
    const one = await recorded.record('a', 'of a');
    const other = await recorded.record('b', 'of b');
    await recorded.put(other, storedOutcome(one));
    const message = await unavailability(recorded.again('b'));
    expect(message).to.include('written for another operation or key');
    expect(await recorded.again('a')).to.equal('of a');
  });

  it('to another operation is unavailable there', async () => {
    const [one, other] = [new Recorded(), new Recorded()];
    const outcome = storedOutcome(await one.record('a', 'of one'));
    await other.put(await other.record('a', 'of another'), outcome);
    await unavailability(other.again('a'));
  });

  it('from a value to an error, or back, is unavailable', async () => {
    const recorded = new Recorded();
    const record = await recorded.record('a', 'of a');
    await recorded.put(record, { ...storedOutcome(record), kind: 'error' });
    await unavailability(recorded.again('a'));
  });

  it('to another table is there for whoever has the key, as after a restore, and for nobody else', async () => {
    const recorded = new Recorded();
    const record = await recorded.record('a', 'of a');
    const table = new InMemoryStore();
    await table.claim(record, 0);
    const restored = (key: EncryptionKey) =>
      recorded.operation(table, never, { codec: codec({ a: key }) })('a');
    expect(await restored(keyA)).to.equal('of a');
    await unavailability(restored(keyB));
  });
});

describe('an encrypted outcome that was changed', () => {
  it('in any character is unavailable, and the method does not run again', async () => {
    const recorded = new Recorded();
    let record = await recorded.record('a', { card: marker });
    const outcome = storedOutcome(record);
    const text = String(outcome.encodedText);
    const place = fc.nat(text.length - 1);
    const change = fc.constantFrom('insert', 'replace', 'remove', 'cut');
    // Also what Node.js leaves out of base64, or reads as another character.
    const character = fc.constantFrom(...'AaB_-+/=. \n%"0é');
    await fc.assert(
      fc.asyncProperty(place, change, character, async (at, how, by) => {
        const [before, after] = [text.slice(0, at), text.slice(at + 1)];
        const changed = {
          insert: `${before}${by}${text.slice(at)}`,
          replace: `${before}${by}${after}`,
          remove: before + after,
          cut: before,
        }[how];
        fc.pre(changed !== text);
        await recorded.put(record, { ...outcome, encodedText: changed });
        record = (await recorded.store.find(record.key)) ?? expect.fail('the record is gone');
        await unavailability(recorded.again('a'));
      }),
      {
        numRuns: 500,
        examples: [
          [text.length - 1, 'insert', '='],
          [text.length - 1, 'replace', 'A'],
        ],
      },
    );
    await recorded.put(record, outcome);
    expect(await recorded.again('a')).to.deep.equal({ card: marker });
  });

  for (const [part, from, to] of [
    ['nonce', 0, 12],
    ['encrypted text', 12, -16],
    ['tag', -16, undefined],
  ] as const) {
    it(`in each byte of its ${part} is unavailable`, async () => {
      const recorded = new Recorded();
      let record = await recorded.record('a', marker);
      const outcome = storedOutcome(record);
      const [format, id, payload = ''] = String(outcome.encodedText).split('.');
      const bytes = Buffer.from(payload, 'base64url');
      const places = [...bytes.keys()].slice(from, to);
      expect(places).not.to.be.empty;
      for (const at of places) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        await recorded.put(record, {
          ...outcome,
          encodedText: `${format}.${id}.${changed.toString('base64url')}`,
        });
        record = (await recorded.store.find(record.key)) ?? expect.fail('the record is gone');
        await unavailability(recorded.again('a'));
      }
    });
  }

  it('in the id of its key is unavailable, also where both ids have one key', async () => {
    const recorded = new Recorded();
    const record = await recorded.record('a', marker);
    const outcome = storedOutcome(record);
    await recorded.put(record, {
      ...outcome,
      encodedText: String(outcome.encodedText).replace('.a.', '.b.'),
    });
    await unavailability(recorded.again('a', { codec: codec({ a: keyA, b: keyA }) }));
  });

  for (const [what, encodedText] of [
    ['a number', 5],
    ['nothing', undefined],
    ['another text', marker],
    ['a text of a later version', 'enc2.a.AAAA'],
    ['a text without its parts', 'enc1.'],
    ['a text without bytes', 'enc1.a.'],
    ['a tag alone', `enc1.a.${Buffer.alloc(16).toString('base64url')}`],
  ] as const) {
    it(`to ${what} is unavailable`, async () => {
      const recorded = new Recorded();
      const record = await recorded.record('a', marker);
      await recorded.put(record, { kind: 'value', encodedText });
      await unavailability(recorded.again('a'));
    });
  }

  it('to a plain one that somebody has made up is unavailable', async () => {
    const recorded = new Recorded();
    const record = await recorded.record('a', marker);
    for (const outcome of [
      { kind: 'value', json: { paid: true } },
      { kind: 'value', devalue: '[1]' },
      { kind: 'value', head: {}, base64: '' },
    ]) {
      const there = (await recorded.store.find(record.key)) ?? expect.fail('the record is gone');
      await recorded.put(there, outcome);
      await unavailability(recorded.again('a'));
    }
  });
});

describe('what is told of encrypted outcomes', () => {
  it('has no secret in it: events, warnings and errors', async () => {
    const warnings = catchWarnings();
    const events = new RecordedEvents();
    const emitted: unknown[] = [];
    const listen = (warning: unknown) => emitted.push(warning);
    process.on('warning', listen);
    try {
      const recorded = new Recorded();
      await recorded.record();
      await recorded.again();
      await unavailability(recorded.again('a', { codec: codec({ a: keyB }) }));
      await unavailability(recorded.again('a', { codec: codec({ b: keyB }) }));
      const told = JSON.stringify([events.raw, events.typed, warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED')]);
      expect(events.names).to.include.members(['completed', 'replayed', 'refused']);
      expect(told).not.to.include(marker).and.not.to.include(keyA.toString('hex').slice(0, 12));
      expect(emitted).to.deep.equal([]);
    } finally {
      process.off('warning', listen);
      events.stop();
      warnings.restore();
    }
  });
});
