// Regions in somebody else's memory, from their allocator.

import type { Allocator } from "./allocator.js";

const ALIGNMENT = 16;

export class ForeignAllocator implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  readonly #allocate: (byteLength: number) => number;
  readonly #free: (address: number) => void;
  /** by address: the size, and the address as it was given, which may be signed */
  readonly #blocks = new Map<number, { given: number; size: number }>();

  constructor(memory: WebAssembly.Memory, allocate: (byteLength: number) => number, free: (address: number) => void) {
    this.memory = memory;
    this.#allocate = allocate;
    this.#free = free;
  }

  allocate(byteLength: number): number {
    const size = Math.max(byteLength, ALIGNMENT);
    const given = this.#allocate(size);
    // A function of WebAssembly returns addresses as signed numbers.
    const address = given >>> 0;
    if (address === 0) throw new RangeError(`out of memory: options.allocate(${size}) returned ${given}`);
    const end = this.memory.buffer.byteLength;
    if (address % ALIGNMENT !== 0 || address + size > end) {
      this.#free(given);
      throw new RangeError(
        `options.allocate(${size}) returned ${address}: expected a multiple of ${ALIGNMENT}, with ${size} bytes before the end ` +
          `of the memory at ${end}`,
      );
    }
    this.#blocks.set(address, { given, size });
    this.allocatedBytes += size;
    return address;
  }

  free(address: number): void {
    const block = this.#blocks.get(address);
    if (block === undefined) return;
    this.#blocks.delete(address);
    this.allocatedBytes -= block.size;
    this.#free(block.given);
  }
}
