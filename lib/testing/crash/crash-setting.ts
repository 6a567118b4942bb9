import type { PersistenceStore } from '../../record/persistence-store.js';
import type { TestDatabase } from './test-database.js';
import type { TestStore } from './test-store.js';

/** What `setUp` gets. */
export interface CrashSetting<Store extends PersistenceStore = TestStore> {
  /** Give it to the service. Each of its operations may be the last thing that a process does. */
  readonly store: Store;
  /** A database in memory, of which transactions can complete calls: `store.complete(tx, completion)`. */
  readonly database: TestDatabase;
  /**
   * Wraps a function that changes something outside of the process, or reads it, so that the process may die before and after, its
   * answer may be lost, and it may fail. `name` is what stories call it. What is not wrapped, a crash test does not see.
   */
  effect<Call extends (...args: never[]) => unknown>(name: string, call: Call): Effect<Call>;
}

/** A wrapped function returns a promise. */
export type Effect<Call extends (...args: never[]) => unknown> = (
  ...args: Parameters<Call>
) => Promise<Awaited<ReturnType<Call>>>;
