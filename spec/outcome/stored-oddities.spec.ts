import { expect } from 'chai';
import { type IdempotencyRecord, InMemoryStore, makeIdempotent, OutcomeUnavailableError } from 'retrysafe';
import { rejection } from '../support/rejection.js';
import { storedRecordOf } from '../support/replayed.js';

class Money {
  amount = 1;
}

class Declined extends Error {
  override readonly name = 'Declined';
}

/** What a duplicate gets where the store's row has this outcome. */
async function replayOf(kind: 'value' | 'error', devalue: unknown): Promise<unknown> {
  const store = new InMemoryStore();
  const charge = makeIdempotent(async () => 'first', { name: 'charge', store, classes: [Money, Declined] });
  await charge();
  const record = await storedRecordOf(store, charge);
  const state = { ...record.state, outcome: { kind, devalue: JSON.stringify(devalue) } };
  await store.replace({ ...record, token: 'another.1', state } as IdempotencyRecord, record.token);
  return kind === 'value' ? charge() : rejection(charge());
}

const own = (object: unknown, name: string) => Object.getOwnPropertyDescriptor(object as object, name)?.value;

describe('a stored row with odd names in it', () => {
  for (const [tag, prototype] of [
    ['Error', Error.prototype],
    ['=Declined', Declined.prototype],
  ] as const) {
    it(`does not change the prototype of a replayed error by a field named __proto__: ${tag}`, async () => {
      const fields = ['entries', 6];
      const row = [
        [tag, 1],
        { name: 2, message: 3, fields: 4 },
        'Error',
        'declined',
        fields,
        1,
        [7, 8],
        false,
        [9],
        [10, 11],
        '__proto__',
        { isAdmin: 12 },
        true,
      ];
      const error = (await replayOf('error', row)) as Error & { isAdmin?: unknown };
      expect(Object.getPrototypeOf(error)).to.equal(prototype);
      expect(error.isAdmin).to.equal(undefined);
      expect(own(error, '__proto__')).to.deep.equal({ isAdmin: true });
    });
  }

  it('replays an error whose fields are named like parts of every error or object', async () => {
    const names = ['name', 'message', 'stack', 'cause', 'constructor', 'then', 'toString', 'toJSON'];
    const fields = Object.fromEntries(names.map((name) => [name, 5]));
    const row = [['Error', 1], { name: 2, message: 3, fields: 4 }, 'RangeError', 'declined', fields, 'odd'];
    const error = (await replayOf('error', row)) as Error;
    expect(error).to.be.instanceOf(RangeError);
    expect(own(error, 'then')).to.equal('odd');
    expect(own(error, 'constructor')).to.equal('odd');
  });

  it('accepts only a list for the errors of an AggregateError', async () => {
    const row = [
      ['Error', 1],
      { name: 2, message: 3, fields: 4, errors: 5 },
      'AggregateError',
      'all',
      {},
      'odd',
    ];
    const error = (await replayOf('error', row)) as AggregateError;
    expect(error).to.be.instanceOf(AggregateError);
    expect(error.errors).to.deep.equal([]);
  });

  for (const [what, row] of Object.entries({
    'an error that is a text': [['Error', 1], 'text'],
    'an error that is nothing': [['Error', 1], null],
    'an instance that is a list of odd parts': [['=Money', 1], [2, 2], 'odd'],
    'an instance that is a text': [['=Money', 1], 'odd'],
    'an instance that is a Map': [['=Money', 1], ['Map']],
    'own properties of nothing': [['own', 1], [2, 2], 'Date'],
    'own properties that are a text': [['own', 1], 'odd'],
    'own properties of an unknown kind': [['own', 1], [2, 3, 3], 'constructor', {}],
    'own properties of another kind than they say': [
      ['own', 1],
      [2, 3, 4],
      'Date',
      ['URL', 'https://example.com/'],
      {},
    ],
  })) {
    it(`is refused clearly: ${what}`, async () => {
      const error = await replayOf('error', row);
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
    });
  }

  it('is replayed with each of its names as a property of its own, in JSON as well', async () => {
    const store = new InMemoryStore();
    const make = () => JSON.parse('{"__proto__":{"isAdmin":true},"then":1,"constructor":null}');
    const give = makeIdempotent(async () => make(), { name: 'give', store });
    await give();
    const again = await give();
    expect(Object.getPrototypeOf(again)).to.equal(Object.prototype);
    expect(again.isAdmin).to.equal(undefined);
    expect(own(again, '__proto__')).to.deep.equal({ isAdmin: true });
  });
});
