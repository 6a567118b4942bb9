import { again, change, consumeBy, park, queue, type Settle } from './queue-in-postgres.js';
import type { QueueUnderTest } from './queue-under-test.js';

/** A queue that is consumed as consumers often are: each of them loses or keeps something. */
const settledBy = {
  /** What fails is gone. */
  'flawed/acknowledges-failures': (pool, job) => change(pool, job, 'DELETE FROM jobs'),
  /** What never ends well is delivered for ever. */
  'flawed/never-parks': (pool, job, error) =>
    error === undefined ? change(pool, job, 'DELETE FROM jobs') : again(pool, job, 0.5, 1),
  /** What fails is set aside at once: a duplicate of a running message, too. */
  'flawed/parks-whatever-fails': (pool, job, error) =>
    error === undefined ? change(pool, job, 'DELETE FROM jobs') : park(pool, job, String(error)),
} as const satisfies Record<string, Settle>;

export type Flaw = keyof typeof settledBy;

/** Queues that the judge must find fault with. */
export const flawed = Object.fromEntries(
  Object.entries(settledBy).map(([name, settle]) => [
    name,
    { ...queue, name, consume: ({ url }, handle) => consumeBy(settle, String(url), handle) },
  ]),
) as Readonly<Record<Flaw, QueueUnderTest>>;

export function isFlaw(name: string): name is Flaw {
  return name in flawed;
}
