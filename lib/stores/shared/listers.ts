import { ConfigurationError } from '../../errors.js';
import { shared } from '../../process/shared.js';
import type { ListingPlan, RecordPage, RecordQuery } from '../../record/persistence-store.js';

/** Lists the records of one kind of store. `Access`: what it needs of the store. */
export interface Lister<Access> {
  records(access: Access, query: RecordQuery): Promise<RecordPage>;
  planRecords(access: Access, query: RecordQuery): Promise<ListingPlan>;
}

/** Loads the lister of one kind of store. */
export type LoadLister = () => Promise<Lister<never>>;

/**
 * What lists each kind of store, by the names of their classes. All copies of the library share it; one whose listers need another access of
 * a store than these takes another number.
 */
const listers = shared('listers.1', () => new Map<string, LoadLister>());

/** Lets stores of a class list. */
export function addLister(store: string, load: LoadLister): void {
  listers.set(store, load);
}

/**
 * Resolves to what lists the stores of a class. It is apart from the classes, so that services are smaller by it: they list nothing.
 *
 * @throws {ConfigurationError} unless `retrysafe/listing` was imported.
 */
export async function listerOf<Access>(store: string): Promise<Lister<Access>> {
  const load = listers.get(store);
  if (load) return load() as Promise<Lister<Access>>;
  throw new ConfigurationError(
    `${store}: records() and planRecords() need \`import 'retrysafe/listing'\`, which services do without; retrysafe/operator and the command line import it themselves`,
  );
}
