import { schema } from 'retrysafe/postgres';
import type { PostgresFixture } from '../../support/postgres.js';
import { until } from '../../support/until.js';

/** Creates an empty table for records, and resolves to its name. */
export async function createTable(postgres: PostgresFixture, name = postgres.tableName()): Promise<string> {
  await postgres.query(schema(name));
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
