import { isRegExp } from 'node:util/types';
import { parentOf } from '../options/reading.js';
import { bareOf, copyElements } from './bare-values.js';
import { isIndex, kindOf } from './built-in-kinds.js';
import { className, isBareBytes, isObject, isPlain } from './class-facts.js';
import { instanceNamed, nameInPath } from './part-path.js';
import { UnstorableError } from './unstorable-error.js';

export type Fields = Record<string, unknown>;

/** An object's own properties: those that are enumerable, and those that are not. */
export interface OwnProperties {
  readonly shown: Fields;
  readonly hidden: Fields;
}

/** How a built-in or a plain object is stored that has properties which its kind does not have. */
export type OwnForm = readonly [kind: string, bare: unknown, shown: Fields, hidden?: Fields];

const lists = new Set(['Array', 'String']);

/** Of more bytes than this only enumerable properties are read: a list of all names would take too long. */
const MOST_NAMED_BYTES = 100_000;

/** Returns the names of an object's own properties, without those that are a built-in's content. */
function* namesOf(value: object, kind: string | undefined): Iterable<string | symbol> {
  const isView = ArrayBuffer.isView(value);
  if (isView && value.byteLength > MOST_NAMED_BYTES && isBareBytes(value)) return;
  const names = Reflect.ownKeys(value);
  // In every object, indices come first.
  const isIndexed = kind !== undefined && (lists.has(kind) || isView);
  const first = isIndexed ? names.findLastIndex(isIndex) + 1 : 0;
  for (const name of first > 0 ? names.slice(first) : names) {
    if (name === 'length' && kind !== undefined && lists.has(kind)) continue;
    if (name === 'lastIndex' && kind === 'RegExp' && (value as RegExp).lastIndex === 0) continue;
    yield name;
  }
}

/**
 * Reads an object's own properties; of a getter, the value that it returns. Symbols that are not enumerable are no data.
 *
 * @throws {UnstorableError} that names a property which cannot be stored.
 */
export function ownProperties(value: object, kind = kindOf(value)): OwnProperties {
  const own: OwnProperties = { shown: {}, hidden: {} };
  for (const name of namesOf(value, kind)) {
    const property = Object.getOwnPropertyDescriptor(value, name);
    if (!property || (typeof name === 'symbol' && !property.enumerable)) continue;
    if (typeof name === 'symbol') throw wrongProperty(value, 'whose name is a symbol');
    const part: unknown = 'value' in property ? property.value : (value as Fields)[name];
    if (isItsClass(value, name)) continue;
    if (typeof part === 'function' && !kind && isOfItsClass(value, name, property)) continue;
    if (typeof part === 'function')
      throw wrongProperty(value, `${nameInPath(name).slice(1)} that is a function`);
    setOwn(property.enumerable ? own.shown : own.hidden, name, part, true);
  }
  return own;
}

/** Whether this property is an instance's class. Some libraries set it on each instance. */
export function isItsClass(value: object, name: string): boolean {
  return name === 'constructor' && !isPlain(value) && typeof value.constructor === 'function';
}

/** Whether a function is no state of an instance: its class, or a method that was bound to the instance. */
export function isOfItsClass(value: object, name: string, { enumerable }: PropertyDescriptor): boolean {
  if (isPlain(value)) return false;
  if (isItsClass(value, name)) return true;
  return enumerable !== true && typeof (parentOf(value) as Fields)[name] === 'function';
}

/** Whether an object has only the content of its kind. This quick test is enough for most objects. */
export function isBare(value: object, kind: string | undefined): boolean {
  if (kind === undefined) return Object.keys(value).length === Reflect.ownKeys(value).length;
  if (kind === 'Array') return Reflect.ownKeys(value).at(-1) === 'length';
  return kind !== 'RegExp' && !ArrayBuffer.isView(value) && Reflect.ownKeys(value).length === 0;
}

/** Whether an object has properties that devalue and JSON would not store. */
export function hasMore(value: object, { shown, hidden }: OwnProperties): boolean {
  return Object.keys(hidden).length > 0 || (!isPlain(value) && Object.keys(shown).length > 0);
}

/** Returns what is stored of an object with properties of its own. */
export function ownForm(value: object, kind: string | undefined, { shown, hidden }: OwnProperties): OwnForm {
  const bare = kind === undefined ? undefined : bareOf(value, kind);
  const hasNoPrototype = kind === undefined && parentOf(value) === null;
  const form = [kind ?? (hasNoPrototype ? 'null' : 'Object'), bare, shown] as const;
  return Object.keys(hidden).length > 0 ? [...form, hidden] : form;
}

/**
 * Makes the object of such a form again; with a prototype, an instance of that class. For an object that contains itself
 * it is called twice: early, with the parts that exist by then, and again with all parts.
 */
export function revivedOwn(known: WeakMap<object, object>, form: OwnForm, prototype?: object): object {
  if (!Array.isArray(form) || typeof form[0] !== 'string')
    throw new UnstorableError('an object in it is damaged');
  const [kind, bare, shown, hidden] = form as OwnForm;
  const revived = known.get(form) ?? emptyOf(kind, bare);
  known.set(form, revived);
  if (bare !== revived && bare !== undefined) fill(revived, bare, kind);
  setAll(revived, shown, true);
  setAll(revived, hidden, false);
  return prototype ? Object.setPrototypeOf(revived, prototype) : revived;
}

/** Sets these own properties. */
export function setAll(object: object, fields: Fields | undefined, enumerable: boolean): void {
  for (const [name, part] of Object.entries(fields ?? {})) {
    if (name === 'lastIndex' && isRegExp(object)) object.lastIndex = part as number;
    else setOwn(object, name, part, enumerable);
  }
}

/** Sets an own property of any name. An assignment to `__proto__` would set the prototype. */
export function setOwn(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable });
}

function wrongProperty(value: object, which: string): UnstorableError {
  return new UnstorableError(`${instanceNamed(className(value))} in it has a property ${which}`);
}

function emptyOf(kind: string, bare: unknown): object {
  if (kind === 'null') return Object.create(null);
  if (['Object', 'Array', 'Map', 'Set'].includes(kind)) return new globalThis[kind as 'Object']();
  if (!isObject(bare) || kindOf(bare) !== kind) throw new UnstorableError('an object in it is damaged');
  return bare;
}

function fill(revived: object, bare: unknown, kind: string): void {
  if (kind === 'Map' && bare instanceof Map)
    for (const [key, part] of bare) (revived as Map<unknown, unknown>).set(key, part);
  if (kind === 'Set' && bare instanceof Set) for (const part of bare) (revived as Set<unknown>).add(part);
  if (kind === 'Array' && Array.isArray(bare)) copyElements(bare, revived as unknown[]);
}
