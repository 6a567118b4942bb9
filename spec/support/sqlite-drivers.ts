import { createRequire } from 'node:module';
import type { SqliteDatabase } from 'retrysafe/sqlite';

export const sqliteDrivers = ['node:sqlite', 'better-sqlite3'] as const;
export type SqliteDriver = (typeof sqliteDrivers)[number];

/** What the specs use of a database, with any driver. */
export type OpenDatabase = SqliteDatabase & {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: unknown[]): unknown[] };
  close(): void;
};

type DatabaseClass = new (file: string, options?: Readonly<Record<string, unknown>>) => OpenDatabase;

/** Says why a driver cannot run here, or nothing where it can. */
export function obstacleTo(driver: SqliteDriver): string | undefined {
  try {
    const database = new (classOf(driver))(':memory:');
    database.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error);
  }
}

/** Opens a file as documented, for several processes. */
export function openDatabase(driver: SqliteDriver, file: string): OpenDatabase {
  const database = openAsItIs(driver, file);
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return database;
}

/** Opens a file without any setting but these of the driver. */
export function openAsItIs(
  driver: SqliteDriver,
  file: string,
  options: Readonly<Record<string, unknown>> = {},
): OpenDatabase {
  return new (classOf(driver))(file, options);
}

/** Opens a file read-only. */
export function openReadOnly(driver: SqliteDriver, file: string): OpenDatabase {
  return openAsItIs(driver, file, driver === 'node:sqlite' ? { readOnly: true } : { readonly: true });
}

function classOf(driver: SqliteDriver): DatabaseClass {
  // The types of Node.js 20, the oldest that is supported, do not know it.
  const load = createRequire(import.meta.url);
  if (driver === 'better-sqlite3') return load(driver) as DatabaseClass;
  const { DatabaseSync } = load(driver) as { readonly DatabaseSync: DatabaseClass };
  if ('isTransaction' in new DatabaseSync(':memory:')) return DatabaseSync;
  throw new Error(`node:sqlite of Node.js ${process.version} does not tell of transactions`);
}
