import { Worker } from 'node:worker_threads';
import type { Stretch, StretchResult } from './worker.js';

const STRETCH = 250;

/** Lives through all histories with so many workers, until one of them is violated. */
export async function liveAll(
  names: readonly string[],
  seed: number,
  runs: number,
  jobs: number,
  validateEvery: number,
): Promise<readonly StretchResult[]> {
  const left: Stretch[] = names.flatMap((model) =>
    Array.from({ length: Math.ceil(runs / STRETCH) }, (_, at) => ({
      model,
      from: seed + at * STRETCH,
      count: Math.min(STRETCH, runs - at * STRETCH),
      validateEvery,
    })),
  );
  const results: StretchResult[] = [];
  const crew = Array.from({ length: Math.min(jobs, left.length) }, () =>
    work(left, (result) => {
      results.push(result);
      if (result.failure || result.validated.rejected.length > 0) left.length = 0;
    }),
  );
  await Promise.all(crew);
  return results;
}

/** One worker that takes what is left until nothing is. */
function work(left: Stretch[], done: (result: StretchResult) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  return new Promise<void>((resolve, reject) => {
    const next = () => {
      const stretch = left.shift();
      if (stretch) worker.postMessage(stretch);
      else worker.terminate().then(() => resolve(), reject);
    };
    worker.on('message', (result: StretchResult) => {
      done(result);
      next();
    });
    worker.on('error', reject);
    next();
  });
}
