import { bytesIn } from '../values/built-in-kinds.js';
import { withExactNumbers } from '../values/json/exact-json.js';
import {
  type AnyNumber,
  ExactNumber,
  isAnyNumber,
  orderOfNumbers,
  plain,
} from '../values/json/exact-number.js';

type Visit = (expression: unknown, value: unknown) => unknown;
type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Returns the functions of JMESPath that read numbers. They throw where they cannot compute exactly. */
export function numberFunctions(visit: Visit): Functions {
  const by = (list: readonly unknown[], expression: unknown) =>
    inOneKind(list.map((part) => visit(expression, part))).map((key, at) => ({ key, part: list[at] }));
  return {
    abs: magnitude,
    ceil: (value: AnyNumber) => rounded('ceil', Math.ceil, value),
    floor: (value: AnyNumber) => rounded('floor', Math.floor, value),
    sum: (list: readonly AnyNumber[]) => sumOf('sum', list),
    avg: (list: readonly AnyNumber[]) => (list.length === 0 ? null : sumOf('avg', list) / list.length),
    max: (list: readonly Ordered[]) =>
      first(list.map(plain) as Ordered[], (one, other) => orderOf(other, one)),
    min: (list: readonly Ordered[]) => first(list.map(plain) as Ordered[], orderOf),
    sort: (list: readonly Ordered[]) => (list.map(plain) as Ordered[]).sort(orderOf),
    max_by: (list: readonly unknown[], key: unknown) =>
      first(by(list, key), (one, other) => orderOf(other.key, one.key))?.part ?? null,
    min_by: (list: readonly unknown[], key: unknown) =>
      first(by(list, key), (one, other) => orderOf(one.key, other.key))?.part ?? null,
    sort_by: (list: readonly unknown[], key: unknown) =>
      by(list, key)
        .sort((one, other) => orderOf(one.key, other.key))
        .map(({ part }) => part),
    contains: (within: readonly unknown[] | string, wanted: unknown) => {
      if (typeof within !== 'string') return within.some((part) => isEqual(part, wanted));
      return typeof wanted === 'string' ? within.includes(wanted) : null;
    },
    // Only what JSON takes for a number is one in the language, too.
    to_number: (value: unknown) => {
      if (isAnyNumber(value)) return value;
      return typeof value === 'string' && jsonNumber.test(value) ? new ExactNumber(value).plain : null;
    },
    to_string: textOf,
    from_items: (pairs: readonly (readonly unknown[])[]) => {
      const isPair = ([name, ...values]: readonly unknown[]) =>
        typeof name === 'string' && values.length === 1;
      if (!pairs.every(isPair)) throw new TypeError('from_items() takes pairs of a text and a value');
      return Object.fromEntries(pairs.map(withExactNumbers) as [string, unknown][]);
    },
  };
}

type Ordered = AnyNumber | string;

function orderOf(one: Ordered, other: Ordered): number {
  if (typeof one !== 'string' && typeof other !== 'string') return orderOfNumbers(one, other);
  // UTF-8 has the order of code points. An order by locale would give other keys in another locale.
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}

function inOneKind(keys: readonly unknown[]): readonly Ordered[] {
  const isOne = keys.every(isAnyNumber) || keys.every((key) => typeof key === 'string');
  if (!isOne)
    throw new TypeError('the values that a list is sorted by are neither all numbers nor all texts');
  return keys as readonly Ordered[];
}

function first<T>(list: readonly T[], order: (one: T, other: T) => number): T | null {
  return list.length === 0 ? null : list.reduce((best, one) => (order(one, best) < 0 ? one : best));
}

function magnitude(value: AnyNumber): AnyNumber {
  if (typeof value === 'number') return Math.abs(value);
  if (typeof value === 'bigint') return value < 0n ? -value : value;
  return new ExactNumber(value.written.replace(/^-/, ''));
}

function rounded(name: string, round: (value: number) => number, value: AnyNumber): AnyNumber {
  if (typeof value === 'number') return round(value);
  if (typeof value === 'bigint' || value.isInteger) return value;
  throw new RangeError(`${name}() takes no fraction that a double does not hold`);
}

function sumOf(name: string, list: readonly AnyNumber[]): number {
  return list.map(plain).reduce<number>((sum, part) => {
    if (typeof part === 'number') return sum + part;
    throw new RangeError(`${name}() cannot compute with a number that a double does not hold`);
  }, 0);
}

/** Whether two values are equal in JMESPath. The form of a number does not count. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (isAnyNumber(one) && isAnyNumber(other)) return orderOfNumbers(one, other) === 0;
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    withExactNumbers(one);
    withExactNumbers(other);
    return one.length === other.length && one.every((part, at) => isEqual(part, other[at]));
  }
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other))
    return Buffer.compare(bytesIn(one), bytesIn(other)) === 0;
  if (!isPlainObject(one) || !isPlainObject(other)) return false;
  const names = Object.keys(withExactNumbers(one));
  return (
    names.length === Object.keys(withExactNumbers(other)).length &&
    names.every((name) => Object.hasOwn(other, name) && isEqual(one[name], other[name]))
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]' && !(value instanceof ExactNumber);
}

// The library's to_string() writes every Map as {}, and throws for a bigint.
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value, function (this: Record<string, unknown>, name, value) {
    const part = withExactNumbers(plain(value));
    // The toJSON() of a Buffer has made it an object by now, so the property itself is tested.
    if (part instanceof Map || part instanceof Set || ArrayBuffer.isView(this[name]))
      throw new TypeError('to_string() cannot write a Map, a Set or bytes');
    if (part instanceof ExactNumber)
      throw new TypeError(
        'to_string() cannot write a list or an object with a number that a double does not hold',
      );
    return part;
  });
}
