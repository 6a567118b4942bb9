import type { Host } from './clock.js';

/** Something that happens to a host at a time. */
export interface Happening {
  at: number;
  /** Which of those at one time comes first. */
  order: number;
  readonly host: Host;
  readonly run: () => void;
  /** Whether the host's own code set it as a timer. */
  readonly isTimer: boolean;
  /** Whether it is past, or was called off. */
  isOver: boolean;
  /** Whether the host was frozen when it should have happened. */
  isOverdue: boolean;
}

/** What is to come, the earliest first: a binary heap, since a history has thousands of happenings. */
export class Happenings {
  readonly #heap: Happening[] = [];

  push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Happening;
      if (!isBefore(happening, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }

  pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Happening, heap[below] as Happening))
        below += 1;
      const child = heap[below] as Happening;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
