import {
  type AnyNumber,
  ExactNumber,
  isAnyNumber,
  orderOfNumbers,
  plain,
} from '../../values/json/exact-number.js';
import { read } from '../../values/json/json-text.js';

type Visit = (expression: unknown, value: unknown) => unknown;
type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

const json = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The functions of JMESPath that look at numbers. What they do not do exactly they refuse to do. */
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
    // The language takes for a number what JSON does, and nothing else.
    to_number: (value: unknown) => {
      if (isAnyNumber(value)) return value;
      return typeof value === 'string' && json.test(value) ? new ExactNumber(value).plain : null;
    },
    to_string: textOf,
    from_items: (pairs: readonly (readonly unknown[])[]) => {
      const isPair = ([name, ...values]: readonly unknown[]) =>
        typeof name === 'string' && values.length === 1;
      if (!pairs.every(isPair)) throw new TypeError('from_items() takes pairs of a text and a value');
      return Object.fromEntries(pairs.map(read) as [string, unknown][]);
    },
  };
}

type Ordered = AnyNumber | string;

function orderOf(one: Ordered, other: Ordered): number {
  if (typeof one !== 'string' && typeof other !== 'string') return orderOfNumbers(one, other);
  // As UTF-8, which has the order of code points: another locale would give another key.
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}

function inOneKind(keys: readonly unknown[]): readonly Ordered[] {
  const isOne = keys.every(isAnyNumber) || keys.every((key) => typeof key === 'string');
  if (!isOne) throw new TypeError('what a list is ordered by is neither all numbers nor all texts');
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

/** Whether two values are equal to the language. One number is, in whatever form. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (isAnyNumber(one) && isAnyNumber(other)) return orderOfNumbers(one, other) === 0;
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    read(one);
    read(other);
    return one.length === other.length && one.every((part, at) => isEqual(part, other[at]));
  }
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other))
    return Buffer.compare(bytesIn(one), bytesIn(other)) === 0;
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(read(one));
  return (
    names.length === Object.keys(read(other)).length &&
    names.every((name) => Object.hasOwn(other, name) && isEqual(one[name], other[name]))
  );
}

function bytesIn(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]' && !(value instanceof ExactNumber);
}

// The language's own would write every Map as {}, and cannot write a bigint at all.
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value, function (this: Record<string, unknown>, name, given) {
    const part = read(plain(given));
    // A Buffer would write itself as an object, before it is shown here.
    if (part instanceof Map || part instanceof Set || ArrayBuffer.isView(this[name]))
      throw new TypeError('to_string() cannot write a Map, a Set or bytes');
    if (part instanceof ExactNumber)
      throw new TypeError(
        'to_string() cannot write a list or an object with a number that a double does not hold',
      );
    return part;
  });
}
