import {
  ConfigurationError,
  type IdempotencyRecord,
  type ListingPlan,
  type PersistenceStore,
  type RecordPage,
  type RecordQuery,
  type RecordState,
} from 'retrysafe';
import { type BrokenStore, SoundStore } from './broken-stores.js';

const statuses = ['in-progress', 'abandoned', 'completed', 'unknown', 'released'];

/** Whether each option has a right value. Others there are none. */
const isRight: Readonly<Record<string, (value: unknown) => boolean>> = {
  status: (value) => statuses.includes(value as string),
  operation: (value) => typeof value === 'string',
  prefix: (value) => typeof value === 'string',
  olderThan: Number.isFinite,
  now: Number.isFinite,
  limit: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1_000,
  cursor: (value) => /^after .+/.test(String(value)),
};

/** What a query asks for of a state that can be read. */
interface Conditions {
  status(state: RecordState, query: RecordQuery, now: number): boolean;
  age(state: RecordState, query: RecordQuery): boolean;
}

/** A store that obeys every law and lists its records, in parts that a broken one can override. */
export class SoundListingStore extends SoundStore implements Conditions {
  async records(query: RecordQuery): Promise<RecordPage> {
    this.check(query);
    const { limit = 100, cursor = '' } = query;
    const after = cursor.slice('after '.length);
    const keys = [...this.texts.keys()].sort().filter((key) => this.isAfter(key, after));
    const records: IdempotencyRecord[] = [];
    for (const [index, key] of keys.entries()) {
      const record = this.read(key);
      if (record && this.asks(record, query)) records.push(this.shown(record));
      if (this.isFull(records, limit) && index < keys.length - 1)
        return { records, cursor: `after ${key}`, examined: index + 1 };
    }
    return { records, examined: keys.length };
  }

  async planRecords(query: RecordQuery): Promise<ListingPlan> {
    this.check(query);
    return { by: 'scan', records: this.texts.size, cost: 'Some memory.' };
  }

  check(query: RecordQuery): void {
    const wrong = Object.entries(query).find(([option, value]) => !isRight[option]?.(value));
    if (wrong) throw new ConfigurationError(`SoundStore: option "${wrong[0]}" is wrong`);
  }

  isAfter(key: string, after: string): boolean {
    return key > after;
  }

  isFull(records: readonly IdempotencyRecord[], limit: number): boolean {
    return records.length === limit;
  }

  asks(record: IdempotencyRecord, query: RecordQuery): boolean {
    const { prefix = '', now = Date.now() } = query;
    if (!this.isPresent(record, now) || !record.key.startsWith(prefix)) return false;
    if (!this.isOf(record.key, query.operation)) return false;
    if (!this.isReadable(record.state)) return query.status === undefined && query.olderThan === undefined;
    return this.status(record.state, query, now) && this.age(record.state, query);
  }

  isPresent({ expiresAt }: IdempotencyRecord, now: number): boolean {
    return expiresAt > now;
  }

  isOf(key: string, operation: string | undefined): boolean {
    return operation === undefined || key.slice(0, key.lastIndexOf('#')) === operation;
  }

  isReadable(state: RecordState): boolean {
    return state.format === 1 && statuses.includes(state.status);
  }

  status(state: RecordState, { status }: RecordQuery, now: number): boolean {
    if (status !== 'abandoned') return status === undefined || state.status === status;
    return state.status === 'in-progress' && state.leaseUntil <= now;
  }

  age(state: RecordState, { olderThan = Number.POSITIVE_INFINITY }: RecordQuery): boolean {
    if (state.status === 'completed') return state.completedAt < olderThan;
    if (state.status === 'in-progress') return state.startedAt < olderThan;
    return (state.about?.at ?? state.fencingToken) < olderThan;
  }

  shown(record: IdempotencyRecord): IdempotencyRecord {
    if (record.state.status !== 'completed') return record;
    const { kind, ...more } = record.state.outcome;
    const outcome = { kind, ...('reason' in more && { reason: more.reason }) };
    return { ...record, state: { ...record.state, outcome } as RecordState };
  }
}

function broken(
  fault: string,
  breaks: string,
  change: (store: typeof SoundListingStore) => new () => PersistenceStore,
): BrokenStore {
  return { fault, breaks, create: () => new (change(SoundListingStore))() };
}

const each = 'records() lists each record once or more, a page at a time, and changes none';
const ofStatus = 'records() lists the records of a status, those of any, and tells which are abandoned';
const ofOperation = 'records() lists the records of one operation, whatever its name';
const ofPrefix = 'records() lists the records whose keys begin with a prefix, whatever its letters';
const ofAge = 'records() lists the records that have had their status since before an instant';
const present = 'records() leaves out what has expired by its argument now, and not by a clock';
const content = 'records() lists of an outcome no more than its kind, and the reason where there is none';
const meanwhile = 'records() lists what matches all the while, also where others are written meanwhile';
const unreadable = 'records() lists what it cannot read where no status is asked for';
const refused = 'records() and planRecords() refuse a wrong option, and name it';
const plan = 'planRecords() tells how records() would list, and how much';

/** Stores with one fault in how they list, and a law that the fault breaks. Most break more than one. */
export const brokenListingStores: readonly BrokenStore[] = [
  broken('returns one record more than the limit', each, (Store) => {
    return class extends Store {
      override isFull(records: readonly IdempotencyRecord[], limit: number): boolean {
        return records.length === limit + 1;
      }
    };
  }),
  broken('leaves out the first record of each page', each, (Store) => {
    return class extends Store {
      override async records(query: RecordQuery): Promise<RecordPage> {
        const page = await super.records(query);
        return { ...page, records: query.cursor === undefined ? page.records : page.records.slice(1) };
      }
    };
  }),
  broken('begins each page at the first record', each, (Store) => {
    return class extends Store {
      override isAfter(): boolean {
        return true;
      }
    };
  }),
  broken('gives another token to what it lists', each, (Store) => {
    return class extends Store {
      override shown(record: IdempotencyRecord): IdempotencyRecord {
        return { ...super.shown(record), token: 'listed.1' };
      }
    };
  }),
  broken('removes what it lists', each, (Store) => {
    return class extends Store {
      override async records(query: RecordQuery): Promise<RecordPage> {
        const page = await super.records(query);
        for (const { key } of page.records) this.texts.delete(key);
        return page;
      }
    };
  }),
  broken('takes whatever is in progress for abandoned', ofStatus, (Store) => {
    return class extends Store {
      override status(state: RecordState, query: RecordQuery, now: number): boolean {
        return super.status(state, query.status === 'abandoned' ? { status: 'in-progress' } : query, now);
      }
    };
  }),
  broken('finds the name of a status anywhere in a state', ofStatus, (Store) => {
    return class extends Store {
      override status(state: RecordState, query: RecordQuery, now: number): boolean {
        return super.status(state, query, now) || JSON.stringify(state).includes(`"${query.status}"`);
      }
    };
  }),
  broken('ends the name of an operation at the first #', ofOperation, (Store) => {
    return class extends Store {
      override isOf(key: string, operation: string | undefined): boolean {
        return operation === undefined || key.split('#')[0] === operation;
      }
    };
  }),
  broken('lists the operations whose names begin alike', ofOperation, (Store) => {
    return class extends Store {
      override isOf(key: string, operation = ''): boolean {
        return key.startsWith(operation);
      }
    };
  }),
  broken('takes a prefix for a pattern', ofPrefix, (Store) => {
    return class extends Store {
      override asks({ key, ...rest }: IdempotencyRecord, { prefix = '', ...query }: RecordQuery): boolean {
        const pattern = new RegExp(`^${prefix.replaceAll('\\', '\\\\').replace(/[.*+?^${}()|[\]]/g, '.')}`);
        return pattern.test(key) && super.asks({ key, ...rest }, query);
      }
    };
  }),
  broken('compares a prefix whatever its case', ofPrefix, (Store) => {
    return class extends Store {
      override asks({ key, ...rest }: IdempotencyRecord, { prefix = '', ...query }: RecordQuery): boolean {
        return key.toLowerCase().startsWith(prefix.toLowerCase()) && super.asks({ key, ...rest }, query);
      }
    };
  }),
  broken('takes the time of a claim for that of a status', ofAge, (Store) => {
    return class extends Store {
      override age({ fencingToken }: RecordState, query: RecordQuery): boolean {
        return fencingToken < (query.olderThan ?? Number.POSITIVE_INFINITY);
      }
    };
  }),
  broken('lists what has expired', present, (Store) => {
    return class extends Store {
      override isPresent(): boolean {
        return true;
      }
    };
  }),
  broken('asks its own clock what has expired', present, (Store) => {
    return class extends Store {
      override isPresent(record: IdempotencyRecord): boolean {
        return super.isPresent(record, Date.now());
      }
    };
  }),
  broken('lists outcomes with their content', content, (Store) => {
    return class extends Store {
      override shown(record: IdempotencyRecord): IdempotencyRecord {
        return record;
      }
    };
  }),
  broken('leaves out the reason why there is no outcome', content, (Store) => {
    return class extends Store {
      override shown(record: IdempotencyRecord): IdempotencyRecord {
        const shown = super.shown(record) as { state: { outcome?: { reason?: string } } };
        delete shown.state.outcome?.reason;
        return shown as unknown as IdempotencyRecord;
      }
    };
  }),
  broken('remembers by number where a page began', meanwhile, (Store) => {
    return class extends Store {
      override async records({ cursor, ...query }: RecordQuery): Promise<RecordPage> {
        this.check({ ...query, ...(cursor !== undefined && { cursor }) });
        const { records } = await super.records({ ...query, limit: 1_000 });
        const from = Number(cursor?.slice('after '.length) ?? 0);
        const to = from + (query.limit ?? 100);
        const page = records.slice(from, to);
        const examined = records.length;
        return to < records.length
          ? { records: page, cursor: `after ${to}`, examined }
          : { records: page, examined };
      }
    };
  }),
  broken('leaves out what it cannot read', unreadable, (Store) => {
    return class extends Store {
      override asks(record: IdempotencyRecord, query: RecordQuery): boolean {
        return this.isReadable(record.state) && super.asks(record, query);
      }
    };
  }),
  broken('throws for what it cannot read', unreadable, (Store) => {
    return class extends Store {
      override isReadable(state: RecordState): boolean {
        if (!super.isReadable(state)) throw new TypeError('the record is damaged');
        return true;
      }
    };
  }),
  broken('lists nothing for a wrong option', refused, (Store) => {
    return class extends Store {
      override check(): void {}
    };
  }),
  broken('refuses a wrong option without its name', refused, (Store) => {
    return class extends Store {
      override check(query: RecordQuery): void {
        try {
          super.check(query);
        } catch {
          throw new ConfigurationError('SoundStore: an option is wrong');
        }
      }
    };
  }),
  broken('has no plan', plan, (Store) => {
    return class extends Store {
      override async planRecords(query: RecordQuery): Promise<ListingPlan> {
        this.check(query);
        return {} as ListingPlan;
      }
    };
  }),
];
