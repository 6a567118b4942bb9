import { expect } from 'chai';
import pg from 'pg';
import { type Completion, ConfigurationError } from 'retrysafe';
import { type PostgresClient, PostgresStore, schema } from 'retrysafe/postgres';
import { rejection, thrown } from '../../support/rejection.js';

interface Wrong {
  readonly value: unknown;
  /** How the message shows the value. */
  readonly shown: RegExp | string;
}

const wrong = (value: unknown, shown: RegExp | string): Wrong => ({ value, shown });

/** What notes that it was asked, and never should be. */
class AskedClient {
  asked = 0;

  async query(): Promise<never> {
    this.asked += 1;
    throw new Error('the database was asked');
  }
}

const aClient = /^a pool or client of pg, PGlite, or an object \{ query\(text, values\) \}$/;
const aTable = /^the name of a table, 1 to 63 bytes long$/;
const aListener =
  /^a connected Client of pg \(not a Pool\), PGlite, or an object \{ listen\(channel, listener\) \}$/;

const names = [
  wrong('', 'an empty text'),
  wrong('a\0b', 'a text of 3 characters'),
  wrong('x'.repeat(64), 'a text of 64 characters'),
  // 32 letters, and 64 bytes.
  wrong('é'.repeat(32), 'a text of 32 characters'),
  wrong(5, '5'),
  wrong(null, 'null'),
  wrong(['idempotency'], 'a list of 1'),
];

const table: Record<string, { readonly right: RegExp; readonly values: readonly Wrong[] }> = {
  client: {
    right: aClient,
    values: [
      wrong(undefined, 'undefined'),
      wrong(null, 'null'),
      wrong({}, 'an object'),
      wrong('postgres://user:secret@localhost', 'a text of 32 characters'),
      wrong({ execute() {} }, 'an object'),
    ],
  },
  table: { right: aTable, values: names },
  listener: {
    right: aListener,
    values: [
      wrong(null, 'null'),
      wrong({}, 'an object'),
      wrong('idempotency', 'a text of 11 characters'),
      wrong({ query() {} }, 'an object'),
      wrong({ on() {} }, 'an object'),
      wrong(new pg.Pool(), 'an instance of BoundPool'),
    ],
  },
};

function refusal(give: () => unknown): string {
  const error = thrown(give);
  expect(error).to.be.instanceOf(ConfigurationError);
  return (error as Error).message;
}

function expectRefusal(message: string, where: string, option: string, { shown }: Wrong, right: RegExp) {
  const begins = `${where}: option "${option}" is `;
  expect(message.startsWith(begins), message).to.equal(true);
  const [value, whatIsRight] = message.slice(begins.length).split('; expected ');
  if (typeof shown === 'string') expect(value).to.equal(shown);
  else expect(value).to.match(shown);
  expect(whatIsRight).to.match(right);
}

describe('wrong options of PostgresStore', () => {
  const client = new AskedClient();
  const make = (given: unknown) => new PostgresStore(given as never);

  afterEach(() => {
    expect(client.asked).to.equal(0);
  });

  for (const [option, { right, values }] of Object.entries(table)) {
    it(`says at once what would be right for \`${option}\``, () => {
      for (const value of values) {
        const message = refusal(() => make({ client, [option]: value.value }));
        expectRefusal(message, 'PostgresStore', option, value, right);
      }
    });
  }

  it('refuses to listen on the connection that the store itself uses', () => {
    const single = new pg.Client();
    const message = refusal(() => make({ client: single, listener: single }));
    expectRefusal(message, 'PostgresStore', 'listener', wrong(single, /Client/), /^a second connection/);
  });

  it('takes a name of 63 bytes, whatever is in it', () => {
    for (const name of ['x'.repeat(63), `${'é'.repeat(31)}x`, '"; DROP TABLE t; --', ' ', '.']) {
      make({ client, table: name });
      schema(name);
    }
  });

  it('refuses an unknown option, and lists the known ones', () => {
    for (const unknown of ['tableName', 'schema', 'pool', 'constructor', 'toString']) {
      expect(refusal(() => make({ client, [unknown]: 3 }))).to.equal(
        `PostgresStore: there is no option "${unknown}" (it is 3); the options are client, table, listener`,
      );
    }
  });

  it('refuses what are no options at all', () => {
    for (const given of [undefined, null, 'idempotency', 5]) {
      expect(refusal(() => make(given))).to.match(/the options are .*; expected \{ client \}$/);
    }
  });

  it('takes an option that is undefined as one that is not given', () => {
    make({ client, table: undefined, listener: undefined });
  });

  it('shows no more than a glimpse of the value', () => {
    const given = { password: 'hunter2', nested: { password: 'hunter2' } };
    for (const option of ['client', 'table', 'listener', 'clint']) {
      expect(refusal(() => make({ client, [option]: given }))).not.to.contain('hunter2');
    }
  });

  it('has schema() refuse the same names', () => {
    for (const value of names) {
      const message = refusal(() => schema(value.value as never));
      expectRefusal(message, 'schema', 'table', value, aTable);
    }
  });

  describe('of removeExpired()', () => {
    for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null, 2 ** 53]) {
      it(`refuses the limit ${typeof limit === 'string' ? `'${limit}'` : limit}`, async () => {
        const error = await rejection(make({ client }).removeExpired({ limit: limit as never }));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error)
          .to.have.property('message')
          .that.matches(
            /^PostgresStore: removeExpired\(\).*"limit".*expected a number of records, 1 or more$/,
          );
      });
    }
  });

  describe('of complete()', () => {
    const completion: Completion = {
      record: {
        key: 'k',
        token: 'x.2',
        expiresAt: 1,
        state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
      },
      token: 'x.1',
    };
    const tx = new AskedClient();

    afterEach(() => {
      expect(tx.asked).to.equal(0);
    });

    const noTransactions: Record<string, () => unknown> = {
      'a pool': () => new pg.Pool(),
      "the store's own client": () => client,
      nothing: () => undefined,
      null: () => null,
      'a completion alone': () => completion,
      'what cannot query': () => ({ execute() {} }),
    };
    for (const [what, transaction] of Object.entries(noTransactions)) {
      it(`refuses ${what} in place of a transaction`, async () => {
        const error = await rejection(make({ client }).complete(transaction() as PostgresClient, completion));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error)
          .to.have.property('message')
          .that.matches(/needs the client on which the transaction is open.*pass \(tx, completion\)$/);
      });
    }

    const nonsense: Record<string, unknown> = {
      'the promise of one': Promise.resolve(completion),
      nothing: undefined,
      null: null,
      'the result': { hold: 7 },
      'a token with half a record': { record: { key: 'k' }, token: 'x.1' },
      'the record alone': completion.record,
      'a text': 'completion',
    };
    for (const [what, value] of Object.entries(nonsense)) {
      it(`refuses ${what} in place of a completion`, async () => {
        const error = await rejection(make({ client }).complete(tx, value as Completion));
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error)
          .to.have.property('message')
          .that.includes('await currentExecution().completion(result)');
      });
    }
  });
});
