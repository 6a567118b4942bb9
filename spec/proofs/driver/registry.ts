import type { PersistenceStore } from 'retrysafe';

interface Process {
  readonly state: { readonly calls: Map<number, unknown>; readonly leaders: Map<string, unknown> };
  readonly joined: Map<number, unknown>;
}

/** How much the process remembers of the calls on a store. */
export function registryOf(store: PersistenceStore): {
  readonly calls: number;
  readonly leaders: number;
  readonly joined: number;
} {
  const slot = (globalThis as Record<symbol, unknown>)[Symbol.for('retrysafe.shared.1')] as Map<
    string,
    unknown
  >;
  const processes = slot.get('processes') as WeakMap<object, Process> | undefined;
  if (!processes) throw new Error('the process has no registry of calls: it has another name now');
  const process = processes.get(store);
  if (!process) return { calls: 0, leaders: 0, joined: 0 };
  const { state, joined } = process;
  return { calls: state.calls.size, leaders: state.leaders.size, joined: joined.size };
}
