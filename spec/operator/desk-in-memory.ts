import type { RecordView } from 'retrysafe';
import type { Desk, DeskQuery, LifeEvent, RecordDetails, Resolution, Resolved } from '#operator/desk.js';

/** A desk whose records are those of a list, for specs of what stands before a desk. */
export class DeskInMemory implements Desk {
  readonly records: RecordView[];
  /** What was decided, in the order in which it was. */
  readonly resolutions: (Resolution & { readonly key: string })[] = [];
  /** The JSON of each outcome, by its key. */
  readonly outcomes = new Map<string, string>();
  /** The keys whose outcome was shown. */
  readonly revealed: string[] = [];

  constructor(...records: readonly RecordView[]) {
    this.records = [...records];
  }

  async list({ limit = 100, cursor = '0', ...query }: DeskQuery) {
    const all = this.records.filter((record) => isAskedFor(record, query));
    const end = Number(cursor) + limit;
    const records = all.slice(Number(cursor), end);
    return { records, examined: records.length, ...(end < all.length && { cursor: String(end) }) };
  }

  async plan() {
    return { by: 'index', records: this.records.length } as const;
  }

  async show(
    key: string,
    { reveal = false }: { readonly reveal?: boolean } = {},
  ): Promise<RecordDetails | undefined> {
    const record = this.records.find((one) => one.key === key);
    if (!record) return undefined;
    const { status, attempt, by, traceparent } = record;
    const details = { ...(by !== undefined && { by }), ...(traceparent !== undefined && { traceparent }) };
    const life: LifeEvent[] = [
      { what: 'claimed', attempt, at: record.since ?? 0, ...details },
      ...(status === 'unknown' || status === 'completed'
        ? [{ what: status, attempt, at: (record.since ?? 0) + 1 } as const]
        : []),
    ];
    if (status !== 'completed') return { record, life };
    if (reveal) this.revealed.push(key);
    const text = reveal ? this.outcomes.get(key) : undefined;
    return { record, life, outcome: { kind: record.outcome ?? 'none', ...(text !== undefined && { text }) } };
  }

  async resolve(
    seen: readonly { readonly key: string; readonly token?: string }[],
    resolution: Resolution,
  ): Promise<readonly Resolved[]> {
    return seen.map(({ key, token }) => this.#resolve(key, token, resolution));
  }

  #resolve(key: string, token: string | undefined, resolution: Resolution): Resolved {
    const index = this.records.findIndex((one) => one.key === key);
    const record = this.records[index];
    if (!record) return { key, isDone: false, error: 'There is no record.' };
    if (record.token !== token) return { key, isDone: false, error: 'The record has changed since.' };
    this.resolutions.push({ key, ...resolution });
    const { as, reason, by } = resolution;
    this.records[index] = {
      ...record,
      status: as === 'value' || as === 'refuse' ? 'completed' : 'released',
      token: `${record.token}'`,
      by,
      why: { kind: 'resolved', as, ...(reason !== undefined && { reason }) },
    };
    return { key, isDone: true };
  }

  async stats(query: DeskQuery, onProgress?: (examined: number) => void) {
    const counts = new Map<string, RecordView[]>();
    for (const record of this.records.filter((one) => isAskedFor(one, query))) {
      const name = `${record.operation}\n${record.status}`;
      counts.set(name, [...(counts.get(name) ?? []), record]);
      onProgress?.(counts.size);
    }
    return [...counts.values()].map((its) => ({
      operation: its[0]?.operation ?? '',
      status: its[0]?.status ?? 'unknown',
      count: its.length,
      oldestSince: Math.min(...its.map(({ since = 0 }) => since)),
      mostAttempts: Math.max(...its.map(({ attempt }) => attempt)),
    }));
  }
}

function isAskedFor(record: RecordView, { status, operation, prefix = '', olderThan }: DeskQuery): boolean {
  const { since = 0 } = record;
  return (
    (status === undefined ||
      status === record.status ||
      (status === 'stuck' && (record.status === 'unknown' || record.status === 'abandoned'))) &&
    (operation === undefined || record.operation === operation) &&
    record.key.startsWith(prefix) &&
    (olderThan === undefined || since < olderThan)
  );
}

let count = 0;

/** A record that nobody has looked at yet. */
export function recordView(given: Partial<RecordView> = {}): RecordView {
  count += 1;
  return {
    operation: 'Payments.charge',
    key: `Payments.charge#${String(count).padStart(8, '0')}c0ffee`,
    status: 'unknown',
    attempt: 1,
    fencingToken: 1_700_000_000_000 + count,
    expiresAt: 253_402_300_799_999,
    token: `owner-${count}.1`,
    since: Date.now() - count * 60_000,
    by: 'host-1/4711',
    ...given,
  };
}
