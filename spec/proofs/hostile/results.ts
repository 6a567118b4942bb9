import * as fc from 'fast-check';
import { InMemoryStore, makeIdempotent, OutcomeUnavailableError, recordOf } from 'retrysafe';
import { gaveAway } from './marker.js';
import { checkPrototypes, checkWords, timed, Violation } from './trial.js';
import { largeValues, type MakeValue, smallValues } from './values.js';

const values = { ...smallValues, ...largeValues };

// Whatever awaits them gets something else, or an error: the language asks a result for its `then`.
const noResults = ['a promise', 'a then that throws', 'a proxy that was revoked', 'a list that was revoked'];

/** The names of all results. */
export const everyResult = Object.keys(values).filter((name) => !noResults.includes(name));

/** Whichever way a result leaves a method. */
export const ways = ['returned', 'remembered', 'recovered'] as const;
type Way = (typeof ways)[number];

export const result = fc.record({
  name: fc.constantFrom(...everyResult.filter((name) => name in smallValues)),
  depth: fc.nat(2),
  way: fc.constantFrom(...ways),
});

type ResultCase = typeof result extends fc.Arbitrary<infer Case> ? Case : never;

/** The caller gets its very result, the method never runs again, and a duplicate gets a copy or a clear refusal. */
export async function checkResult({ name, depth, way }: ResultCase): Promise<string> {
  let value = (values[name] as MakeValue)();
  for (let level = 0; level < depth; level += 1) value = { list: [value] };
  return check(`${name}, ${way}`, way, way === 'remembered' ? errorWith(value) : value);
}

function errorWith(value: unknown): unknown {
  return Object.assign(new Error('declined'), { value });
}

async function check(what: string, way: Way, value: unknown): Promise<string> {
  const store = new InMemoryStore();
  let runs = 0;
  let recoveries = 0;
  const give = makeIdempotent(
    async (_id: string) => {
      runs += 1;
      if (way === 'remembered') throw value;
      if (way === 'recovered' && runs === 1) throw new Error('first');
      return value;
    },
    {
      store,
      name: 'Hostile.give',
      ...(way === 'remembered' && { onError: () => 'remember' as const }),
      ...(way === 'recovered' && {
        onError: () => 'unknown' as const,
        onAbandoned: () => {
          recoveries += 1;
          return { value };
        },
      }),
    },
  );
  const ask = () =>
    timed(what, () =>
      give('1').then(
        (got: unknown) => ({ got }),
        (error: unknown) => ({ error }),
      ),
    );
  if (way === 'recovered') await ask();
  const first = await ask();
  const isTheVery = Object.is('got' in first ? first.got : first.error, value);
  if (!isTheVery) throw new Violation(`${what}: the caller did not get it as it is`);
  const view = await recordOf(give, '1').inspect();
  if (view?.status !== 'completed') throw new Violation(`${what}: the key is ${view?.status}`);
  const again = await ask();
  checkPrototypes(what);
  if (runs !== 1 || recoveries > 1) throw new Violation(`${what}: it ran again`);
  if (view.outcome !== 'none') return 'replayed';
  if (!('error' in again) || !(again.error instanceof OutcomeUnavailableError))
    throw new Violation(`${what}: there is no outcome, and the duplicate was not told so`);
  checkWords(what, again.error);
  if (gaveAway(JSON.stringify(await store.find(view.key))))
    throw new Violation(`${what}: the reason tells it`);
  return 'refused';
}
