import { known, processMemory } from '../../process/process-memory.js';

const counted = processMemory<Map<string, number>>('in-flight');

/** Counts what is under way in this process for each scope. */
export class InFlight {
  constructor(readonly most: number) {}

  get #counts(): Map<string, number> {
    return known(counted, this, () => new Map());
  }

  /** Counts one more, if there may be one more. */
  enter(scope: string): boolean {
    const count = this.#counts.get(scope) ?? 0;
    if (count >= this.most) return false;
    this.#counts.set(scope, count + 1);
    return true;
  }

  leave(scope: string): void {
    const count = (this.#counts.get(scope) ?? 0) - 1;
    if (count > 0) this.#counts.set(scope, count);
    else this.#counts.delete(scope);
  }
}
