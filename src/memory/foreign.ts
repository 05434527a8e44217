// Regions in somebody else's memory, from their allocator.

import { checkInteger, typeName } from "../common/checks.js";
import type { EngineOptions } from "../engine.js";
import { ADDRESS_SPACE, type Allocator, type Block } from "./allocator.js";

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

  constructor(options: EngineOptions) {
    const { memory, allocate, free } = options;
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new TypeError(`options.memory must be a WebAssembly.Memory, got ${typeName(memory)}`);
    }
    if (typeof allocate !== "function" || typeof free !== "function") {
      throw new TypeError(
        "a memory of yours needs options.allocate and options.free, so that nothing of it is overwritten",
      );
    }
    for (const name of ["initialBytes", "maximumBytes"] as const) {
      if (options[name] !== undefined) throw new TypeError(`${name} is for engines without options.memory`);
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
    checkInteger(what, address, ADDRESS_SPACE, alignment);
    const { byteLength: end } = this.memory.buffer;
    if (address + byteLength > end) {
      throw new RangeError(
        `${what} is ${address}: ${byteLength} bytes do not fit between that and the memory's end at ${end}`,
      );
    }
  }
}
