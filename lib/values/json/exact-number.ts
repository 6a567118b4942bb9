import { shared } from '../../process/shared.js';

/** A decimal. Its value is `sign` × 0.`digits` × 10^`top`. The digits neither begin nor end with a zero. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly top: bigint;
}

/** More zeros than this are not written out: `1e999999999` would take a gigabyte. */
const MOST_ZEROS = 1_000;
/** The most digits that the shortest text of a double has. */
const DIGITS_OF_A_DOUBLE = 17;
const LONGEST_EXPONENT = 1_000;

const ZERO = 48;

/**
 * A number of a JSON text, as it is written there. A double holds neither 9007199254740993 nor 1222223333.00000001 nor
 * 1e400, so such a number is compared by its digits and its exponent. Nothing computes with it.
 */
class NumberOfJson {
  // This property is enumerable, since JMESPath takes an object without enumerable properties for an empty one.
  constructor(readonly written: string) {}

  #decimal: Decimal | undefined;

  get decimal(): Decimal {
    this.#decimal ??= decimalOf(this.written);
    return this.#decimal;
  }

  /** The double of exactly this value, or the number itself where there is none. Zero is 0, with either sign. */
  get plain(): number | NumberOfJson {
    const { decimal } = this;
    if (decimal.sign === 0) return 0;
    if (decimal.digits.length > DIGITS_OF_A_DOUBLE) return this;
    const double = Number(this.written);
    return Number.isFinite(double) && new ExactNumber(String(double)).text === this.text ? double : this;
  }

  get isInteger(): boolean {
    const { digits, top } = this.decimal;
    return top >= BigInt(digits.length);
  }

  /** One text for all ways to write this number. */
  get text(): string {
    const { sign, digits, top } = this.decimal;
    const minus = sign < 0 ? '-' : '';
    const zeros = top - BigInt(digits.length);
    if (zeros > MOST_ZEROS || top <= -MOST_ZEROS) return `${minus}${digits}e${zeros}`;
    const point = Number(top);
    if (zeros >= 0) return minus + digits.padEnd(point, '0');
    if (point > 0) return `${minus}${digits.slice(0, point)}.${digits.slice(point)}`;
    return `${minus}0.${'0'.repeat(-point)}${digits}`;
  }
}

// One class for all copies of the library: an expression may be compiled by another copy than the one that makes the key.
export const ExactNumber = shared('exact-number', () => NumberOfJson);
export type ExactNumber = NumberOfJson;

/** A number in any form that it may have in a request. */
export type AnyNumber = number | bigint | ExactNumber;

export function isAnyNumber(value: unknown): value is AnyNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber;
}

/** Returns the value itself, or the double where it is a number of a JSON text that a double holds. */
export function plain(value: unknown): unknown {
  return value instanceof ExactNumber ? value.plain : value;
}

/** Compares two numbers of any form. Returns a number below, at or above 0, or NaN where one of them is NaN. */
export function orderOfNumbers(one: AnyNumber, other: AnyNumber): number {
  if (typeof one === 'number' && typeof other === 'number') return orderOfDoubles(one, other);
  // Every other number lies between the infinities.
  if (isNotFinite(one)) return orderOfDoubles(one, 0);
  if (isNotFinite(other)) return orderOfDoubles(0, other);
  return orderOfDecimals(decimalForm(one), decimalForm(other));
}

/** Whether JSON writes a number as exactly that number. It writes NaN and the infinities as `null`, and -0 as `0`. */
export function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function orderOfDoubles(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : one > other ? 1 : Number.NaN;
}

function isNotFinite(value: AnyNumber): value is number {
  return typeof value === 'number' && !Number.isFinite(value);
}

function decimalForm(value: AnyNumber): Decimal {
  return value instanceof ExactNumber ? value.decimal : decimalOf(String(value));
}

function decimalOf(written: string): Decimal {
  const [mantissa = '', exponent = '0'] = written.split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let first = 0;
  while (digits.charCodeAt(first) === ZERO) first += 1;
  if (first === digits.length) return { sign: 0, digits: '', top: 0n };
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end -= 1;
  return {
    sign: written.startsWith('-') ? -1 : 1,
    digits: digits.slice(first, end),
    top: BigInt(whole.length - first) + exponentOf(exponent),
  };
}

function exponentOf(text: string): bigint {
  const short = text.replace(/^([+-]?)0+(?=\d)/, '$1');
  // BigInt takes seconds for a number of millions of digits.
  if (short.length > LONGEST_EXPONENT)
    throw new RangeError(`a number has an exponent of more than ${LONGEST_EXPONENT} digits`);
  return BigInt(short);
}

function orderOfDecimals(one: Decimal, other: Decimal): number {
  if (one.sign !== other.sign) return one.sign - other.sign;
  if (one.top !== other.top) return one.top < other.top ? -one.sign : one.sign;
  if (one.digits === other.digits) return 0;
  return one.digits < other.digits ? -one.sign : one.sign;
}
