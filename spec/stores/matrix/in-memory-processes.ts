import { InMemoryStore } from 'retrysafe';
import type { Processes } from './processes.js';

/** The processes are told apart by what stands before their stores in a spec; the records are in this one. */
export function inMemory(): Processes {
  const store = new InMemoryStore();
  return { start: async () => ({ store }) };
}
