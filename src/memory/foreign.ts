// Regions in somebody else's memory, from their allocator.

import { checkInteger } from "../checks.js";
import type { EngineOptions } from "../engine.js";
import type { Allocator, Block } from "./allocator.js";

const ALIGNMENT = 16;

interface ForeignBlock extends Block {
  /** the address as it was given, which may be signed */
  readonly given: number;
}

export class ForeignAllocator implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  readonly #allocate: (byteLength: number) => number;
  readonly #free: (address: number) => void;

  constructor({ memory, allocate, free, initialBytes, maximumBytes }: EngineOptions) {
    if (
      !(memory instanceof WebAssembly.Memory && typeof allocate === "function" && typeof free === "function") ||
      initialBytes !== undefined ||
      maximumBytes !== undefined
    ) {
      throw new TypeError(
        "a memory of yours takes options.memory (a WebAssembly.Memory), options.allocate and options.free, " +
          "but no initialBytes and maximumBytes",
      );
    }
    this.memory = memory;
    this.#allocate = allocate;
    this.#free = free;
  }

  allocate(byteLength: number): ForeignBlock {
    const size = Math.max(byteLength, ALIGNMENT);
    const given = this.#allocate(size);
    // A function of WebAssembly returns addresses as signed numbers.
    const address = given >>> 0;
    const what = `options.allocate(${size})`;
    if (address === 0) throw new RangeError(`out of memory: ${what} returned ${given}`);
    try {
      this.checkAddress(address, size, ALIGNMENT, what);
    } catch (error) {
      this.#free(given);
      throw error;
    }
    this.allocatedBytes += size;
    return { address, size, given };
  }

  free({ given, size }: ForeignBlock): void {
    this.allocatedBytes -= size;
    this.#free(given);
  }

  checkAddress(address: number, byteLength: number, alignment: number, what = "address"): void {
    checkInteger(what, address, this.memory.buffer.byteLength - byteLength, alignment);
  }
}
