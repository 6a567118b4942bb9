// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is replaced is source text
import { specs, tests } from '../checkers.js';
import type { Mutant } from '../mutant.js';

const inTheEngine = specs('outcome/bytes');

/** Outcomes of bytes: what belongs together, and where stores keep it apart. */
export const bytes: readonly Mutant[] = [
  {
    name: 'bytes-of-a-transact-item-lost',
    flaw: 'A completion that is an item of a transaction in DynamoDB lacks the bytes of its outcome.',
    changes: [
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: "import { copyOf } from '../shared/stored-record.js';",
        by: "import { withoutBytes } from '../shared/outcome-bytes.js';\nimport { copyOf } from '../shared/stored-record.js';",
      },
      {
        file: 'lib/stores/dynamodb/dynamodb-store.ts',
        replace: 'return { Put: this.#write(record, bears(token)) };',
        by: 'return { Put: this.#write({ ...record, state: withoutBytes(record.state).state }, bears(token)) };',
      },
    ],
    caughtBy: [
      specs('stores/dynamodb/bytes'),
      tests('stores/matrix/outcome-bytes', 'DynamoDBStore on dynoxide is completed'),
    ],
  },
  {
    name: 'bytes-in-base64-in-an-item',
    flaw: 'An item of DynamoDB has the bytes of an outcome as base64, and is a third larger.',
    changes: [
      {
        file: 'lib/stores/dynamodb/items.ts',
        replace: 'const parts = withoutBytes(state);',
        by: 'const parts = { ...withoutBytes(state), state, bytes: undefined as Buffer | undefined };',
      },
    ],
    caughtBy: [specs('stores/dynamodb/bytes')],
  },
  {
    name: 'bytes-that-stay-in-their-row',
    flaw: 'In SQLite the bytes of an outcome, which may be personal data, stay where a run has taken the place.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-statements.ts',
        replace: 'columns.map((column) => `${column} = ?`)',
        by: 'columns.map((column) => `${column} = coalesce(?, ${column})`)',
      },
    ],
    caughtBy: [specs('stores/sqlite/bytes')],
  },
  {
    name: 'bytes-of-another-record',
    flaw: 'What stayed beside a row of PostgreSQL is put into an outcome that has its own bytes in its text.',
    changes: [
      {
        file: 'lib/stores/shared/outcome-bytes.ts',
        replace: "if (!bytes || !outcome || 'base64' in outcome) return state;",
        by: 'if (!bytes || !outcome) return state;',
      },
    ],
    caughtBy: [specs('stores/postgres/bytes')],
  },
  {
    name: 'column-taken-for-granted',
    flaw: 'A store of PostgreSQL names the column for bytes in a table that has none, and a transaction of the application fails.',
    changes: [
      {
        file: 'lib/stores/postgres/postgres-store.ts',
        replace: '#hasBytes = false;\n  readonly',
        by: '#hasBytes = true;\n  readonly',
      },
    ],
    caughtBy: [specs('stores/postgres/bytes')],
  },
  {
    name: 'column-missed-for-ever',
    flaw: 'A store of SQLite that was made before its table got the column for bytes cannot read them.',
    changes: [
      {
        file: 'lib/stores/sqlite/sqlite-store.ts',
        replace: 'if (this.#hasBytes || !lacksBytes(record.state)) return record;',
        by: 'if (this.#hasBytes !== undefined || !lacksBytes(record.state)) return record;',
      },
    ],
    caughtBy: [specs('stores/sqlite/bytes')],
  },
  {
    name: 'bytes-taken-for-utf8',
    flaw: 'A client of Redis decodes the bytes of an outcome as text, so that each read of them has to be repeated.',
    changes: [
      {
        file: 'lib/stores/redis/redis-client.ts',
        replace: 'return hasMethod<string>(client, name)',
        by: "return hasMethod<string>(client, name) && name === 'noBuffer'",
      },
    ],
    caughtBy: [specs('stores/redis/round-trips')],
  },
  {
    name: 'characters-for-bytes',
    flaw: 'A function that sends commands to Redis, and takes replies for UTF-8, reads other bytes than were written.',
    changes: [
      {
        file: 'lib/stores/redis/redis-store.ts',
        replace: 'this.#recordOf(key, again, readCharacters)',
        by: 'this.#recordOf(key, again && fields ? fields : again, readCharacters)',
      },
    ],
    caughtBy: [specs('stores/redis/bytes')],
  },
  {
    name: 'bytes-past-the-codec',
    flaw: 'A codec that encrypts outcomes does not get those of bytes, which stand in the store for anybody to read.',
    changes: [
      {
        file: 'lib/outcome/outcome.ts',
        replace: 'if (this.#codec) return codedValue(',
        by: 'if (this.#codec && !isWithBytes(value)) return codedValue(',
      },
    ],
    caughtBy: [inTheEngine],
  },
  {
    name: 'response-without-its-bytes',
    flaw: 'A record that lost the bytes of its outcome replays as a response with an empty body.',
    changes: [
      {
        file: 'lib/outcome/with-bytes.ts',
        replace: 'const { head, base64 } = Object(parts) as Partial<BytesParts>;',
        by: "const { head, base64 = '' } = Object(parts) as Partial<BytesParts>;",
      },
    ],
    caughtBy: [inTheEngine],
  },
  {
    name: 'bytes-in-a-pool',
    flaw: 'The small body of a replay is a view of memory in which the bytes of other requests are.',
    changes: [
      {
        file: 'lib/outcome/with-bytes.ts',
        replace: "const bytes = Buffer.alloc(Buffer.byteLength(base64, 'base64'));",
        by: "const bytes = Buffer.from(base64, 'base64');",
      },
    ],
    caughtBy: [inTheEngine],
  },
  {
    name: 'controls-in-text',
    flaw: 'Bytes that are UTF-8 and no text are recorded as text, of which JSON writes each as six characters.',
    changes: [
      {
        file: 'lib/http/core/recorded-response.ts',
        replace: 'return text !== undefined && !controls.test(text)',
        by: "return text !== undefined && !(text === '' && controls.test(text))",
      },
    ],
    caughtBy: [inTheEngine],
  },
];
