import { isUint8Array } from 'node:util/types';
import { isPlain } from '../values/class-facts.js';
import { instanceOf, isError, type KeptClass, type KeptClasses } from '../values/kept-classes.js';
import { NotKept } from '../values/not-kept.js';
import { type Fields, type OwnForm, revivedOwn } from '../values/own-properties.js';
import { type ErrorParts, revivedError } from './rich-errors.js';

/** The way back. An unlisted class's instance stays the plain data that it became. */
// biome-ignore lint/suspicious/noExplicitAny: each takes what its reducer made
export function revivers(kept: KeptClasses): Record<string, (value: any) => unknown> {
  const errors = new WeakMap<object, Error>();
  const objects = new WeakMap<object, object>();
  const instances = new WeakSet<object>();
  return {
    ...Object.fromEntries(
      kept.all.map((one) => [
        `=${one.name}`,
        (parts: unknown) => revived(parts, one, { errors, objects, instances }),
      ]),
    ),
    own: (form: OwnForm) => revivedOwn(objects, form),
    Buffer: (value: unknown) => {
      // Of a damaged record this may be an object with any `length`, gigabytes of it.
      if (!isUint8Array(value)) throw new NotKept('a Buffer in it has no bytes');
      // Over memory of its own: a copy would be in a pool that other buffers share.
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    },
    Error: (value: ErrorParts) => revivedError(errors, value),
    entries: ([isBare, entries]: [boolean, [string, unknown][]]) =>
      Object.setPrototypeOf(Object.fromEntries(entries), isBare ? null : Object.prototype),
    json: ([value]: [unknown]) => value,
    fields: (value: Fields) => value,
  };
}

/** What was revived so far. */
interface Known {
  readonly errors: WeakMap<object, Error>;
  readonly objects: WeakMap<object, object>;
  readonly instances: WeakSet<object>;
}

function revived(parts: unknown, one: KeptClass, { errors, objects, instances }: Known): unknown {
  const { prototype } = one.class;
  if (one.from) {
    if (!Array.isArray(parts) || parts.length !== 1)
      throw new NotKept(`an instance of "${one.name}" in it was kept without \`to\``);
    // It would get only a part of what \`to\` gave.
    if (!Object.hasOwn(parts, 0)) throw new NotKept(`an instance of "${one.name}" in it contains itself`);
    return instanceOf(one, parts[0]);
  }
  if (isError(prototype) || prototype === Error.prototype)
    return revivedError(errors, parts as ErrorParts, prototype);
  if (Array.isArray(parts)) return withClass(revivedOwn(objects, parts as never, prototype), one);
  if (!isObject(parts) || (!isPlain(parts) && !instances.has(parts)))
    throw new NotKept(`an instance of "${one.name}" in it is damaged`);
  // Met again before it is complete, where it contains itself.
  instances.add(parts);
  return withClass(Object.setPrototypeOf(parts, prototype), one);
}

// The prototype of some libraries' classes does not know its class, and each instance does.
function withClass(instance: object, one: KeptClass): object {
  if (Object.hasOwn(one.class.prototype, 'constructor')) return instance;
  return Object.assign(instance, { constructor: one.class });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
