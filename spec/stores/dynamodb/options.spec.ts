import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { DynamoDBStore, tableDefinition } from 'retrysafe/dynamodb';
import { thrown } from '../../support/rejection.js';

interface Wrong {
  readonly value: unknown;
  /** How the message shows the value. */
  readonly shown: string;
  readonly right: RegExp;
  /** What else is given. */
  readonly beside?: object;
}

const wrong = (value: unknown, shown: string, right: RegExp, beside: object = {}): Wrong => ({
  value,
  shown,
  right,
  beside,
});

const aClient = /^a DynamoDBClient of @aws-sdk\/client-dynamodb, which has a method send\(\)$/;
const aTable = /^the name of a table \(3 to 255 letters, digits, _, - and \.\), or its ARN$/;
const aPartition = /^a string, or a function \(key\) => string$/;
const bytes = /^a number of bytes, 0 or more, or Infinity$/;
const anIndex = /^the name of an attribute and an index \(3 to 255 letters, digits, _, - and \.\)$/;
const notOurs = /^another name than token, expiresAt, state, which the store itself uses$/;
const attribute = (twin: object) => [
  ...[
    ['', 'an empty text'],
    [5, '5'],
    [null, 'null'],
    [['id'], 'a list of 1'],
  ].map(([value, shown]) => wrong(value, shown as string, /^the name of an attribute$/)),
  ...['token', 'expiresAt', 'state'].map((name) =>
    wrong(name, `a text of ${name.length} characters`, notOurs),
  ),
  wrong('same', 'a text of 4 characters', /^another name than that of \w+Attribute$/, twin),
];

const table: Record<string, readonly Wrong[]> = {
  client: [
    wrong(undefined, 'undefined', aClient),
    wrong(null, 'null', aClient),
    wrong({}, 'an object', aClient),
    wrong({ get() {}, put() {} }, 'an object', aClient),
    // As an S3Client has it.
    wrong({ send() {}, config: { serviceId: 'S3' } }, 'an object', aClient),
  ],
  tableName: [
    wrong(undefined, 'undefined', aTable),
    wrong('', 'an empty text', aTable),
    wrong('my table', 'a text of 8 characters', aTable),
    wrong('ab', 'a text of 2 characters', aTable),
    wrong({ Ref: 'Table' }, 'an object', aTable),
  ],
  keyAttribute: attribute({ ttlAttribute: 'same' }),
  ttlAttribute: attribute({ sortKeyAttribute: 'same' }),
  sortKeyAttribute: attribute({ keyAttribute: 'same' }),
  unresolvedAttribute: [
    ...['', 'ab', 'two words'].map((name) =>
      wrong(name, name === '' ? 'an empty text' : `a text of ${name.length} characters`, anIndex),
    ),
    wrong(5, '5', anIndex),
    wrong('token', 'a text of 5 characters', notOurs),
    wrong('same', 'a text of 4 characters', /^another name than that of \w+Attribute$/, {
      keyAttribute: 'same',
    }),
  ],
  indexInProgress: [
    wrong('yes', 'a text of 3 characters', /^true or false$/),
    wrong(null, 'null', /^true or false$/),
  ],
  partitionKey: [
    wrong('payments', 'a text of 8 characters', /^left out: it needs the option "sortKeyAttribute"$/),
    wrong('', 'an empty text', aPartition, { sortKeyAttribute: 'sk' }),
    wrong(async () => 'p', 'an async function', /^a synchronous function$/, { sortKeyAttribute: 'sk' }),
    wrong(7, '7', aPartition, { sortKeyAttribute: 'sk' }),
    wrong(null, 'null', aPartition, { sortKeyAttribute: 'sk' }),
  ],
  compressAbove: [
    wrong(-1, '-1', bytes),
    wrong(Number.NaN, 'NaN', bytes),
    wrong('4 KB', 'a text of 4 characters', bytes),
    wrong(null, 'null', bytes),
  ],
};

const right = { client: { send() {} }, tableName: 'idempotency' };
const ofTables = ['tableName', 'keyAttribute', 'ttlAttribute', 'sortKeyAttribute', 'unresolvedAttribute'];
const places = [
  {
    place: 'DynamoDBStore',
    options: Object.keys(table),
    give: (given: unknown) => new DynamoDBStore(given as never),
  },
  { place: 'tableDefinition', options: ofTables, give: (given: unknown) => tableDefinition(given as never) },
];

function refusal(give: () => unknown): string {
  const error = thrown(give);
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

for (const { place, options, give } of places) {
  describe(`wrong options of ${place}`, () => {
    for (const option of options) {
      it(`says at once what would be right for \`${option}\``, () => {
        for (const { value, shown, right: isRight, beside } of table[option] ?? []) {
          const message = refusal(() => give({ ...right, ...beside, [option]: value }));
          const begins = `${place}: option "`;
          expect(message.startsWith(begins), message).to.equal(true);
          // Of two options with one name either may be named first.
          expect(message)
            .to.match(new RegExp(`"${option}" is|that of ${option}$`))
            .and.contain(` is ${shown}; `);
          expect(message.slice(message.indexOf('expected ') + 'expected '.length)).to.match(isRight);
        }
      });
    }

    it('refuses a name that is the default of another option', () => {
      for (const given of [
        { ttlAttribute: 'id' },
        { keyAttribute: 'expiration' },
        { sortKeyAttribute: 'id' },
      ]) {
        const [[option, name] = []] = Object.entries(given);
        const message = refusal(() => give({ ...right, ...given }));
        expect(message).to.match(
          new RegExp(`option "${option}" is a text of ${name?.length} characters; expected another name`),
        );
      }
    });

    it('refuses an unknown option, and lists the known ones', () => {
      for (const unknown of ['table', 'TableName', 'constructor', 'toString']) {
        const message = refusal(() => give({ ...right, [unknown]: 3 }));
        expect(message).to.match(
          new RegExp(`^${place}: there is no option "${unknown}" \\(it is 3\\); the options are`),
        );
        const known = message.slice(message.indexOf('the options are ') + 16).split(', ');
        expect(known).to.have.members(Object.keys(table));
      }
    });

    it('refuses what are no options at all', () => {
      for (const given of [undefined, null, 'idempotency', 5]) {
        expect(refusal(() => give(given))).to.match(/the options are .*; expected \{ .*tableName \}$/);
      }
    });

    it('takes an option that is undefined as one that is not given', () => {
      const optional = options.filter((option) => !(option in right));
      give({ ...right, ...Object.fromEntries(optional.map((option) => [option, undefined])) });
    });

    it('shows no more than a glimpse of the value', () => {
      const given = { secret: 'AKIA', nested: { secret: 'AKIA' } };
      for (const option of options) {
        expect(refusal(() => give({ ...right, [option]: given }))).not.to.contain('AKIA');
      }
      expect(refusal(() => give({ ...right, clint: given }))).not.to.contain('AKIA');
    });
  });
}

describe('options of DynamoDBStore', () => {
  it('are right in each way that makes sense', () => {
    for (const more of [
      {},
      { tableName: 'arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency' },
      { keyAttribute: 'pk', ttlAttribute: 'ttl' },
      { keyAttribute: 'pk', sortKeyAttribute: 'sk' },
      { keyAttribute: 'pk', sortKeyAttribute: 'id' },
      { sortKeyAttribute: 'sk', partitionKey: 'idempotency' },
      { sortKeyAttribute: 'sk', partitionKey: (key: string) => key.slice(0, 4) },
      { compressAbove: 0 },
      { compressAbove: Number.POSITIVE_INFINITY },
    ]) {
      new DynamoDBStore({ ...right, ...more } as never);
    }
  });
});
