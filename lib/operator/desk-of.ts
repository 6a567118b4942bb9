import { handleOfKey, operationIn } from '../decorator/record-of.js';
import { ConfigurationError, IdempotencyError, StoreError } from '../errors.js';
import { addListers } from '../listing/add-listers.js';
import { operationOf } from '../record/key-parts.js';
import type {
  IdempotencyRecord,
  ListingPlan,
  PersistenceStore,
  RecordPage,
  RecordQuery,
} from '../record/persistence-store.js';
import { readState } from '../record/record.js';
import { type RecordView, viewOf } from '../record/record-view.js';
import { resolveSettings, type Settings } from '../settings/settings.js';
import { defined } from './defined.js';
import type {
  Desk,
  DeskPage,
  DeskQuery,
  RecordDetails,
  Resolution,
  Resolved,
  SeenRecord,
  StatusCount,
} from './desk.js';
import type { KnownOperations } from './known-operations.js';
import { lifeOf } from './life.js';
import { outcomeTextOf } from './outcome-text.js';

/** What a desk knows of the service whose records it shows. */
export interface DeskOptions {
  /** The options of the service's operations: with them outcomes are decoded and values encoded as the service does. Default: none. */
  readonly operations?: KnownOperations;
}

/** Returns the desk of a store. */
export function deskOf(store: PersistenceStore, { operations = new Map() }: DeskOptions = {}): Desk {
  addListers();
  return new StoreDesk(store, operations);
}

/** After so many records in a row for which the store fails, no further ones are tried: each may take as long as a store call may. */
const MOST_FAILURES = 3;

class StoreDesk implements Desk {
  constructor(
    readonly store: PersistenceStore,
    readonly operations: KnownOperations,
  ) {}

  async list(query: DeskQuery): Promise<DeskPage> {
    const [own, cursor] = placeIn(query);
    const page = await this.#pageOf(ownQuery(query, own, cursor));
    const records = page.records
      .map((record) => this.#view(record))
      .filter((view) => isAskedFor(view, query));
    const next = nextPlace(query, own, page.cursor);
    return { records, ...(next !== undefined && { cursor: next }), examined: page.examined };
  }

  async plan(query: DeskQuery): Promise<ListingPlan> {
    const plans: ListingPlan[] = [];
    for (const status of statusesOf(query))
      plans.push(await this.#planOf(ownQuery(query, status, undefined)));
    const scan = plans.find(({ by }) => by === 'scan');
    return scan ?? (plans[0] as ListingPlan);
  }

  async show(key: string, { reveal = false } = {}): Promise<RecordDetails | undefined> {
    operationIn('show', key);
    const record = await this.store.find(key, { consistent: true });
    if (!record || record.expiresAt <= Date.now()) return undefined;
    const view = this.#view(record);
    const details = { record: view, life: lifeOf(view) };
    const state = readState(record);
    if (state.status !== 'completed') return details;
    const known = this.operations.get(view.operation);
    return {
      ...details,
      outcome: outcomeTextOf(state.outcome, known, { operation: view.operation, key, reveal }),
    };
  }

  async resolve(seen: readonly SeenRecord[], resolution: Resolution): Promise<readonly Resolved[]> {
    const resolved: Resolved[] = [];
    let failures = 0;
    for (const one of seen) {
      const { key } = one;
      if (failures === MOST_FAILURES) {
        resolved.push({
          key,
          isDone: false,
          error: 'not tried, since the store has failed for those before',
        });
        continue;
      }
      try {
        resolved.push({ key, isDone: await this.#resolve(one, resolution) });
        failures = 0;
      } catch (error) {
        if (!(error instanceof IdempotencyError)) throw error;
        failures = error instanceof StoreError && !error.tooLarge ? failures + 1 : 0;
        resolved.push({ key, isDone: false, error: error.message });
      }
    }
    return resolved;
  }

  async stats(
    query: DeskQuery,
    onProgress: (examined: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<readonly StatusCount[]> {
    const counts = new Map<string, StatusCount>();
    let examined = 0;
    let cursor: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.list({ limit: 1_000, ...query, ...(cursor !== undefined && { cursor }) });
      for (const view of page.records) count(counts, view);
      examined += page.examined;
      onProgress(examined);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return [...counts.values()].sort(
      (a, b) => compare(a.operation, b.operation) || compare(a.status, b.status),
    );
  }

  async #resolve({ key, token }: SeenRecord, resolution: Resolution): Promise<boolean> {
    const operation = operationIn('resolve', key);
    const handle = handleOfKey('resolve', this.store, key, this.operations.get(operation));
    const { as, by, reason, isForced: force } = resolution;
    const decided = defined({ by, reason, token, force });
    if (as === 'forgotten') return handle.forget(decided);
    if (as !== 'value') return handle.resolve({ ...decided, as });
    return handle.resolve({ ...decided, as, value: this.#valueOf(operation, resolution) });
  }

  #valueOf(operation: string, { json, isPlain = false }: Resolution): unknown {
    if (IS_ROUTE.test(operation)) {
      throw new ConfigurationError(
        `resolve: ${operation} is a route of HTTP, whose calls read a recorded response and no value; let it run again, or refuse it`,
        { operation },
      );
    }
    if (!isPlain && !this.operations.has(operation)) {
      throw new ConfigurationError(
        `resolve: the options of ${operation} are not known here, so that a value may be encoded otherwise than its calls read it; name its class or function in \`operations\` (of retrysafe.config.mjs, or of the page), or say that it has no codec (--plain)`,
        { operation },
      );
    }
    try {
      return JSON.parse(json ?? '');
    } catch {
      throw new ConfigurationError('resolve: the value is not JSON', { operation });
    }
  }

  #view(record: IdempotencyRecord): RecordView {
    const operation = operationOf(record.key);
    return viewOf(operation, record, this.#settingsOf(operation).clockTolerance);
  }

  #settingsOf(operation: string): Settings {
    return this.operations.get(operation) ?? resolveSettings(operation, { store: this.store }, {});
  }

  async #pageOf(query: RecordQuery): Promise<RecordPage> {
    if (this.store.records) return this.store.records(query);
    throw new ConfigurationError(
      'the store cannot list: it has no method records(); ask for a record by its key, or give the store that method (see "Write a store")',
    );
  }

  async #planOf(query: RecordQuery): Promise<ListingPlan> {
    return this.store.planRecords ? this.store.planRecords(query) : { by: 'scan' };
  }
}

/** As a guard of HTTP names its operations: a name, the method and the pattern of the route. */
const IS_ROUTE = / [A-Z]+ \//;

type StoreStatus = RecordQuery['status'];

/** The statuses that a store is asked for, one after another. */
function statusesOf({ status }: DeskQuery): readonly StoreStatus[] {
  if (status === 'stuck') return ['unknown', 'abandoned'];
  return [status === 'unreadable' ? undefined : status];
}

/** Returns the status that a page is of, and where it begins. Where several are asked for, the cursor says which. */
function placeIn(query: DeskQuery): readonly [StoreStatus, string | undefined] {
  const statuses = statusesOf(query);
  const { cursor } = query;
  if (statuses.length === 1 || cursor === undefined) return [statuses[0], cursor];
  const at = cursor.indexOf(':');
  const status = statuses.find((one) => one === cursor.slice(0, at));
  if (status === undefined)
    throw new ConfigurationError('list: the cursor is not that of a page of the same query');
  return [status, cursor.slice(at + 1) || undefined];
}

function nextPlace(query: DeskQuery, own: StoreStatus, cursor: string | undefined): string | undefined {
  const statuses = statusesOf(query);
  if (statuses.length === 1) return cursor;
  if (cursor !== undefined) return `${own}:${cursor}`;
  const next = statuses[statuses.indexOf(own) + 1];
  return next && `${next}:`;
}

function ownQuery(query: DeskQuery, status: StoreStatus, cursor: string | undefined): RecordQuery {
  const { operation, prefix, olderThan, limit } = query;
  return defined({ status, operation, prefix, olderThan, limit, cursor });
}

/** Whether a view is one of those that were asked for: a store knows of no tolerance between clocks. */
function isAskedFor(view: RecordView, { status }: DeskQuery): boolean {
  if (status === 'stuck') return view.status === 'unknown' || view.status === 'abandoned';
  return status === undefined || view.status === status;
}

function count(counts: Map<string, StatusCount>, { operation, status, since, attempt }: RecordView): void {
  const known = counts.get(`${status} ${operation}`);
  const oldest = Math.min(known?.oldestSince ?? Number.POSITIVE_INFINITY, since ?? Number.POSITIVE_INFINITY);
  counts.set(`${status} ${operation}`, {
    operation,
    status,
    count: (known?.count ?? 0) + 1,
    ...(Number.isFinite(oldest) && { oldestSince: oldest }),
    mostAttempts: Math.max(known?.mostAttempts ?? 0, attempt),
  });
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
