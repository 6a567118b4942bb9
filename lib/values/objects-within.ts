import { entriesOf, membersOf } from './built-in-kinds.js';
import { isObject } from './class-facts.js';
import { ExactNumber } from './json/exact-number.js';

/** The most objects that are visited. More take over a second where they are proxies. */
const MOST_OBJECTS = 400_000;

/**
 * The objects of a request. It searches no further than it is asked, and visits each object once. It does not recurse,
 * since a sender can nest a request as deeply as it likes.
 */
export class ObjectsWithin {
  readonly #seen = new Set<unknown>();
  readonly #unvisited: unknown[];

  /** `partsOf` may return a list for an object. Its members are then visited instead of the object's own parts. */
  constructor(
    whole: unknown,
    readonly partsOf: (value: object) => readonly unknown[] | undefined = () => undefined,
  ) {
    this.#unvisited = [whole];
  }

  /** @throws {RangeError} where there are too many objects. */
  has(wanted: object): boolean {
    while (!this.#seen.has(wanted) && this.#unvisited.length > 0) this.#visit(this.#unvisited.pop());
    return this.#seen.has(wanted);
  }

  #visit(value: unknown): void {
    if (!isObject(value) || ArrayBuffer.isView(value) || this.#seen.has(value)) return;
    this.#seen.add(value);
    if (this.#seen.size > MOST_OBJECTS)
      throw new RangeError(`the request has more than ${MOST_OBJECTS.toLocaleString('en')} objects`);
    const parts = this.partsOf(value);
    if (parts) {
      for (const part of parts) this.#unvisited.push(part);
      return;
    }
    if (value instanceof Map) for (const [key, part] of entriesOf(value)) this.#unvisited.push(key, part);
    if (value instanceof Set) for (const part of membersOf(value)) this.#unvisited.push(part);
    for (const part of Object.values(value))
      if (typeof part === 'object' && !(part instanceof ExactNumber)) this.#unvisited.push(part);
  }
}
