import { type Completion, type IdempotencyRecord, StoreError } from 'retrysafe';
import { Host, type SimulatedClock } from './clock.js';

/** What stood under a key from some time on; nothing where a store deleted it. */
export interface Version {
  readonly at: number;
  readonly record: IdempotencyRecord | undefined;
  /** Who wrote it. */
  readonly by: Host;
}

/** How a version came to stand. */
export type Step = 'claim' | 'replace' | 'transaction' | 'deletion' | 'failover';

/** Sees each change of a database in the moment in which it happens. */
export interface Witness {
  wrote(key: string, step: Step, before: Version | undefined, after: Version): void;
  counted(what: string): void;
}

/** What a store takes, in characters. Small, so that results can be too large without slowing a simulation. */
const LIMIT = 3_000;

/** The one database of a simulation: each operation is one atomic step, at the time at which it arrives. */
export class Database {
  readonly host = new Host('database');
  readonly #versions = new Map<string, Version[]>();
  /** Told of each key that was replaced. */
  readonly listeners = new Set<(key: string) => void>();

  constructor(
    readonly clock: SimulatedClock,
    readonly witness: Witness,
  ) {}

  claim(record: IdempotencyRecord, now: number, by: Host): Promise<IdempotencyRecord> | IdempotencyRecord {
    const holder = this.standing(record.key)?.record;
    return holder && holder.expiresAt > now ? copied(holder) : this.write('claim', record, by);
  }

  replace(
    record: IdempotencyRecord,
    token: string,
    by: Host,
  ): Promise<IdempotencyRecord | undefined> | IdempotencyRecord | undefined {
    const holder = this.standing(record.key)?.record;
    return holder?.token === token ? this.write('replace', record, by) : holder && copied(holder);
  }

  /** The record under `key`, or one that stood `lag` versions ago. */
  find(
    key: string,
    lag: number,
    _by: Host,
  ): Promise<IdempotencyRecord | undefined> | IdempotencyRecord | undefined {
    const standing = this.standing(key);
    if (lag > 0) this.witness.counted('stale read');
    const seen = lag > 0 ? this.versions(key).at(-1 - lag) : standing;
    return seen?.record && copied(seen.record);
  }

  /** Writes a completion together with the work that it completes, or neither. */
  commit({ record, token }: Completion, by: Host): boolean {
    if (this.standing(record.key)?.record?.token !== token) return false;
    this.write('transaction', record, by);
    return true;
  }

  /** What stood under the key, one version after the other. */
  versions(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  get keys(): readonly string[] {
    return [...this.#versions.keys()];
  }

  /** What stands under the key now. */
  standing(key: string): Version | undefined {
    const last = this.#versions.get(key)?.at(-1);
    if (last?.record && this.clock.now >= this.deletesAt(last))
      this.put('deletion', key, undefined, this.host);
    return this.#versions.get(key)?.at(-1);
  }

  /** Without what has expired long ago, as far as a store sweeps by itself. */
  sweep(): void {}

  /** Loses what was written in the last milliseconds. */
  failOver(_loses: number): void {}

  /** When the store deletes this version by itself. */
  protected deletesAt(_version: Version): number {
    return Number.POSITIVE_INFINITY;
  }

  protected write(step: Step, record: IdempotencyRecord, by: Host): IdempotencyRecord {
    const text = textOf(record);
    this.put(step, record.key, JSON.parse(text), by);
    if (step !== 'claim') for (const tell of this.listeners) tell(record.key);
    return JSON.parse(text);
  }

  protected put(step: Step, key: string, record: IdempotencyRecord | undefined, by: Host): void {
    const versions = this.#versions.get(key) ?? [];
    this.#versions.set(key, versions);
    const before = versions.at(-1);
    const after = { at: this.clock.now, record, by };
    versions.push(after);
    this.witness.wrote(key, step, before, after);
  }
}

/** @throws {StoreError} where the record is larger than a store takes. */
export function textOf(record: IdempotencyRecord): string {
  const text = JSON.stringify(record);
  if (text.length <= LIMIT) return text;
  throw new StoreError('the record is larger than the store takes', { tooLarge: true });
}

/** Answers share nothing with what is kept. */
export function copied(record: IdempotencyRecord): IdempotencyRecord {
  return JSON.parse(JSON.stringify(record));
}
