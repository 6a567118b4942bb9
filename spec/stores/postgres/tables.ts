import { readFileSync } from 'node:fs';
import { escapeIdentifier } from 'pg';
import { type SchemaOptions, schema } from 'retrysafe/postgres';
import type { PostgresFixture } from '../../support/postgres.js';
import { until } from '../../support/until.js';

/** Creates an empty table for records, and resolves to its name. */
export async function createTable(
  postgres: PostgresFixture,
  name = postgres.tableName(),
  options: SchemaOptions = {},
): Promise<string> {
  await postgres.query(schema(name, options));
  return name;
}

/** Resolves when so many statements wait for a lock that has to do with the table. */
export async function blocked(postgres: PostgresFixture, table: string, count: number): Promise<void> {
  const text =
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 IN query) > 0";
  await until(`${count} statements wait`, async () => {
    const { rows } = await postgres.query(text, [table]);
    return rows[0]?.count === count;
  });
}

/** The same as an earlier version of the library created it. */
export async function createEarlierTable(
  postgres: PostgresFixture,
  name = postgres.tableName(),
): Promise<string> {
  const [table, index] = [name, `${name}_expires_at`].map(escapeIdentifier);
  await postgres.query(`CREATE TABLE ${table} (
  key text COLLATE "C" PRIMARY KEY,
  token text NOT NULL,
  expires_at bigint NOT NULL,
  state text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ${index} ON ${table} (expires_at);
`);
  return name;
}

/** Changes such a table by all statements of UPGRADING.md. */
export async function upgradeTable(postgres: PostgresFixture, table: string): Promise<void> {
  for (const column of ['expires_hour', 'outcome_bytes', 'is_unknown'])
    await change(postgres, table, blockOf(column));
}

/** Gives such a table the column for bytes alone, by the statement of UPGRADING.md. */
export async function addBytesColumn(postgres: PostgresFixture, table: string): Promise<void> {
  await change(postgres, table, blockOf('outcome_bytes'));
}

/** The first block that adds this column is the one of PostgreSQL. */
function blockOf(column: string): string {
  return statementBlocks().find((block) => block.includes(`ADD COLUMN ${column}`)) ?? '';
}

function statementBlocks(): readonly string[] {
  const document = readFileSync(new URL('../../../../UPGRADING.md', import.meta.url), 'utf8');
  const blocks = document.matchAll(/```sql\n(ALTER TABLE idempotency .*?)```/gs);
  return [...blocks].map(([, block = '']) => block);
}

async function change(postgres: PostgresFixture, table: string, block: string): Promise<void> {
  const statements = block
    .split(/;.*\n/)
    .filter((statement) => statement !== '')
    .map((statement) =>
      statement.replace(/\bidempotency(\w*)/g, (_, more) => escapeIdentifier(table + more)),
    );
  if (statements.length === 0) throw new Error('UPGRADING.md does not say how to change a table');
  // One by one: an index cannot be created CONCURRENTLY beside other statements.
  for (const statement of statements) await postgres.query(statement);
}
