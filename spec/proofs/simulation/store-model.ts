import type { SimulatedClock } from './clock.js';
import type { Database, Witness } from './database.js';
import type { Act } from './history.js';
import type { Fault } from './weather.js';

/** A kind of store with the faults that its documentation speaks of. */
export interface StoreModel {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly about: string;
  /** What may become of a request; what is named twice is chanced twice as often. */
  readonly faults: readonly Fault[];
  /** What else may happen to it, besides what may happen to all. */
  readonly acts: readonly Act['kind'][];
  /** How work and its completion can be written in one transaction, if they can. */
  readonly transactions: 'none' | 'one request' | 'statements';
  /** Whether reads may show an earlier version. */
  readonly hasStaleReads: boolean;
  readonly hasNotices: boolean;
  /** What is counted of this model alone, and has to occur. */
  readonly features: readonly string[];
  create(clock: SimulatedClock, witness: Witness): Database;
}
