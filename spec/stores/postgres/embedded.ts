import { PGlite } from '@electric-sql/pglite';

let shared: Promise<PGlite> | undefined;

/** Gives the specs of a `describe` PGlite: one for the whole process, since it takes seconds to start. */
export function usePGlite(): () => PGlite {
  let db: PGlite | undefined;
  before(async function () {
    this.timeout(60_000);
    shared ??= PGlite.create();
    db = await shared;
  });
  return () => {
    if (db) return db;
    throw new Error('PGlite is there inside of a spec or hook, not before');
  };
}

// In a file that no spec file is: the hook is for all of them.
after(async () => {
  await (await shared)?.close();
});
