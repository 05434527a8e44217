// A typed stretch of linear memory, and views of it that are valid whenever they are read.

import { ARRAY_TYPE, type DType, ELEMENT_BYTES, type ElementArray } from "../common/dtype.js";
import type { Allocator, Block } from "./allocator.js";

export class Region {
  readonly address: number;
  readonly size: number;
  readonly dtype: DType;
  /** what is given back; null where the elements are not ours to free */
  readonly block: Block | null;
  /** null once the region is freed */
  #allocator: Allocator | null;
  #view: ElementArray | null = null;

  private constructor(allocator: Allocator, dtype: DType, size: number, address: number, block: Block | null) {
    this.#allocator = allocator;
    this.dtype = dtype;
    this.size = size;
    this.address = address;
    this.block = block;
  }

  /** @param block where its elements lie; allocated for them by default */
  static create(allocator: Allocator, dtype: DType, size: number, block?: Block): Region {
    const own = block ?? allocator.allocate(size * ELEMENT_BYTES[dtype]);
    return new Region(allocator, dtype, size, own.address, own);
  }

  /** Elements that already live at `address`, and are not ours to free. `name` is what an error calls the address. */
  static at(allocator: Allocator, dtype: DType, size: number, address: number, name: string): Region {
    allocator.checkAddress(name, address, size * ELEMENT_BYTES[dtype], ELEMENT_BYTES[dtype]);
    return new Region(allocator, dtype, size, address, null);
  }

  /** The elements. A view dies when the memory grows, so one is made anew whenever the buffer has changed. */
  get view(): ElementArray {
    if (!this.#allocator) throw new Error("this memory was freed by a dispose()");
    const { buffer } = this.#allocator.memory;
    if (this.#view?.buffer !== buffer) {
      this.#view = new ARRAY_TYPE[this.dtype](buffer, this.address, this.size) as ElementArray;
    }
    return this.#view;
  }

  free(): void {
    const allocator = this.#allocator;
    this.#allocator = this.#view = null;
    if (this.block) allocator?.free(this.block);
  }

  /** Frees it, but keeps its place as long as nothing else needs it: the block can be resumed. */
  park(): void {
    const allocator = this.#allocator;
    this.#allocator = this.#view = null;
    if (this.block) allocator?.park(this.block);
  }
}

/**
 * `source` in a form that survives the growth of `memory`: a view of that same memory would be detached by the allocation
 * that makes room for its copy.
 */
export function lasting<A extends ArrayLike<number>>(source: A, memory: WebAssembly.Memory): A {
  const view = source as unknown as ElementArray;
  return view.buffer === memory.buffer ? (view.slice() as unknown as A) : source;
}
