/**
 * The states that were reached, as hashes of 64 bits, and at which depth. A set of JavaScript ends near 16.7 million entries, and
 * takes five times the room.
 */
export class Visited {
  size = 0;
  #hashes = new Uint32Array(2 << 16);
  #depths: Uint16Array | undefined;
  #mask = (1 << 16) - 1;

  constructor(keepsDepths = false) {
    if (keepsDepths) this.#depths = new Uint16Array(1 << 16);
  }

  /** Adds a state. Returns whether it is new, or was reached by a longer way only, where depths are kept. */
  add(low: number, high: number, depth: number): boolean {
    // None is the mark of a place that is free.
    const first = low === 0 && high === 0 ? 1 : low;
    let at = this.#placeOf(first, high);
    if (this.#hashes[2 * at] !== 0 || this.#hashes[2 * at + 1] !== 0) {
      if (!this.#depths || (this.#depths[at] as number) <= depth) return false;
      this.#depths[at] = depth;
      return true;
    }
    if (this.size >= (this.#mask + 1) * 0.6) {
      this.#grow();
      at = this.#placeOf(first, high);
    }
    this.#hashes[2 * at] = first;
    this.#hashes[2 * at + 1] = high;
    if (this.#depths) this.#depths[at] = depth;
    this.size += 1;
    return true;
  }

  #placeOf(low: number, high: number): number {
    const hashes = this.#hashes;
    let at = (low ^ (high << 7)) & this.#mask;
    for (;;) {
      const a = hashes[2 * at];
      const b = hashes[2 * at + 1];
      if ((a === 0 && b === 0) || (a === low && b === high)) return at;
      at = (at + 1) & this.#mask;
    }
  }

  #grow(): void {
    const hashes = this.#hashes;
    const depths = this.#depths;
    const places = 2 * (this.#mask + 1);
    this.#hashes = new Uint32Array(2 * places);
    if (depths) this.#depths = new Uint16Array(places);
    this.#mask = places - 1;
    for (let at = 0; at < hashes.length / 2; at += 1) {
      const low = hashes[2 * at] as number;
      const high = hashes[2 * at + 1] as number;
      if (low === 0 && high === 0) continue;
      const to = this.#placeOf(low, high);
      this.#hashes[2 * to] = low;
      this.#hashes[2 * to + 1] = high;
      if (this.#depths && depths) this.#depths[to] = depths[at] as number;
    }
  }
}
