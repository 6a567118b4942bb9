import { ownValue, parentOf } from '../options/reading.js';
import { isIndex } from '../values/built-in-kinds.js';
import { isObject, isPlain } from '../values/class-facts.js';
import { isError, type ListedClasses } from '../values/listed-classes.js';
import { type Fields, ownProperties, setOwn } from '../values/own-properties.js';
import { nameInPath } from '../values/part-path.js';
import { fieldsOf, inheritedFields } from './error-fields.js';
import { type ErrorParts, nativeNamed, nearestNative } from './rich-errors.js';

/** The most parts of an error that are tried one by one: a request that it carries may lead to a whole service. */
const MOST_PARTS = 20_000;
const MOST_LEVELS = 50;

/** Stands for a part that is not stored. */
const omission = Symbol('omission');

/**
 * The parts of errors, and which of them cannot be stored. For a `strict` pruning every enumerable property is a part, so
 * that the encoder reports what cannot be stored. Otherwise what cannot be stored is omitted.
 */
export class Pruning {
  /** The paths of what was omitted. */
  readonly omitted: string[] = [];
  /** The path of the part that was omitted first. */
  first: string | undefined;
  readonly #errors = new Map<object, ErrorParts>();
  readonly #copies = new Map<object, object>();
  #partsLeft = MOST_PARTS;

  constructor(
    readonly listed: ListedClasses,
    readonly strict: boolean,
    readonly canBeStored: (part: unknown) => boolean,
  ) {}

  /** Returns the parts of an error, the same object each time. */
  partsOf(error: object, path = '', level = 0): ErrorParts {
    const known = this.#errors.get(error);
    if (known) return known;
    const parts: ErrorParts = { name: 'Error', message: '', fields: {} };
    // The map has them before they are complete: an error may contain itself.
    this.#errors.set(error, parts);
    const read = (name: string, isShown: boolean): unknown =>
      this.strict && isShown
        ? (error as Fields)[name]
        : this.#part(error, name, `${path}${nameInPath(name)}`, level);
    for (const name of ['name', 'message', 'cause', 'errors'] as const) {
      if (!(name in error)) continue;
      const part = read(name, true);
      if (part !== omission && (name !== 'errors' || Array.isArray(part))) parts[name] = part;
    }
    const native = nearestNative(error);
    if (native !== undefined && native !== nativeNamed(parts.name)) parts.native = native;
    const hidden: Fields = {};
    for (const [name, isShown] of fieldsOf(error)) {
      if (typeof name === 'symbol') {
        this.#omit(`${path}.…`);
        continue;
      }
      const part = read(name, isShown);
      if (part !== omission) setOwn(isShown ? parts.fields : hidden, name, part, true);
    }
    const until = this.listed.storedAs(error)?.class.prototype;
    for (const [name, value] of inheritedFields(error, until))
      if (this.canBeStored(value)) setOwn(hidden, name, value, true);
    if (Object.keys(hidden).length > 0) parts.hidden = hidden;
    return parts;
  }

  /** Returns what can be stored of a part. It is a copy where anything is omitted. */
  copy(value: unknown, path = '', level = 0): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') return this.#omit(path);
    if (!isObject(value)) return value;
    const known = this.#copies.get(value);
    if (known) return known;
    this.#partsLeft -= 1;
    if (level > MOST_LEVELS || this.#partsLeft < 0) return this.#omit(path);
    if (isError(value) && !this.listed.of(value)?.to) {
      this.partsOf(value, path, level + 1);
      return value;
    }
    return Array.isArray(value) || isPlain(value)
      ? this.#container(value, path, level)
      : this.#instance(value, path, level);
  }

  /**
   * Copies a list or a plain object. One of which all parts are omitted is omitted itself. So is one with a function among
   * its parts: it is no data but part of a client, such as an HTTP client's configuration with its credentials.
   */
  #container(value: object, path: string, level: number): unknown {
    const method = level > 0 ? methodOf(value) : undefined;
    if (method !== undefined) {
      this.first ??= `${path}${stepOf(value, method)}`;
      return this.#omit(path);
    }
    const before = this.omitted.length;
    const isList = Array.isArray(value);
    const copy: object = isList ? [] : parentOf(value) === null ? Object.create(null) : {};
    this.#copies.set(value, copy);
    let isEmpty = true;
    for (const name of Reflect.ownKeys(value)) {
      const isShown = Object.getOwnPropertyDescriptor(value, name)?.enumerable === true;
      if (typeof name === 'symbol' || !isShown) {
        const isLength = isList && name === 'length';
        if (isShown || (typeof name === 'string' && !isLength)) this.#omit(`${path}${stepOf(value, name)}`);
        continue;
      }
      const part = this.#part(value, name, `${path}${stepOf(value, name)}`, level);
      if (part !== omission) setOwn(copy, name, part, true);
      else if (isList) setOwn(copy, name, undefined, true);
      isEmpty &&= part === omission || part === copy;
    }
    if (!isEmpty || this.omitted.length === before) return copy;
    // The path of the whole stands for the paths of its parts.
    this.omitted.length = before;
    this.#copies.delete(value);
    return this.#omit(path);
  }

  /** Returns an instance of another class, which is stored as a whole or not at all. */
  #instance(value: object, path: string, level: number): unknown {
    if (this.canBeStored(value)) return value;
    const before = this.omitted.length;
    for (const [name, part] of Object.entries(ownParts(value)))
      this.copy(part, `${path}${nameInPath(name)}`, level + 1);
    return this.omitted.length > before ? omission : this.#omit(path);
  }

  #part(of: object, name: string, path: string, level: number): unknown {
    try {
      return this.copy((of as Fields)[name], path, level + 1);
    } catch {
      // A part that cannot be read cannot be stored.
      return this.#omit(path);
    }
  }

  #omit(path: string): typeof omission {
    this.first ??= path;
    this.omitted.push(path);
    return omission;
  }
}

function methodOf(value: object): string | undefined {
  return Object.keys(value).find((name) => typeof ownValue(value, name) === 'function');
}

function stepOf(value: object, name: string | symbol): string {
  if (typeof name === 'symbol') return '.…';
  return Array.isArray(value) && isIndex(name) ? `[${name}]` : nameInPath(name);
}

function ownParts(value: object): Fields {
  try {
    const { shown, hidden } = ownProperties(value);
    return { ...shown, ...hidden };
  } catch {
    return {};
  }
}
