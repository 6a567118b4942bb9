import type { World } from './world.js';

/** States as they are, with all times, tokens and counts: nothing is taken for the same that is not. For small scenarios. */
export class ExactStates {
  readonly #states = new Map<string, number>();

  get size(): number {
    return this.#states.size;
  }

  /** Adds a state. Returns whether it is new, or was reached by a longer way only. */
  add(world: World, depth: number): boolean {
    const text = textOf(world);
    const seenAt = this.#states.get(text);
    if (seenAt !== undefined && seenAt <= depth) return false;
    this.#states.set(text, depth);
    return true;
  }
}

function textOf({ now, faults, isOver, processes, callers, requests, versions, invariants }: World): string {
  const { ledgers, applied } = invariants;
  const all = { now, faults, isOver, processes, callers, requests, versions, ledgers, applied };
  return JSON.stringify(all, (name, value: unknown) => {
    if (name === 'facts') return (value as { readonly index: number }).index;
    if (value instanceof Map) return [...value];
    // JSON has neither.
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value === undefined ? null : value;
  });
}
