import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { SqliteStore, schema } from 'retrysafe/sqlite';
import { rejection, thrown } from '../../support/rejection.js';
import { useSqlite } from '../../support/sqlite.js';
import { sqliteDrivers } from '../../support/sqlite-drivers.js';

interface Wrong {
  readonly value: unknown;
  /** How the message shows the value. */
  readonly shown: string;
}

const aDatabase =
  /^a DatabaseSync of node:sqlite \(Node\.js 22\.16 or later\), or a database of better-sqlite3; with a library around one, pass the database that the library was given$/;
const aTable = /^the name of a table$/;
const prepare = () => ({ all: () => [], run: () => ({ changes: 0 }) });

const names: readonly Wrong[] = [
  { value: '', shown: 'an empty text' },
  { value: 5, shown: '5' },
  { value: null, shown: 'null' },
  { value: ['idempotency'], shown: 'a list of 1' },
  { value: 'a\0b', shown: 'a text of 3 characters' },
  { value: 'sqlite_', shown: 'a text of 7 characters' },
  { value: 'sqlite_idempotency', shown: 'a text of 18 characters' },
  { value: 'SQLite_Idempotency', shown: 'a text of 18 characters' },
];
const table: Record<string, { readonly right: RegExp; readonly wrong: readonly Wrong[] }> = {
  database: {
    right: aDatabase,
    wrong: [
      { value: undefined, shown: 'undefined' },
      { value: null, shown: 'null' },
      { value: 'records.db', shown: 'a text of 10 characters' },
      { value: {}, shown: 'an object' },
      // As an asynchronous driver is, and node:sqlite of Node.js 22.15: it is not known whether a transaction is open.
      { value: { prepare }, shown: 'an object' },
      { value: { isTransaction: false }, shown: 'an object' },
      { value: { inTransaction: false, prepare: 'prepare' }, shown: 'an object' },
    ],
  },
  table: { right: aTable, wrong: names },
};

const right = { database: { prepare, isTransaction: false } };

function refusal(give: () => unknown): string {
  const error = thrown(give);
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

describe('wrong options of SqliteStore', () => {
  for (const [option, { right: isRight, wrong }] of Object.entries(table)) {
    it(`says at once what would be right for \`${option}\``, () => {
      for (const { value, shown } of wrong) {
        const message = refusal(() => new SqliteStore({ ...right, [option]: value } as never));
        expect(message.startsWith(`SqliteStore: option "${option}" is ${shown}; `), message).to.equal(true);
        expect(message.slice(message.indexOf('expected ') + 'expected '.length)).to.match(isRight);
      }
    });
  }

  it('refuses an unknown option, and lists the known ones', () => {
    for (const unknown of ['tableName', 'file', 'constructor', 'toString']) {
      expect(refusal(() => new SqliteStore({ ...right, [unknown]: 3 } as never))).to.equal(
        `SqliteStore: there is no option "${unknown}" (it is 3); the options are database, table`,
      );
    }
  });

  it('refuses what are no options at all', () => {
    for (const given of [undefined, null, 'records.db', 5]) {
      expect(refusal(() => new SqliteStore(given as never))).to.match(
        /the options are .*; expected \{ database \}$/,
      );
    }
  });

  it('takes an option that is undefined as one that is not given', () => {
    new SqliteStore({ ...right, table: undefined } as never);
  });

  it('shows no more than a glimpse of the value', () => {
    const given = { secret: 'AKIA', nested: { secret: 'AKIA' } };
    for (const option of ['database', 'table', 'tabel']) {
      expect(refusal(() => new SqliteStore({ ...right, [option]: given } as never))).not.to.contain('AKIA');
    }
  });
});

describe('options of SqliteStore', () => {
  it('are right in each way that makes sense', () => {
    for (const given of [
      { database: { prepare, isTransaction: true } },
      { database: { prepare, inTransaction: false } },
      { database: right.database, table: 'sqlite' },
      { database: right.database, table: 'my "own" table; --' },
    ]) {
      new SqliteStore(given as never);
    }
  });

  it('leave the database alone until the first call', () => {
    const closed = {
      prepare: () => expect.fail('nothing is prepared yet'),
      get isTransaction(): boolean {
        throw new Error('database is not open');
      },
    };
    new SqliteStore({ database: closed });
  });
});

describe('the schema of SqliteStore', () => {
  it('is that of a table "idempotency", unless told otherwise', () => {
    expect(schema())
      .to.equal(schema('idempotency'))
      .and.to.include('CREATE TABLE IF NOT EXISTS "idempotency"');
  });

  it('refuses a wrong name, and says what would be right', () => {
    for (const { value, shown } of names) {
      expect(refusal(() => schema(value as never))).to.equal(
        `schema: option "table" is ${shown}; expected the name of a table`,
      );
    }
  });
});

describe('how much removeExpired() of SqliteStore removes', () => {
  it('is a number of records: a ConfigurationError says so', async () => {
    const store = new SqliteStore(right);
    for (const [limit, shown] of [
      [0, '0'],
      [-1, '-1'],
      [1.5, '1.5'],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      ['10', "'10'"],
      [null, 'null'],
    ]) {
      const error = await rejection(store.removeExpired({ limit: limit as never }));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error).to.have.property(
        'message',
        `SqliteStore: removeExpired(): option "limit" is ${shown}; expected a number of records, 1 or more`,
      );
    }
  });
});

for (const driver of sqliteDrivers) {
  describe(`a database of ${driver}`, () => {
    const sqlite = useSqlite(driver);

    it('is taken as it is', () => {
      new SqliteStore({ database: sqlite.open() });
    });
  });
}
