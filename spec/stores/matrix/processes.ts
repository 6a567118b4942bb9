import type { Completion, PersistenceStore } from 'retrysafe';

/** What a process of an application has: a store by a client of its own, and its part of the business. */
export interface Process {
  readonly store: PersistenceStore;
  /** Does the business of `id` and completes the call in one transaction; rejects where that is not committed. */
  readonly commit?: (id: string, completion: Completion) => Promise<void>;
}

/** Records and a business that several processes share, for the specs of one `describe`. */
export interface Processes {
  /** Another process. What it opened is closed after the specs. */
  start(): Promise<Process>;
  /** How often the business of `id` was done; only where processes have a `commit`. */
  readonly countOf?: (id: string) => Promise<number>;
}

/** One line of the matrix. */
export interface StoreLine {
  readonly title: string;
  /** Registers the hooks of the `describe` around it. Where the database cannot run they make its specs pending. */
  readonly use: () => Processes;
}
