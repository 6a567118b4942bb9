import { dropMemoryOf } from '../../process/process-memory.js';
import type {
  IdempotencyRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../../record/persistence-store.js';
import { listerOf } from '../shared/listers.js';
import { withItsBytes, withoutBytes } from '../shared/outcome-bytes.js';
import { copyOf } from '../shared/stored-record.js';
import type { InMemoryAccess } from './in-memory-listing.js';

/**
 * The operations of the store without promises. They keep a record as it is, and return it as it is: the engine, which alone
 * gets them, changes no record. Only bytes are kept apart.
 */
interface SynchronousSteps {
  readonly claim: (record: IdempotencyRecord, now: number) => IdempotencyRecord;
  readonly replace: (record: IdempotencyRecord, token: string) => IdempotencyRecord | undefined;
  readonly find: (key: string) => IdempotencyRecord | undefined;
}

/** A record in memory. The bytes of its outcome are not in its state: as base64 they would take a third more. */
interface KeptRecord extends IdempotencyRecord {
  readonly bytes?: Buffer;
}

/** Returns a record as it was written. */
function whole<Kept extends KeptRecord | undefined>(kept: Kept): Kept | IdempotencyRecord {
  if (!kept?.bytes) return kept;
  const { key, token, expiresAt, state, bytes } = kept;
  return { key, token, expiresAt, state: withItsBytes(state, bytes) };
}

let steps: (store: PersistenceStore) => SynchronousSteps | undefined;

/** Returns the operations of an `InMemoryStore` without promises, where nothing stands before its methods. */
export function stepsOf(store: PersistenceStore): SynchronousSteps | undefined {
  return steps(store);
}

/** A claim that is won adds at most one record. With two checks, a round takes at most as many claims as there are records. */
const CHECKS_PER_CLAIM = 2;

/**
 * Stores records in the memory of this process: for tests, for a first try, and for work that only one process does.
 * Once a record has expired, each claim that is won checks two records and deletes those that have expired, so further ones
 * delete every expired record.
 * If `onAbandoned` does not run an unknown outcome again, its record stays until it is resolved, or for `unresolvedTtl`.
 */
export class InMemoryStore implements PersistenceStore {
  readonly #records = new Map<string, KeptRecord>();
  /** Iterates over all records, including those that are added in the meantime. */
  #round = this.#records.values();
  /** No record expires before this. Until then no claim checks any. */
  #firstExpiry = Number.POSITIVE_INFINITY;
  /** The same of the records that this round has checked, and of those that were kept since it began. */
  #firstOfRound = Number.POSITIVE_INFINITY;
  readonly #access: InMemoryAccess = { records: this.#records, order: undefined };

  readonly #steps: SynchronousSteps = {
    claim: (record, now) => {
      const holder = this.#records.get(record.key);
      if (holder && holder.expiresAt > now) return whole(holder);
      if (this.#firstExpiry <= now) this.#sweep(now);
      this.#keep(record);
      return record;
    },
    replace: (record, token) => {
      const holder = this.#records.get(record.key);
      if (holder?.token !== token) return whole(holder);
      this.#keep(record);
      return record;
    },
    find: (key) => whole(this.#records.get(key)),
  };

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return copyOf(this.#steps.claim(copyOf(record), now));
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const holder = this.#steps.replace(copyOf(record), token);
    return holder && copyOf(holder);
  }

  async find(key: string): Promise<IdempotencyRecord | undefined> {
    const holder = this.#steps.find(key);
    return holder && copyOf(holder);
  }

  static {
    const { claim, replace, find } = InMemoryStore.prototype;
    steps = (store) => {
      // What stands before a method, such as an override, a spy or a proxy, must be called.
      const isBare =
        #steps in store && store.claim === claim && store.replace === replace && store.find === find;
      return isBare ? store.#steps : undefined;
    };
  }

  /** How many records the store has now, including expired ones that it has not deleted yet. */
  get size(): number {
    return this.#records.size;
  }

  /** Returns copies of the present records, for tests. They include expired ones that the store has not deleted yet. */
  records(): readonly IdempotencyRecord[];
  /** Lists records in the order in which their keys came. Needs `import 'retrysafe/listing'`. */
  records(query: RecordQuery): Promise<RecordPage>;
  records(query?: RecordQuery): readonly IdempotencyRecord[] | Promise<RecordPage> {
    if (query === undefined) return [...this.#records.values()].map((record) => copyOf(whole(record)));
    return this.#list(query);
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    return (await listerOf<InMemoryAccess>('InMemoryStore')).planRecords(this.#access, query);
  }

  /**
   * Deletes every record, for example between two tests. This process also drops the outcomes that it keeps and the runs
   * that calls could join. A running call loses its claim.
   */
  clear(): void {
    this.#records.clear();
    this.#round = this.#records.values();
    this.#firstExpiry = Number.POSITIVE_INFINITY;
    this.#firstOfRound = Number.POSITIVE_INFINITY;
    this.#access.order = undefined;
    dropMemoryOf(this);
  }

  async #list(query: RecordQuery): Promise<RecordPage> {
    return (await listerOf<InMemoryAccess>('InMemoryStore')).records(this.#access, query);
  }

  #keep(record: IdempotencyRecord): void {
    const { key, expiresAt } = record;
    const { state, bytes } = withoutBytes(record.state);
    const { order } = this.#access;
    const isNew = order !== undefined && !this.#records.has(key);
    this.#records.set(key, bytes ? { ...record, state, bytes } : record);
    // Afterwards: an order that is made anew has the keys that are there.
    if (isNew) order.add(key, this.#records);
    if (expiresAt < this.#firstExpiry) this.#firstExpiry = expiresAt;
    if (expiresAt < this.#firstOfRound) this.#firstOfRound = expiresAt;
  }

  // Claims sweep instead of a timer. So an unused store costs nothing and keeps no process alive. Each of them checks only
  // a few records, because a loop over a million records would block the process.
  #sweep(now: number): void {
    for (let checks = 0; checks < CHECKS_PER_CLAIM; checks += 1) {
      const { value, done } = this.#round.next();
      if (done) {
        this.#round = this.#records.values();
        this.#firstExpiry = this.#firstOfRound;
        this.#firstOfRound = Number.POSITIVE_INFINITY;
        return;
      }
      if (value.expiresAt <= now) this.#records.delete(value.key);
      else if (value.expiresAt < this.#firstOfRound) this.#firstOfRound = value.expiresAt;
    }
  }
}
