import type { PersistenceStore } from '../index.js';
import type { Desk } from '../operator/desk.js';
import { deskOf } from '../operator/desk-of.js';
import type { KnownOperations } from '../operator/known-operations.js';
import { loadConfiguration } from './configuration.js';
import { isStoreUrl, ofStore, openStore, STORE_URLS } from './open-store.js';
import type { ArgumentOption, ReadArguments } from './read-arguments.js';
import { shownInLine } from './text.js';
import { UsageError } from './usage-error.js';

/** The options of every command that works on a store. */
export const storeArguments = {
  store: {
    value: '<address | name>',
    help: `The store: ${STORE_URLS}, or a name in the configuration. Default: the only one in the configuration.`,
  },
  config: {
    value: '<file>',
    help: "The service's configuration. Default: retrysafe.config.mjs, .js, .ts or .mts, if there is one.",
  },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

/** A store, and what a command knows of its service. */
export interface OpenedDesk {
  readonly desk: Desk;
  readonly name: string;
  readonly store: PersistenceStore;
  readonly operations: KnownOperations;
}

/** Opens the store that the arguments name, and closes it when `work` has ended. */
export async function withDesk<T>(
  { values }: ReadArguments,
  work: (opened: OpenedDesk) => Promise<T>,
): Promise<T> {
  return withStores(values, async (stores, operations) => {
    const [name, store] = chosen(stores, values.store?.[0]);
    return work({ desk: deskOf(store, { operations }), name, store, operations });
  });
}

type WorkOnStores<T> = (
  stores: ReadonlyMap<string, PersistenceStore>,
  operations: KnownOperations,
) => Promise<T>;

/** The same for a command that works on all stores which are at hand, unless one is named. */
export async function withStores<T>(values: ReadArguments['values'], work: WorkOnStores<T>): Promise<T> {
  const [address] = values.store ?? [];
  const configuration = await loadConfiguration(values.config?.[0]);
  const operations = configuration?.operations ?? new Map();
  try {
    if (address !== undefined && isStoreUrl(address)) return await withStoreAt(address, operations, work);
    if (configuration) return await work(configuration.stores, operations);
    // What was given is not repeated: a mistyped address may have a password in it.
    throw new UsageError(
      address === undefined
        ? `no store is named; give --store ${STORE_URLS}, or write retrysafe.config.mjs`
        : `--store: there is no configuration in which a store could have this name; expected ${STORE_URLS}`,
    );
  } finally {
    await closing(configuration);
  }
}

async function withStoreAt<T>(
  address: string,
  operations: KnownOperations,
  work: WorkOnStores<T>,
): Promise<T> {
  const opened = await openStore(address);
  try {
    return await work(new Map([[opened.name, opened.store]]), operations);
  } catch (cause) {
    throw ofStore(opened.name, cause);
  } finally {
    await closing(opened);
  }
}

/** Closes what was opened. The process ends, so a fault is told and hides nothing of what came of the work. */
async function closing(opened: { close(): unknown } | undefined): Promise<void> {
  try {
    await opened?.close();
  } catch (fault) {
    const { message = '' } = Object(fault) as Partial<Error>;
    process.stderr.write(`retrysafe: closing failed: ${shownInLine(message || String(fault))}\n`);
  }
}

function chosen(
  stores: ReadonlyMap<string, PersistenceStore>,
  name: string | undefined,
): readonly [string, PersistenceStore] {
  const names = [...stores.keys()];
  const [only] = stores;
  if (only && names.length === 1 && (name === undefined || isStoreUrl(name))) return only;
  const store = name === undefined ? undefined : stores.get(name);
  if (name !== undefined && store) return [name, store];
  throw new UsageError(
    names.length === 1
      ? `--store: the configuration has one store, ${names[0]}; leave the option out`
      : `--store: expected one of ${names.join(', ')}`,
  );
}
