// Regions in somebody else's memory, from their allocator.

import type { Allocator } from "./allocator.js";

const ALIGNMENT = 16;

export class ForeignAllocator implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  readonly #allocate: (byteLength: number) => number;
  readonly #free: (address: number) => void;
  readonly #sizes = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, allocate: (byteLength: number) => number, free: (address: number) => void) {
    this.memory = memory;
    this.#allocate = allocate;
    this.#free = free;
  }

  allocate(byteLength: number): number {
    const size = Math.max(byteLength, ALIGNMENT);
    // A function of WebAssembly returns addresses as signed numbers.
    const address = this.#allocate(size) >>> 0;
    if (address === 0) {
      throw new RangeError(`out of memory: options.allocate(${size}) returned 0`);
    }
    if (address % ALIGNMENT !== 0) {
      this.#free(address);
      throw new RangeError(`options.allocate(${size}) returned ${address}, which is not aligned to ${ALIGNMENT} bytes`);
    }
    if (address + size > this.memory.buffer.byteLength) {
      throw new RangeError(
        `options.allocate(${size}) returned ${address}, but the memory ends at ${this.memory.buffer.byteLength}`,
      );
    }
    this.#sizes.set(address, size);
    this.allocatedBytes += size;
    return address;
  }

  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    this.allocatedBytes -= size;
    this.#free(address);
  }
}
