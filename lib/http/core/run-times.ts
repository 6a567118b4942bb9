import { known, processMemory } from '../../process/process-memory.js';

const seen = processMemory<Map<string, number>>('run-times');

/** The longest `Retry-After`, in seconds: the engine knows no more of a run than that its claim holds. */
const LONGEST_SECONDS = 3_600;

/** How much the latest run counts. */
const WEIGHT = 0.3;

/** How long the requests of each operation take, as this process has seen it. */
export class RunTimes {
  get #averages(): Map<string, number> {
    return known(seen, this, () => new Map());
  }

  learn(operation: string, lengthMs: number): void {
    const known = this.#averages.get(operation);
    this.#averages.set(operation, known === undefined ? lengthMs : known + WEIGHT * (lengthMs - known));
  }

  /**
   * Returns for how many seconds a client is to wait for a request that began at `startedAt`, by the wall clock: at least 1, which is what
   * nothing better is known than.
   */
  secondsLeft(operation: string, startedAt: number | undefined): number {
    const averageMs = this.#averages.get(operation);
    if (averageMs === undefined || startedAt === undefined) return 1;
    const leftMs = startedAt + averageMs - Date.now();
    return Math.min(Math.max(1, Math.ceil(leftMs / 1_000)), LONGEST_SECONDS);
  }
}
