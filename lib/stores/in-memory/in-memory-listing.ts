import { listed, matches } from '../../record/listing.js';
import type { IdempotencyRecord, ListedRecord } from '../../record/persistence-store.js';
import type { Lister } from '../shared/listers.js';
import { cursorOf, type ListedStore, listingOf, MOST_EXAMINED } from '../shared/listing.js';
import { copyOf } from '../shared/stored-record.js';
import { KeyOrder, type KeyPosition } from './key-order.js';

/** What is listed of an `InMemoryStore`. */
export interface InMemoryAccess {
  readonly records: ReadonlyMap<string, IdempotencyRecord>;
  /** From when on records were first listed. Most stores need none. */
  order: KeyOrder | undefined;
}

const kept: ListedStore<KeyPosition> = {
  store: 'InMemoryStore',
  place: '',
  isPosition(value): value is KeyPosition {
    return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
  },
};

/** Lists records in the order in which their keys came. */
export const lister: Lister<InMemoryAccess> = {
  async records(access, query) {
    const { position, ...listing } = listingOf(kept, query);
    access.order ??= new KeyOrder(access.records.keys());
    const records: ListedRecord[] = [];
    let examined = 0;
    for (const [key, next] of access.order.from(position)) {
      const record = access.records.get(key);
      examined += 1;
      if (record && matches(record, listing)) records.push(copyOf(listed(record)));
      const isFull = records.length === listing.limit || examined === MOST_EXAMINED;
      if (isFull && next) return { records, cursor: cursorOf(kept, next), examined };
    }
    return { records, examined };
  },

  async planRecords({ records }, query) {
    listingOf(kept, query, 'planRecords');
    return { by: 'scan', records: records.size, cost: 'It reads the memory of this process.' };
  },
};
