import crypto from 'node:crypto';
import { Session } from 'node:inspector/promises';
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import { InMemoryStore, type PersistenceStore } from 'retrysafe';

/** What one call costs, counted and not timed. */
export interface Cost {
  readonly claims: number;
  readonly replaces: number;
  readonly finds: number;
  readonly timers: number;
  readonly hashes: number;
  /** How often the system was asked for random bytes. */
  readonly draws: number;
  readonly promises: number;
  /** Bytes of the heap that were allocated, garbage included. */
  readonly bytes: number;
}

/** An in-memory store that counts what is asked of it. */
export class CountingStore implements PersistenceStore {
  readonly #store = new InMemoryStore();
  readonly counts = { claims: 0, replaces: 0, finds: 0 };

  claim(...args: Parameters<PersistenceStore['claim']>) {
    this.counts.claims += 1;
    return this.#store.claim(...args);
  }

  replace(...args: Parameters<PersistenceStore['replace']>) {
    this.counts.replaces += 1;
    return this.#store.replace(...args);
  }

  find(key: string) {
    this.counts.finds += 1;
    return this.#store.find(key);
  }
}

/** What each of these calls, one after another, costs on average. Allocations are of the first half, counts of the second. */
export async function costOf<T>(
  { counts }: Pick<CountingStore, 'counts'>,
  call: (request: T) => Promise<unknown>,
  requests: readonly T[],
): Promise<Cost> {
  const half = requests.length / 2;
  const run = async (from: number, to: number) => {
    for (const request of requests.slice(from, to)) await call(request);
  };
  const before = { ...counts };
  // Allocations first: hooks of promises make the compiler give up what it knows, and what is not optimized allocates more.
  const bytes = await allocatedBy(() => run(0, half));
  const counted = await countingCalls(() => run(half, requests.length));
  return {
    claims: (counts.claims - before.claims) / requests.length,
    replaces: (counts.replaces - before.replaces) / requests.length,
    finds: (counts.finds - before.finds) / requests.length,
    timers: counted.timers / half,
    hashes: counted.hashes / half,
    draws: counted.draws / half,
    promises: counted.promises / half,
    bytes: bytes / half,
  };
}

/** Counts calls of functions of Node.js, and promises. */
async function countingCalls(work: () => Promise<void>) {
  const counted = { timers: 0, hashes: 0, draws: 0, promises: 0 };
  const undo = [
    replaceMethod(globalThis, 'setTimeout', () => {
      counted.timers += 1;
    }),
    ...(['hash', 'createHash'] as const).map((name) =>
      replaceMethod(crypto, name, () => {
        counted.hashes += 1;
      }),
    ),
    ...(['randomBytes', 'randomFillSync', 'randomUUID'] as const).map((name) =>
      replaceMethod(crypto, name, () => {
        counted.draws += 1;
      }),
    ),
  ];
  // Modules that import these by name see the replaced ones.
  syncBuiltinESMExports();
  const stop = v8.promiseHooks.onInit(() => {
    counted.promises += 1;
  }) as () => void;
  try {
    await work();
  } finally {
    stop();
    for (const one of undo) one();
    syncBuiltinESMExports();
  }
  return counted;
}

function replaceMethod<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  onCall: () => void,
): () => void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    onCall();
    return original.apply(this, args);
  } as T[K];
  return () => {
    owner[name] = original as T[K];
  };
}

interface Allocations {
  readonly selfSize: number;
  readonly children: readonly Allocations[];
}

/** Bytes that `work` allocates, from a sample of one in every 256, whatever became of them. */
async function allocatedBy(work: () => Promise<void>): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: 256,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as object);
    await work();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    const sizeOf = ({ selfSize, children }: Allocations): number =>
      children.reduce((sum, child) => sum + sizeOf(child), selfSize);
    return sizeOf(profile.head);
  } finally {
    session.disconnect();
  }
}
