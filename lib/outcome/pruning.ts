import { isPlain } from '../values/class-facts.js';
import { isError, type KeptClasses } from '../values/kept-classes.js';
import { type Fields, ownProperties, setOwn } from '../values/own-properties.js';
import { nameInPath } from '../values/part-path.js';
import { fieldsOf, inheritedFields } from './error-fields.js';
import { type ErrorParts, nativeNamed, nearestNative } from './rich-errors.js';

/** Parts of an error that are looked at one by one: a request that it drags along may have a whole service behind it. */
const MOST_PARTS = 20_000;
const MOST_LEVELS = 50;

/** What a part becomes that cannot be kept. */
const nothing = Symbol('nothing');

/**
 * The parts of errors, and which of them cannot be kept. Of an error that is `whole`, all that everybody sees is a part, so
 * that whoever encodes it is told what cannot be kept; otherwise it is left out.
 */
export class Pruning {
  /** Where something was left out. */
  readonly leftOut: string[] = [];
  /** The very part that was met first. */
  first: string | undefined;
  readonly #errors = new Map<object, ErrorParts>();
  readonly #copies = new Map<object, object>();
  #left = MOST_PARTS;

  constructor(
    readonly kept: KeptClasses,
    readonly whole: boolean,
    readonly canBeKept: (part: unknown) => boolean,
  ) {}

  /** The same parts for the same error, each time. */
  partsOf(error: object, path = '', level = 0): ErrorParts {
    const known = this.#errors.get(error);
    if (known) return known;
    const parts: ErrorParts = { name: 'Error', message: '', fields: {} };
    // Before they are known: an error may contain itself.
    this.#errors.set(error, parts);
    const read = (name: string, isShown: boolean): unknown =>
      this.whole && isShown
        ? (error as Fields)[name]
        : this.#part(error, name, `${path}${nameInPath(name)}`, level);
    for (const name of ['name', 'message', 'cause', 'errors'] as const) {
      if (!(name in error)) continue;
      const part = read(name, true);
      if (part !== nothing && (name !== 'errors' || Array.isArray(part))) parts[name] = part;
    }
    const native = nearestNative(error);
    if (native !== undefined && native !== nativeNamed(parts.name)) parts.native = native;
    const hidden: Fields = {};
    for (const [name, isShown] of fieldsOf(error)) {
      if (typeof name === 'symbol') {
        this.#leave(`${path}.…`);
        continue;
      }
      const part = read(name, isShown);
      if (part !== nothing) setOwn(isShown ? parts.fields : hidden, name, part, true);
    }
    const until = this.kept.keeping(error)?.class.prototype;
    for (const [name, value] of inheritedFields(error, until))
      if (this.canBeKept(value)) setOwn(hidden, name, value, true);
    if (Object.keys(hidden).length > 0) parts.hidden = hidden;
    return parts;
  }

  /** What can be kept of a part, a copy of its own where anything is left out. */
  copy(value: unknown, path = '', level = 0): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') return this.#leave(path);
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known) return known;
    this.#left -= 1;
    if (level > MOST_LEVELS || this.#left < 0) return this.#leave(path);
    if (isError(value) && !this.kept.of(value)?.to) {
      this.partsOf(value, path, level + 1);
      return value;
    }
    return Array.isArray(value) || isPlain(value)
      ? this.#container(value, path, level)
      : this.#whole(value, path, level);
  }

  /**
   * A list or plain object. One of which nothing is left is nothing itself, and one with functions among its parts is
   * somebody's machinery and no data, such as an HTTP client's configuration, credentials included.
   */
  #container(value: object, path: string, level: number): unknown {
    const method = level > 0 ? methodOf(value) : undefined;
    if (method !== undefined) {
      this.first ??= `${path}${stepOf(value, method)}`;
      return this.#leave(path);
    }
    const before = this.leftOut.length;
    const isList = Array.isArray(value);
    const copy: object = isList ? [] : Object.getPrototypeOf(value) === null ? Object.create(null) : {};
    this.#copies.set(value, copy);
    let isEmpty = true;
    for (const name of Reflect.ownKeys(value)) {
      const isShown = Object.getOwnPropertyDescriptor(value, name)?.enumerable === true;
      if (typeof name === 'symbol' || !isShown) {
        if (isShown || !(typeof name === 'symbol' || (isList && name === 'length')))
          this.#leave(`${path}${stepOf(value, name)}`);
        continue;
      }
      const part = this.#part(value, name, `${path}${stepOf(value, name)}`, level);
      if (part !== nothing) setOwn(copy, name, part, true);
      else if (isList) setOwn(copy, name, undefined, true);
      isEmpty &&= part === nothing || part === copy;
    }
    if (!isEmpty || this.leftOut.length === before) return copy;
    this.leftOut.length = before;
    this.#copies.delete(value);
    return this.#leave(path);
  }

  #whole(value: object, path: string, level: number): unknown {
    if (this.canBeKept(value)) return value;
    const before = this.leftOut.length;
    for (const [name, part] of Object.entries(ownParts(value)))
      this.copy(part, `${path}${nameInPath(name)}`, level + 1);
    return this.leftOut.length > before ? nothing : this.#leave(path);
  }

  #part(of: object, name: string, path: string, level: number): unknown {
    try {
      return this.copy((of as Fields)[name], path, level + 1);
    } catch {
      // A part that cannot be read cannot be kept.
      return this.#leave(path);
    }
  }

  #leave(path: string): typeof nothing {
    this.first ??= path;
    this.leftOut.push(path);
    return nothing;
  }
}

function methodOf(value: object): string | undefined {
  return Object.keys(value).find(
    (name) => typeof Object.getOwnPropertyDescriptor(value, name)?.value === 'function',
  );
}

function stepOf(value: object, name: string | symbol): string {
  if (typeof name === 'symbol') return '.…';
  return Array.isArray(value) && /^\d+$/.test(name) ? `[${name}]` : nameInPath(name);
}

function ownParts(value: object): Fields {
  try {
    const { shown, hidden } = ownProperties(value);
    return { ...shown, ...hidden };
  } catch {
    return {};
  }
}
