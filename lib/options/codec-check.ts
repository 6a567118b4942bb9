import type { Codec } from './options.js';
import { describeLateness } from './synchronous.js';

/** Returns what is expected in place of a codec, or `undefined` if the value is one. */
export function checkCodec(value: unknown): string | undefined {
  const { encode, decode, takes = 'values', plain = 'replay' } = Object(value) as Partial<Codec>;
  if (typeof encode !== 'function' || typeof decode !== 'function')
    return 'an object with encode(value): string and decode(text): unknown';
  if (takes !== 'values' && takes !== 'text') return "an object whose takes is 'values' or 'text'";
  if (plain !== 'replay' && plain !== 'refuse') return "an object whose plain is 'replay' or 'refuse'";
  const expected = describeLateness(encode) ?? describeLateness(decode);
  return expected && `an object whose encode and decode are each ${expected}`;
}
