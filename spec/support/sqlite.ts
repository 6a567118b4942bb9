import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schema } from 'retrysafe/sqlite';
import { pending } from './pending.js';
import { type OpenDatabase, obstacleTo, openDatabase, type SqliteDriver } from './sqlite-drivers.js';

/** Files of SQLite for specs, removed afterwards. */
export interface SqliteFixture {
  readonly driver: SqliteDriver;
  /** The path of a file that does not exist yet and that nothing else uses. */
  path(): string;
  /** Creates a file with an empty table, and returns its path. */
  createFile(table?: string): string;
  /** Opens a file as documented. It is closed after the specs. */
  open(path?: string): OpenDatabase;
  /** Closes a database after the specs. */
  owned(database: OpenDatabase): OpenDatabase;
}

// Each runs where it can: `node:sqlite` from Node.js 22.16 on, `better-sqlite3` on the version that its binary was
// made for. Where the one is not available, the other must be.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 16);
const mayBePending = (driver: SqliteDriver) => hasNodeSqlite === (driver === 'better-sqlite3');

/** The command that installs what is missing where the specs of SQLite need it. */
const remedy = (driver: SqliteDriver) =>
  driver === 'better-sqlite3' && !hasNodeSqlite ? '. `npm run install:sqlite` installs it' : '';

/** Gives the specs of a `describe` files of SQLite. They are pending where the driver cannot run. */
export function useSqlite(driver: SqliteDriver): SqliteFixture {
  const opened: OpenDatabase[] = [];
  let folder: string | undefined;
  let count = 0;
  const fixture: SqliteFixture = {
    driver,
    path() {
      if (folder === undefined) throw new Error('SQLite is there inside of a spec or hook, not before');
      count += 1;
      return join(folder, `${count}.db`);
    },
    createFile(table) {
      const path = fixture.path();
      const database = openDatabase(driver, path);
      database.exec(schema(table));
      database.close();
      return path;
    },
    open(path = fixture.createFile()) {
      return fixture.owned(openDatabase(driver, path));
    },
    owned(database) {
      opened.push(database);
      return database;
    },
  };

  before(function () {
    const obstacle = obstacleTo(driver);
    if (obstacle !== undefined)
      pending(this, `${driver} does not run here: ${obstacle}${remedy(driver)}`, mayBePending(driver));
    folder = mkdtempSync(join(tmpdir(), 'retrysafe-sqlite-'));
  });
  after(() => {
    for (const database of opened) if (isOpen(database)) database.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return fixture;
}

function isOpen(database: OpenDatabase): boolean {
  const { isOpen, open } = database as { readonly isOpen?: unknown; readonly open?: unknown };
  return isOpen === true || open === true;
}
