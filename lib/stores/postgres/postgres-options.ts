import { type Check, checkedOptions } from '../../options/checked-options.js';
import { wrapperFor } from './clients/bare-clients.js';
import { isClient, isInTransaction, type PostgresClient, type WrappedClient } from './postgres-client.js';
import { isListener, type PostgresListener } from './postgres-listener.js';
import { wrongName } from './postgres-schema.js';

/** Where and how a `PostgresStore` keeps records. */
export interface PostgresStoreOptions {
  /**
   * The application's own pool or client, or what `fromPrisma()`, `fromDrizzle()`, `fromKysely()`, `fromTypeORM()`,
   * `fromKnex()`, `fromSequelize()` or `fromPostgresJs()` returns for a client of that library. No transaction of the
   * application may be open on it: a rollback would undo records, and the work would be done again.
   */
  readonly client: PostgresClient;
  /** The table, as `schema()` creates it. The client finds it on its `search_path`. Default: `idempotency`. */
  readonly table?: string;
  /**
   * A second connection that only listens. A call that waits for a call of another process is then told at once. It also
   * makes the store notify, so all processes that use the table need the option. Default: none.
   */
  readonly listener?: PostgresListener;
}

function wrongClient(value: unknown): string | undefined {
  const wrapper = wrapperFor(value);
  if (wrapper) return `${wrapper.client}, imported from retrysafe/postgres`;
  if (!isClient(value)) return 'a pool or client of pg, PGlite, or an object { query(text, values) }';
  if (isInTransaction(value)) {
    return 'a pool or client that is in no transaction: a rollback would undo records, and the work would be done again';
  }
  // Only Prisma's.
  return (value as Partial<WrappedClient>).isAmbient
    ? 'fromPrisma() of the client that `new PrismaClient()` returned: the extensions of another may send records to a transaction of the caller'
    : undefined;
}

const checks: Record<keyof PostgresStoreOptions, Check> = {
  client: wrongClient,
  table: wrongName,
  listener: (value, { client }) => {
    if (!isListener(value))
      return 'a connected Client of pg (not a Pool), PGlite, or an object { listen(channel, listener) }';
    return value === client && !('listen' in (value as object))
      ? 'a second connection: a connection that listens must not wait for claims'
      : undefined;
  },
};

/** @throws {ConfigurationError} that names the wrong option, the kind of its value, and what is expected. */
export function checkPostgresOptions(options: unknown): void {
  checkedOptions('PostgresStore', options, { checks, required: ['client'] });
}
