import { ExactNumber } from './json/exact-number.js';

/** More objects than this are not looked through, which takes up to a second where they are proxies. */
const MOST_OBJECTS = 400_000;

/**
 * All objects of a request, found no further than they are asked for. Without recursion: a request may be nested as
 * deeply as its sender likes. And each is visited once, however many are asked for.
 */
export class ObjectsWithin {
  readonly #seen = new Set<unknown>();
  readonly #left: unknown[];

  /** Where `instead` answers with a list for an object, that is gone through instead of the object's own parts. */
  constructor(
    whole: unknown,
    readonly instead: (value: object) => readonly unknown[] | undefined = () => undefined,
  ) {
    this.#left = [whole];
  }

  /** @throws {RangeError} where there are too many. */
  has(wanted: object): boolean {
    while (!this.#seen.has(wanted) && this.#left.length > 0) this.#visit(this.#left.pop());
    return this.#seen.has(wanted);
  }

  #visit(value: unknown): void {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || this.#seen.has(value))
      return;
    this.#seen.add(value);
    if (this.#seen.size > MOST_OBJECTS)
      throw new RangeError(`the request has more than ${MOST_OBJECTS.toLocaleString('en')} objects`);
    const instead = this.instead(value);
    if (instead) for (const part of instead) this.#left.push(part);
    if (instead) return;
    // Their own, whatever iterator they show.
    if (value instanceof Map)
      for (const [key, part] of Map.prototype.entries.call(value)) this.#left.push(key, part);
    if (value instanceof Set) for (const part of Set.prototype.values.call(value)) this.#left.push(part);
    for (const part of Object.values(value))
      if (typeof part === 'object' && !(part instanceof ExactNumber)) this.#left.push(part);
  }
}
