/** Condenses text to 53 bits, in two halves that are mixed apart (cyrb53). */
export class Fingerprint {
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;

  add(text: string): this {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      this.#high = Math.imul(this.#high ^ code, 2_654_435_761);
      this.#low = Math.imul(this.#low ^ code, 1_597_334_677);
    }
    return this;
  }

  get value(): number {
    const high = Math.imul(this.#high ^ (this.#high >>> 16), 2_246_822_507) ^ (this.#low >>> 13);
    const low = Math.imul(this.#low ^ (this.#low >>> 16), 3_266_489_909) ^ (this.#high >>> 13);
    return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
  }
}
