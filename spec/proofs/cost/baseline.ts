import { AsyncLocalStorage } from 'node:async_hooks';
import { hash } from 'node:crypto';

const context = new AsyncLocalStorage<object>();
const record = {
  format: 1,
  status: 'completed',
  attempt: 1,
  fencingToken: 1_767_225_600_000,
  completedAt: 1_767_225_600_000,
  outcome: { kind: 'value', json: { holdId: 'hold-1', amount: 12.5 } },
};

/**
 * A fixed amount of the work that calls are made of: a hash, records to text and back, promises, timers. Whatever makes
 * a machine or a version of Node.js slow at these makes it slow at calls as well.
 */
export async function baseline(id: string): Promise<unknown> {
  let sum = hash('sha256', JSON.stringify(['Cost.baseline', null, id]), 'hex').length;
  for (let count = 0; count < 4; count += 1) sum += JSON.parse(JSON.stringify(record)).attempt;
  for (let count = 0; count < 3; count += 1) clearTimeout(setTimeout(() => {}, 10_000).unref());
  return context.run(record, () => nested(sum, 20));
}

async function nested(value: number, depth: number): Promise<number> {
  return depth === 0 ? value : (await nested(value, depth - 1)) + 1;
}

/**
 * How many times as long a call takes as the baseline: the shortest of many rounds of each, taken in turns, so that
 * whatever else the machine does counts for neither.
 */
export async function timesBaseline<T>(
  call: (request: T) => Promise<unknown>,
  requests: (count: number) => readonly T[],
): Promise<number> {
  const [rounds, count] = [40, 100];
  const shortest = { call: Number.POSITIVE_INFINITY, baseline: Number.POSITIVE_INFINITY };
  const timed = async (name: keyof typeof shortest, work: () => Promise<void>) => {
    const from = process.hrtime.bigint();
    await work();
    shortest[name] = Math.min(shortest[name], Number(process.hrtime.bigint() - from));
  };
  for (let round = 0; round < rounds; round += 1) {
    const fresh = requests(count);
    await timed('call', async () => {
      for (const request of fresh) await call(request);
    });
    await timed('baseline', async () => {
      for (let index = 0; index < count; index += 1) await baseline(`id-${round}-${index}`);
    });
  }
  return shortest.call / shortest.baseline;
}
