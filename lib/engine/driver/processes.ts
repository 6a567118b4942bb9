import { processMemory } from '../../process/process-memory.js';
import type { PersistenceStore } from '../../record/persistence-store.js';
import { type Entries, FewMap } from '../machine/few-map.js';
import { newProcess, type ProcessState } from '../machine/state.js';

/** The calls of this process on one store, and those of them that wait for another one, of this process or not. */
export interface Process {
  readonly state: ProcessState;
  /** By the id of the call: those that another one may wake. Named as in the copies of earlier versions, which share it. */
  readonly joined: Entries<number, { wake(): void }>;
}

const processes = processMemory<Process>('processes');

/** Returns what this process does on a store. All copies of the library share it. */
export function processOf(store: PersistenceStore): Process {
  const known = processes.get(store);
  if (known) return known;
  const process: Process = { state: newProcess(), joined: new FewMap() };
  processes.set(store, process);
  return process;
}
