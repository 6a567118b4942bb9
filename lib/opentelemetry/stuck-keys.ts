import { type BatchObservableResult, diag, type Meter } from '@opentelemetry/api';
import { ConfigurationError } from '../errors.js';
import { steadyNow } from '../process/steady-clock.js';
import { warnOnce } from '../process/warnings.js';
import { operationOf } from '../record/key-parts.js';
import type { PersistenceStore, RecordPage, RecordQuery } from '../record/persistence-store.js';
import { attributeNames } from './attribute-names.js';
import type { Settings } from './instrumentation-config.js';
import { scanInstrumentsOf } from './instruments.js';

type List = (query: RecordQuery) => Promise<RecordPage>;

/** The statuses of keys that wait for a person, or for the next call. */
const statuses = ['unknown', 'abandoned'] as const;
type Status = (typeof statuses)[number];

/** How many keys each operation has in each status. */
type Counts = ReadonlyMap<string, Readonly<Record<Status, number>>>;

const PAGE = 1_000;

/** Reports the stuck keys of stores wherever metrics are collected. Returns a function that stops. */
export function observeStuckKeys(meter: Meter, settings: Settings): () => void {
  const scans = scansOf(settings);
  if (scans.length === 0) return () => {};
  const { stuckKeys, scanAge } = scanInstrumentsOf(meter);
  const report = (result: BatchObservableResult) => {
    for (const { name, scan } of scans) {
      scan.beginIfDue();
      const store = { [attributeNames.store]: name };
      if (scan.endedAt !== undefined) result.observe(scanAge, (steadyNow() - scan.endedAt) / 1_000, store);
      for (const [operation, counts] of scan.found ?? [])
        for (const status of statuses)
          result.observe(stuckKeys, counts[status], {
            ...store,
            [attributeNames.operation]: operation,
            [attributeNames.status]: status,
          });
    }
  };
  meter.addBatchObservableCallback(report, [stuckKeys, scanAge]);
  return () => {
    meter.removeBatchObservableCallback(report, [stuckKeys, scanAge]);
    for (const { scan } of scans) scan.stop();
  };
}

function scansOf(settings: Settings): readonly { readonly name: string; readonly scan: Scan }[] {
  return Object.entries(settings.stores).flatMap(([name, store]) => {
    const list = listOf(store);
    if (list) return [{ name, scan: new Scan(name, list, settings) }];
    diag.warn(
      `retrysafe/opentelemetry: the store "${name}" has no records(), so its stuck keys are not counted`,
    );
    return [];
  });
}

function listOf(store: PersistenceStore): List | undefined {
  return typeof store.records === 'function' ? (query) => (store.records as List)(query) : undefined;
}

/**
 * Counts the stuck keys of one store, a few pages at a time. It reads on where it ended the time before, and says what it found only
 * once it has read everything: what a part of a store has says nothing of the whole.
 */
class Scan {
  /** What the last complete scan found. Operations that have none any more have zeros. */
  found: Counts | undefined;
  /** When that scan ended, by the steady clock. */
  endedAt: number | undefined;
  #counts = new Map<string, Record<Status, number>>();
  #left: readonly Status[] = statuses;
  #cursor: string | undefined;
  #dueAt = Number.NEGATIVE_INFINITY;
  #isReading = false;
  #isStopped = false;

  constructor(
    readonly name: string,
    readonly list: List,
    readonly settings: Settings,
  ) {}

  /** Begins to read where it is time to. Nobody waits for it: an export must not last as long as a scan does. */
  beginIfDue(): void {
    const now = steadyNow();
    if (this.#isReading || this.#isStopped || now < this.#dueAt) return;
    this.#dueAt = now + this.settings.scanIntervalMs;
    this.#isReading = true;
    void this.#read();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #read(): Promise<void> {
    try {
      for (let page = 0; page < this.settings.scanPages && this.#left.length > 0; page += 1) {
        await this.#readPage(this.#left[0] as Status);
        if (this.#isStopped) return;
      }
      if (this.#left.length === 0) this.#complete();
    } catch (fault) {
      // What was found before stays, and its age says so: an SDK reports a figure that it once had in any case.
      this.#beginAnew();
      const what = `retrysafe/opentelemetry: the stuck keys of the store "${this.name}" cannot be counted`;
      diag.error(what, fault);
      // No later scan mends it, and nobody hears `diag` who has set no logger.
      if (fault instanceof ConfigurationError)
        warnOnce(`stuck keys of ${this.name}`, 'RETRYSAFE_STUCK_KEYS', `${what}: ${fault.message}`);
    } finally {
      this.#isReading = false;
    }
  }

  async #readPage(status: Status): Promise<void> {
    const cursor = this.#cursor;
    const page = await this.list({ status, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    for (const { key } of page.records) this.#countsOf(operationOf(key))[status] += 1;
    this.#cursor = page.cursor;
    if (page.cursor === undefined) this.#left = this.#left.slice(1);
  }

  #countsOf(operation: string): Record<Status, number> {
    const counts = this.#counts.get(operation) ?? { unknown: 0, abandoned: 0 };
    this.#counts.set(operation, counts);
    return counts;
  }

  #complete(): void {
    for (const operation of this.found?.keys() ?? []) this.#countsOf(operation);
    this.found = this.#counts;
    this.endedAt = steadyNow();
    this.#beginAnew();
  }

  #beginAnew(): void {
    this.#counts = new Map();
    this.#left = statuses;
    this.#cursor = undefined;
  }
}
