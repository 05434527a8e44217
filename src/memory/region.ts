// A typed stretch of linear memory, and views of it that are valid whenever they are read.

import { ARRAY_TYPE, type DType, ELEMENT_BYTES, type FloatArray } from "../common/dtype.js";
import type { Allocator, Block } from "./allocator.js";

export class Region {
  readonly address: number;
  readonly size: number;
  readonly dtype: DType;
  /** null once the region is freed */
  #allocator: Allocator | null;
  /** what is given back; nothing where the elements are not ours to free */
  readonly #block?: Block;
  #view: FloatArray | null = null;

  /** `address`: elements that already live there, and are not ours to free. */
  constructor(allocator: Allocator, dtype: DType, size: number, address?: number) {
    this.#allocator = allocator;
    this.dtype = dtype;
    this.size = size;
    if (address === undefined) {
      this.#block = allocator.allocate(size * ELEMENT_BYTES[dtype]);
      this.address = this.#block.address;
    } else {
      allocator.checkAddress(address, size * ELEMENT_BYTES[dtype], ELEMENT_BYTES[dtype]);
      this.address = address;
    }
  }

  /** The elements. A view dies when the memory grows, so one is made anew whenever the buffer has changed. */
  get view(): FloatArray {
    if (!this.#allocator) throw new Error("this memory was freed by a dispose()");
    const { buffer } = this.#allocator.memory;
    if (this.#view?.buffer !== buffer) {
      this.#view = new ARRAY_TYPE[this.dtype](buffer, this.address, this.size) as FloatArray;
    }
    return this.#view;
  }

  free(): void {
    const allocator = this.#allocator;
    this.#allocator = this.#view = null;
    if (this.#block) allocator?.free(this.#block);
  }
}

/**
 * `source` in a form that survives the growth of `memory`: a view of that same memory would be detached by the allocation
 * that makes room for its copy.
 */
export function lasting<A extends ArrayLike<number>>(source: A, memory: WebAssembly.Memory): A {
  const view = source as unknown as FloatArray;
  return view.buffer === memory.buffer ? (view.slice() as unknown as A) : source;
}
