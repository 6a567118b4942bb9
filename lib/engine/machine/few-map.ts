/** What the machine asks of a map. A `Map` has it, too. */
export interface Entries<K, V> extends Iterable<[K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
  values(): Iterable<V>;
}

/**
 * A map that mostly has one entry, or none. The first one is in fields: a `Map` to which one entry is added and removed in turn
 * is made anew every few times, which takes longer than all else in a step of the engine.
 */
export class FewMap<K, V> implements Entries<K, V> {
  #hasOne = false;
  #key: K | undefined;
  #value: V | undefined;
  readonly #others = new Map<K, V>();

  get size(): number {
    return this.#others.size + (this.#hasOne ? 1 : 0);
  }

  get(key: K): V | undefined {
    if (this.#hasOne && this.#key === key) return this.#value;
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  set(key: K, value: V): void {
    if (this.#others.size > 0 && this.#others.has(key)) {
      this.#others.set(key, value);
    } else if (!this.#hasOne || this.#key === key) {
      this.#hasOne = true;
      this.#key = key;
      this.#value = value;
    } else {
      this.#others.set(key, value);
    }
  }

  delete(key: K): boolean {
    if (!this.#hasOne || this.#key !== key) return this.#others.size > 0 && this.#others.delete(key);
    this.#hasOne = false;
    this.#key = undefined;
    this.#value = undefined;
    return true;
  }

  *[Symbol.iterator](): Iterator<[K, V]> {
    if (this.#hasOne) yield [this.#key as K, this.#value as V];
    yield* this.#others;
  }

  *values(): Iterable<V> {
    for (const [, value] of this) yield value;
  }
}
