// FNV-1a with 64 bits, in integers that every runtime computes alike and fast: BigInt would be a hundred times slower.

// The prime is 2^40 + 0x1b3.
const PRIME_LOW = 0x1b3;

export class Fnv64 {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  update(bytes: Uint8Array): this {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      low = (low ^ bytes[i]) >>> 0;
      const product = low * PRIME_LOW;
      // low · 2^40 adds low · 2^8 to the upper half.
      high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  hex(): string {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, "0")).join("");
  }
}
