import { useSqlite } from '../../support/sqlite.js';
import type { SqliteDriver } from '../../support/sqlite-drivers.js';
import { Application } from '../sqlite/transfers.js';
import type { Processes } from './processes.js';

export function onSqlite(driver: SqliteDriver): Processes {
  const sqlite = useSqlite(driver);
  let path: string;

  before(() => {
    path = sqlite.createFile();
  });

  return {
    async start() {
      const application = new Application(sqlite.open(path));
      return {
        store: application.store,
        commit: async (id, completion) => application.commit(id, completion),
      };
    },
    countOf: async (id) => new Application(sqlite.open(path)).transfersOf(id),
  };
}
