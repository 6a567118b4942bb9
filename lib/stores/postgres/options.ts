import { type Check, checkStoreOptions } from '../checked-options.js';
import { isClient, type PostgresClient } from './client.js';
import { isListener, type PostgresListener } from './listener.js';
import { wrongName } from './schema.js';

/** Where and how a `PostgresStore` keeps records. */
export interface PostgresStoreOptions {
  /** The application's own pool or client, or a wrapper. No transaction of the application may be open on it. */
  readonly client: PostgresClient;
  /** The table, as `schema()` describes it; it is looked for on the client's `search_path`. Default: `idempotency`. */
  readonly table?: string;
  /**
   * A second connection, that does nothing but listen: a call that waits for one of another process is then told at once.
   * All processes that use the table need the option, since it also makes them notify. Default: none.
   */
  readonly listener?: PostgresListener;
}

const checks: Record<keyof PostgresStoreOptions, Check> = {
  client: (value) =>
    isClient(value) ? undefined : 'a pool or client of pg, PGlite, or an object { query(text, values) }',
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
