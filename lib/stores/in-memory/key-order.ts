/** Where a page begins: the edition of the order, and the place in it. */
export type KeyPosition = readonly [edition: number, place: number];

let editions = 0;

/** How many deleted keys an order may keep beside those that are there. */
const SLACK = 1_000;

/**
 * The keys of a store in the order in which they came. A page begins where the one before has ended, without reading what is before it.
 */
export class KeyOrder {
  #keys: string[];
  #edition = 0;

  constructor(keys: Iterable<string>) {
    this.#keys = [...keys];
    this.#begin();
  }

  /** Adds a key that was not there, and is among the records now. */
  add(key: string, records: ReadonlyMap<string, unknown>): void {
    this.#keys.push(key);
    this.#compact(records);
  }

  /**
   * Returns the keys from a position on, and the position after each of them. They begin again where the order is a new one since: what
   * was listed already is then listed once more.
   */
  *from(position: KeyPosition | undefined): Generator<readonly [key: string, next: KeyPosition | undefined]> {
    const edition = this.#edition;
    const isKnown = position?.[0] === edition;
    for (let place = isKnown ? position[1] : 0; place < this.#keys.length; place += 1) {
      const isLast = place === this.#keys.length - 1;
      yield [this.#keys[place] as string, isLast ? undefined : [edition, place + 1]];
    }
  }

  /** Drops the keys that are no longer there, if these are more than the others. */
  #compact(records: ReadonlyMap<string, unknown>): void {
    if (this.#keys.length <= 2 * records.size + SLACK) return;
    this.#keys = [...records.keys()];
    this.#begin();
  }

  // A cursor of another order, or of what was before, must not lead into the middle of this one.
  #begin(): void {
    editions += 1;
    this.#edition = editions;
  }
}
