// Regions in somebody else's memory, from their allocator.

import { checkInteger, tagOf, typeName } from "../common/checks.js";
import type { WebAssemblyMemory } from "../common/webassembly.js";
import { ADDRESS_SPACE, type Allocator, type Block } from "./allocator.js";

/** What vectors are loaded fastest from. */
const ALIGNMENT = 16;

export interface ForeignOptions {
  /** run inside this memory, which may be shared; then `allocate` and `free` are required */
  memory?: WebAssemblyMemory;
  /** Returns the byte address of `byteLength` free bytes in `memory`, as malloc does; 0 when there is no room */
  allocate?: (byteLength: number) => number;
  /** takes back what `allocate(byteLength)` returned as `address` */
  free?: (address: number, byteLength: number) => void;
}

interface ForeignBlock extends Block {
  /** the address as it was given, which may be signed, and what had been asked for */
  readonly given: number;
  readonly asked: number;
}

export class ForeignAllocator implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  explain = () => "";
  readonly #allocate: (byteLength: number) => number;
  readonly #free: (address: number, byteLength: number) => void;
  /** asked for beyond the need, once an address came that was not aligned */
  #padding = 0;

  constructor(options: ForeignOptions) {
    const { memory, allocate, free } = options;
    if (tagOf(memory) !== "WebAssembly.Memory") {
      throw new TypeError(`options.memory must be a WebAssembly.Memory, got ${typeName(memory)}`);
    }
    if (typeof allocate !== "function" || typeof free !== "function") {
      throw new TypeError(
        "a memory of yours needs options.allocate and options.free, so that nothing of it is overwritten",
      );
    }
    for (const name of ["initialBytes", "maximumBytes"]) {
      if ((options as Record<string, unknown>)[name] !== undefined) {
        throw new TypeError(`${name} is for engines without options.memory`);
      }
    }
    this.memory = memory as WebAssembly.Memory;
    this.#allocate = allocate;
    this.#free = free;
  }

  allocate(byteLength: number): ForeignBlock {
    const size = Math.max(byteLength, 1);
    let given = this.#request(size + this.#padding);
    if (given % ALIGNMENT !== 0 && this.#padding === 0) {
      this.#free(given, size);
      this.#padding = ALIGNMENT - 1;
      given = this.#request(size + this.#padding);
    }
    const asked = size + this.#padding;
    this.allocatedBytes += asked;
    return { address: Math.ceil((given >>> 0) / ALIGNMENT) * ALIGNMENT, size: asked, given, asked };
  }

  free({ given, asked }: ForeignBlock): void {
    this.allocatedBytes -= asked;
    this.#free(given, asked);
  }

  /** Nothing: whether the memory grows is up to its owner. */
  reserve(): void {}
  unreserve(): void {}

  allocateReserved(): null {
    return null;
  }

  park(block: ForeignBlock): void {
    this.free(block);
  }

  resume(): boolean {
    return false;
  }

  checkAddress(name: string, address: number, byteLength: number, alignment: number): void {
    checkInteger(name, address, ADDRESS_SPACE, alignment);
    const { byteLength: end } = this.memory.buffer;
    if (address + byteLength > end) {
      throw new RangeError(
        `${name} is ${address}: ${byteLength} bytes do not fit between that and the memory's end at ${end}`,
      );
    }
  }

  /** The address as it is given, of bytes that lie in the memory. */
  #request(byteLength: number): number {
    const given = this.#allocate(byteLength);
    const name = `options.allocate(${byteLength})`;
    // A function of WebAssembly returns addresses as signed numbers.
    const address = typeof given === "number" ? given >>> 0 : 0;
    if (address === 0) throw new RangeError(`out of memory: ${name} returned ${String(given)}${this.explain()}`);
    try {
      if (given !== address && given !== (address | 0)) throw new RangeError(`${name} returned ${given}, no address`);
      this.checkAddress(name, address, byteLength, 1);
    } catch (error) {
      this.#free(given, byteLength);
      throw error;
    }
    return given;
  }
}
