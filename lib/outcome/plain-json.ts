import { className, isObject, isPlain } from '../values/class-facts.js';
import { isJsonNumber } from '../values/json/exact-number.js';
import { copyOfData, notCopied } from '../values/json/json-copy.js';

/** Whether JSON stores this value exactly. One object in two places is not plain: JSON would make it two. */
export function isPlainJson(value: unknown, seen = new Set<object>()): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return isJsonNumber(value);
  if (!isObject(value) || seen.has(value)) return false;
  seen.add(value);
  // This comes before the keys are listed: ten megabytes of bytes have ten million keys.
  if (!Array.isArray(value) && (Object.getPrototypeOf(value) === null || !isPlain(value))) return false;
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // A list has one more key than elements: `length`.
    const isArray = className(value) === 'Array' && keys.length === value.length + 1;
    return isArray && Array.from(value).every((part) => isPlainJson(part, seen));
  }
  return keys.every((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const isData = typeof key === 'string' && property?.enumerable === true && 'value' in property;
    return isData && isPlainJson(property.value, seen);
  });
}

/** Returns a copy of plain JSON that shares no object with it, and nothing for any other value. */
export function copyIfPlain(value: unknown): { readonly json: unknown } | undefined {
  const copy = copyOfData(value, undefined, true);
  if (copy !== notCopied) return { json: copy };
  return isPlainJson(value) ? { json: JSON.parse(JSON.stringify(value)) } : undefined;
}
