import { className, isPlain } from '../values/class-facts.js';

/** Whether JSON keeps this value exactly. One object in two places is not plain: JSON would make it two. */
export function isPlainJson(value: unknown, seen = new Set<object>()): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  // Before its keys are looked at: ten megabytes of bytes have ten million.
  if (!Array.isArray(value) && (Object.getPrototypeOf(value) === null || !isPlain(value))) return false;
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // The one key more is `length`.
    const isArray = className(value) === 'Array' && keys.length === value.length + 1;
    return isArray && Array.from(value).every((part) => isPlainJson(part, seen));
  }
  return keys.every((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const isData = typeof key === 'string' && property?.enumerable === true && 'value' in property;
    return isData && isPlainJson(property.value, seen);
  });
}
