import { schema } from 'retrysafe/postgres';
import type { PostgresFixture } from '../support/postgres.js';

/** Creates an empty table for records, and resolves to its name. */
export async function createTable(postgres: PostgresFixture, name = postgres.tableName()): Promise<string> {
  await postgres.query(schema(name));
  return name;
}
