import type { EventEmitter } from 'node:events';
import { queryObjects } from 'node:v8';
import { collectGarbage } from '../../support/heap.js';
import { type Point, type Trend, trend } from './flatness.js';

/** By how much a quantity may grow with a call: less than what any leak would add. */
export const limits = {
  'heap in bytes': 40,
  promises: 0.02,
  'abort signals': 0.02,
  maps: 0.02,
  sets: 0.02,
  handles: 0.02,
  listeners: 0.02,
} as const;

/** What a run must have grown by at all: on a slow machine a few calls share what is loaded and compiled late. */
const noise = { 'heap in bytes': 300_000, others: 20 } as const;

export type Quantity = keyof typeof limits;

/** Looks at this process, again and again, while nothing of the load is under way. */
export class Sampling {
  readonly #points = new Map<Quantity, Point[]>();

  /** `emitters` are those of the load that others listen to. */
  constructor(readonly emitters: readonly EventEmitter[]) {}

  sample(calls: number): void {
    // Twice: what is finalised by the first is freed by the second.
    collectGarbage();
    collectGarbage();
    const counts: Record<Quantity, number> = {
      'heap in bytes': process.memoryUsage().heapUsed,
      promises: queryObjects(Promise, { format: 'count' }),
      'abort signals': queryObjects(AbortSignal, { format: 'count' }),
      maps: queryObjects(Map, { format: 'count' }),
      sets: queryObjects(Set, { format: 'count' }),
      handles: process.getActiveResourcesInfo().length,
      listeners: [process as EventEmitter, ...this.emitters]
        .flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)))
        .reduce((sum, count) => sum + count, 0),
    };
    for (const [quantity, value] of Object.entries(counts) as [Quantity, number][]) {
      const points = this.#points.get(quantity) ?? [];
      this.#points.set(quantity, points);
      points.push({ calls, value });
    }
  }

  trends(): Record<Quantity, Trend> {
    return Object.fromEntries(
      [...this.#points].map(([quantity, points]) => [quantity, trend(points)]),
    ) as Record<Quantity, Trend>;
  }
}

/** What grows with the calls. */
export function growing(trends: Record<Quantity, Trend>): Quantity[] {
  return (Object.keys(limits) as Quantity[]).filter((quantity) => {
    const { slope, calls } = trends[quantity];
    const least = quantity === 'heap in bytes' ? noise[quantity] : noise.others;
    return slope > limits[quantity] && slope * calls > least;
  });
}
