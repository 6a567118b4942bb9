import type { PersistenceStore } from '../../record/persistence-store.js';
import type { Settings } from '../../settings/settings.js';
import type { Machine } from '../machine/machine.js';
import type { Resolution } from '../machine/state.js';

// biome-ignore lint/suspicious/noExplicitAny: the engine runs methods of every shape
export type Method = (this: any, ...args: any[]) => unknown;

/** One call of an operation, before it is made: what it asks for, and by which rules. */
export interface PreparedCall {
  readonly operation: string;
  readonly method: Method;
  readonly settings: Settings;
  readonly machine: Machine;
  readonly store: PersistenceStore;
  readonly key: string;
  readonly fingerprint: string | undefined;
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** When the Lambda invocation ends that it belongs to, by the steady clock; else `Infinity`. */
  readonly endsAt: number;
  /** Whether nothing runs on behind the answer, as between two invocations of Lambda. */
  readonly stopsWithAnswer: boolean;
  /** Who makes it, as its records say. */
  readonly by: string | undefined;
  /** What an operator decides, where that is what the call is for. */
  readonly resolution?: Resolution;
}
