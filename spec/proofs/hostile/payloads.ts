import * as fc from 'fast-check';
import type { IdempotentOptions } from 'retrysafe';
import { call } from './trial.js';
import { largeValues, type MakeValue, smallValues } from './values.js';

/** Where a payload is read. */
export const places: Readonly<Record<string, IdempotentOptions>> = {
  'all arguments': {},
  'a key function': { key: (payload: object) => payload },
  'a key function that puts parts together': { key: (payload: object) => [payload, { payload }] },
  'a scope': { key: () => 'one', scope: (payload: object) => payload },
  'a fingerprint': { key: () => 'one', fingerprint: (payload: object) => payload },
  'a fingerprint of all': { key: () => 'one', fingerprint: true },
  'a key expression': { key: 'part' },
  'an expression that puts parts together': { key: '[part, @]' },
  'what is not selected': { key: () => 'one' },
};

const wraps: Readonly<Record<string, (inner: unknown) => unknown>> = {
  'as it is': (inner) => inner,
  'in an object': (part) => ({ part }),
  'in a list': (inner) => [1, inner],
  'in a Map': (inner) => new Map([[inner, inner]]),
  'in a Set': (inner) => new Set([inner]),
  'as a cause': (cause) => new Error('x', { cause }),
  'behind a parent': (inner) =>
    typeof inner === 'object' && inner !== null ? Object.create(inner) : { inner },
};

/** A payload of small values in one another, at a place where it matters. */
export const payload = fc.record({
  name: fc.constantFrom(...Object.keys(smallValues)),
  beside: fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
    withSparseArray: true,
    withObjectString: true,
  }),
  inside: fc.array(fc.constantFrom(...Object.keys(wraps)), { maxLength: 3 }),
  place: fc.constantFrom(...Object.keys(places)),
});

type PayloadCase = typeof payload extends fc.Arbitrary<infer Case> ? Case : never;

export async function checkPayload({ name, beside, inside, place }: PayloadCase): Promise<string> {
  let value = (smallValues[name] as MakeValue)();
  for (const wrap of inside) value = (wraps[wrap] as (inner: unknown) => unknown)(value);
  const what = `${name}, ${inside.join(', ')}, at ${place}`;
  return call(what, places[place] as IdempotentOptions, [value, beside]);
}

/** Tries a value at every place, or a large one at those that cost most. */
export async function checkEverywhere(name: string, isThorough: boolean): Promise<void> {
  const make = { ...smallValues, ...largeValues }[name] as MakeValue;
  const costly = ['all arguments', 'an expression that puts parts together'];
  for (const place of name in smallValues || isThorough ? Object.keys(places) : costly)
    await call(`${name} at ${place}`, places[place] as IdempotentOptions, [make()]);
}

/** The names of all values. */
export const everyValue = Object.keys({ ...smallValues, ...largeValues });
