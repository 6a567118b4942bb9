import { type Check, checkStoreOptions } from '../shared/checked-options.js';
import { wrapperFor } from './clients/bare-clients.js';
import { isClient, isInTransaction, type PostgresClient, type WrappedClient } from './postgres-client.js';
import { isListener, type PostgresListener } from './postgres-listener.js';
import { wrongName } from './postgres-schema.js';

/** Where and how a `PostgresStore` keeps records. */
export interface PostgresStoreOptions {
  /**
   * The application's own pool or client; or what `fromPrisma()`, `fromDrizzle()`, `fromKysely()`, `fromTypeORM()`,
   * `fromKnex()`, `fromSequelize()` or `fromPostgresJs()` makes of that library's. No transaction of the application may
   * be open on it: records would be undone with it, and the work be done again.
   */
  readonly client: PostgresClient;
  /** The table, as `schema()` describes it; it is looked for on the client's `search_path`. Default: `idempotency`. */
  readonly table?: string;
  /**
   * A second connection, that does nothing but listen: a call that waits for one of another process is then told at once.
   * All processes that use the table need the option, since it also makes them notify. Default: none.
   */
  readonly listener?: PostgresListener;
}

function wrongClient(value: unknown): string | undefined {
  const wrapper = wrapperFor(value);
  if (wrapper) return `${wrapper.client}, imported from retrysafe/postgres`;
  if (!isClient(value)) return 'a pool or client of pg, PGlite, or an object { query(text, values) }';
  if (isInTransaction(value)) {
    return 'a pool or client that is in no transaction: records would be undone with it, and the work be done again';
  }
  // Of Prisma only.
  return (value as Partial<WrappedClient>).isAmbient
    ? 'fromPrisma() of the very client that `new PrismaClient()` gave: the extensions of another may hand records to a transaction of the caller'
    : undefined;
}

const checks: Record<keyof PostgresStoreOptions, Check> = {
  client: wrongClient,
  table: wrongName,
  listener: (value, { client }) => {
    if (!isListener(value))
      return 'a connected Client of pg (not a Pool), PGlite, or an object { listen(channel, listener) }';
    return value === client && !('listen' in (value as object))
      ? 'a second connection: what listens should not have to wait for what claims'
      : undefined;
  },
};

/**
 * Refuses wrong options.
 *
 * @throws {ConfigurationError} naming the option, its value and what would be right.
 */
export function checkPostgresOptions(options: unknown): void {
  checkStoreOptions('PostgresStore', checks, ['client'], options);
}
