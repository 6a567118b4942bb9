/** What the machine asks of a map. A `Map` has it, too. */
export interface Entries<K, V> extends Iterable<[K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
  values(): Iterable<V>;
}

/** What a map keeps under a key, which can be let go of without the map. */
interface Box<V> {
  value: V | undefined;
}

/**
 * A map that mostly has one entry, or none. The first one is in fields: a `Map` to which one entry is added and removed in turn
 * is made anew every few times, which takes longer than all else in a step of the engine.
 *
 * The others are in a `Map`, each in a box that is emptied when it is deleted. V8 makes the table of a `Map` anew every so many
 * deletions, and a table that it has put aside leads to the next one. A garbage collection of young objects may keep one of them, and so
 * all that follow, with all that was in them.
 */
export class FewMap<K, V> implements Entries<K, V> {
  #hasOne = false;
  #key: K | undefined;
  #value: V | undefined;
  readonly #others = new Map<K, Box<V>>();

  get size(): number {
    return this.#others.size + (this.#hasOne ? 1 : 0);
  }

  get(key: K): V | undefined {
    if (this.#hasOne && this.#key === key) return this.#value;
    return this.#others.size === 0 ? undefined : this.#others.get(key)?.value;
  }

  set(key: K, value: V): void {
    const box = this.#others.size === 0 ? undefined : this.#others.get(key);
    if (box) {
      box.value = value;
    } else if (!this.#hasOne || this.#key === key) {
      this.#hasOne = true;
      this.#key = key;
      this.#value = value;
    } else {
      this.#others.set(key, { value });
    }
  }

  delete(key: K): boolean {
    if (!this.#hasOne || this.#key !== key) return this.#others.size > 0 && this.#unbox(key);
    this.#hasOne = false;
    this.#key = undefined;
    this.#value = undefined;
    return true;
  }

  #unbox(key: K): boolean {
    const box = this.#others.get(key);
    if (box) box.value = undefined;
    return this.#others.delete(key);
  }

  *[Symbol.iterator](): Iterator<[K, V]> {
    if (this.#hasOne) yield [this.#key as K, this.#value as V];
    for (const [key, { value }] of this.#others) yield [key, value as V];
  }

  *values(): Iterable<V> {
    for (const [, value] of this) yield value;
  }
}
