import { type AnyNumber, ExactNumber, plain } from '../values/json/exact-number.js';

/** The form of what is no plain JSON: an object that no plain one is equal to. */
export function special(kind: string, ...parts: readonly unknown[]): { readonly $: readonly unknown[] } {
  return { $: [kind, ...parts] };
}

/** The same for two ways to write one number. A JSON number is a double where it can be, else what a bigint is if it is whole. */
export function numberForm(value: AnyNumber): unknown {
  const number = plain(value);
  if (typeof number === 'number')
    return Number.isFinite(number) && !Object.is(number, -0) ? number : special('number', printed(number));
  const exact = number instanceof ExactNumber ? number : new ExactNumber(String(number));
  return special(exact.isInteger ? 'bigint' : 'number', exact.text);
}

function printed(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
