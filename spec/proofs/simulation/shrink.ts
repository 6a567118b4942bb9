import type { DrawnOptions, History } from './history.js';
import { type Outcome, type SimulateOptions, simulate } from './simulate.js';
import type { StoreModel } from './store-model.js';

/** How many histories are lived through in search of a shorter one. */
const MOST_TRIES = 600;

/** Options under which the least happens. */
const plainOptions: Partial<DrawnOptions> = {
  wait: 0,
  ttl: 'long',
  onStoreFailure: 'throw',
  remembersDeclines: false,
  decidesErrors: false,
  readFirst: false,
  keepLocal: 0,
  fingerprint: false,
  codec: false,
  lambda: false,
};

/** Leaves out of a history what a violation does not need: calls, acts, bad weather, options. */
export async function shrink(
  history: History,
  model: StoreModel,
  options: SimulateOptions = {},
): Promise<History> {
  let shortest = history;
  let outcome = await simulate(history, model, options);
  const rule = outcome.violations[0]?.rule;
  let tries = 0;
  for (let isShorter = true; isShorter; ) {
    isShorter = false;
    for (const shorter of shorterThan(shortest, outcome)) {
      tries += 1;
      if (tries > MOST_TRIES) return shortest;
      const next = await simulate(shorter, model, options);
      if (next.violations[0]?.rule !== rule) continue;
      shortest = shorter;
      outcome = next;
      isShorter = true;
      break;
    }
  }
  return shortest;
}

/** Histories with a little less in them, the greatest steps first. */
function* shorterThan(history: History, { rough }: Outcome): Generator<History> {
  const { calls, acts, climate, options, skews } = history;
  for (let at = 0; at < acts.length; at += 1) yield { ...history, acts: without(acts, at) };
  for (let at = 0; at < calls.length && calls.length > 1; at += 1)
    yield { ...history, calls: without(calls, at) };
  const calm = (more: readonly string[]) => ({
    ...history,
    climate: { ...climate, calm: [...climate.calm, ...more] },
  });
  if (rough.length > 1) {
    yield calm(rough);
    yield calm(rough.slice(0, rough.length / 2));
    yield calm(rough.slice(rough.length / 2));
  }
  for (const request of rough) yield calm([request]);
  for (const [option, value] of Object.entries(plainOptions)) {
    if (options[option as keyof DrawnOptions] !== value)
      yield { ...history, options: { ...options, [option]: value } };
  }
  if (skews.some((skew) => skew !== 0)) yield { ...history, skews: skews.map(() => 0) };
  for (const [at, call] of calls.entries()) {
    const { method } = call;
    const simpler = { ...method, ends: 'returns' as const, result: 'plain' as const };
    if (method.ends !== simpler.ends || method.result !== simpler.result)
      yield {
        ...history,
        calls: calls.map((one, place) => (place === at ? { ...call, method: simpler } : one)),
      };
  }
}

function without<T>(list: readonly T[], at: number): readonly T[] {
  return list.filter((_, place) => place !== at);
}
