import { isUint8Array } from 'node:util/types';
import { bytesIn } from '../values/built-in-kinds.js';
import { isObject, isPlain } from '../values/class-facts.js';
import { instanceOf, isError, type ListedClass, type ListedClasses } from '../values/listed-classes.js';
import { type Fields, type OwnForm, revivedOwn } from '../values/own-properties.js';
import { UnstorableError } from '../values/unstorable-error.js';
import { type ErrorParts, revivedError } from './rich-errors.js';

/** Returns the functions that make values again from what the reducers made of them. */
// biome-ignore lint/suspicious/noExplicitAny: each takes what its reducer made
export function revivers(listed: ListedClasses): Record<string, (value: any) => unknown> {
  const known: Known = { errors: new WeakMap(), objects: new WeakMap(), instances: new WeakSet() };
  return {
    ...Object.fromEntries(
      listed.all.map((one) => [`=${one.name}`, (parts: unknown) => revivedInstance(parts, one, known)]),
    ),
    own(form: OwnForm) {
      return revivedOwn(known.objects, form);
    },
    Buffer(value: unknown) {
      // In a damaged record this may be an object with a `length` of gigabytes.
      if (!isUint8Array(value)) throw new UnstorableError('a Buffer in it has no bytes');
      // It is over memory of its own. A copy would be in a pool that it shares with other buffers.
      return bytesIn(value);
    },
    Error(value: ErrorParts) {
      return revivedError(known.errors, value);
    },
    entries([isBare, entries]: [boolean, [string, unknown][]]) {
      return Object.setPrototypeOf(Object.fromEntries(entries), isBare ? null : Object.prototype);
    },
    // An instance of a class that is not listed stays the plain data that it was stored as.
    json([value]: [unknown]) {
      return value;
    },
    fields(value: Fields) {
      return value;
    },
  };
}

/** What was made again so far. */
interface Known {
  readonly errors: WeakMap<object, Error>;
  readonly objects: WeakMap<object, object>;
  readonly instances: WeakSet<object>;
}

function revivedInstance(parts: unknown, one: ListedClass, { errors, objects, instances }: Known): unknown {
  const { prototype } = one.class;
  const refuse = (fault: string) => {
    throw new UnstorableError(`an instance of "${one.name}" in it ${fault}`);
  };
  if (one.from) {
    if (!Array.isArray(parts) || parts.length !== 1) return refuse('was stored without `to`');
    // `from` would get only a part of what `to` returned.
    return Object.hasOwn(parts, 0) ? instanceOf(one, parts[0]) : refuse('contains itself');
  }
  if (isError(prototype) || prototype === Error.prototype)
    return revivedError(errors, parts as ErrorParts, prototype);
  if (Array.isArray(parts)) return withClass(revivedOwn(objects, parts as never, prototype), one);
  if (!isObject(parts) || (!isPlain(parts) && !instances.has(parts))) return refuse('is damaged');
  // An instance that contains itself comes here again before it is complete.
  instances.add(parts);
  return withClass(Object.setPrototypeOf(parts, prototype), one);
}

// In some libraries each instance has the property `constructor`, and the prototype of its class does not.
function withClass(instance: object, one: ListedClass): object {
  if (Object.hasOwn(one.class.prototype, 'constructor')) return instance;
  return Object.assign(instance, { constructor: one.class });
}
