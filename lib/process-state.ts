import { AsyncLocalStorage } from 'node:async_hooks';
import type { Execution } from './execution.js';
import type { LocalRun } from './local-runs.js';
import type { ProcessOptions } from './options.js';
import type { IdempotencyRecord, PersistenceStore } from './persistence-store.js';

/** What every copy of this library in one process must share. */
export interface ProcessState {
  configuration: ProcessOptions;
  /** Counts `configureIdempotency` calls, so that settings derived from the configuration can be renewed. */
  configurationVersion: number;
  defaultStore: PersistenceStore | undefined;
  readonly executions: AsyncLocalStorage<Execution>;
  readonly localRuns: WeakMap<PersistenceStore, Map<string, LocalRun>>;
  readonly keptOutcomes: WeakMap<PersistenceStore, Map<string, Map<string, IdempotencyRecord>>>;
  /** The source text of the method behind each operation name. */
  readonly operations: Map<string, string>;
  readonly warnings: Set<string>;
}

// One slot by name on the global object: import and require, bundles and double installs otherwise have one each.
const slot = Symbol.for('retrysafe.process.1');
const holder = globalThis as { [slot]?: ProcessState };

holder[slot] ??= {
  configuration: {},
  configurationVersion: 0,
  defaultStore: undefined,
  executions: new AsyncLocalStorage(),
  localRuns: new WeakMap(),
  keptOutcomes: new WeakMap(),
  operations: new Map(),
  warnings: new Set(),
};

export const processState: ProcessState = holder[slot];

/** Emits a process warning, once for each `subject`. */
export function warnOnce(subject: string, code: `RETRYSAFE_${string}`, message: string): void {
  if (processState.warnings.has(subject)) return;
  processState.warnings.add(subject);
  process.emitWarning(message, { type: 'RetrysafeWarning', code });
}
