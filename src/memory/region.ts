// A typed stretch of linear memory, and views of it that are valid whenever they are read.

import type { DType } from "../kernel/variants.js";
import type { Allocator } from "./allocator.js";

export type FloatArray = Float32Array | Float64Array;
/** The array that holds elements of a dtype. */
export type FloatArrayOf<D extends DType> = D extends "float32" ? Float32Array : Float64Array;

export const ELEMENT_BYTES = { float32: 4, float64: 8 } as const;
export const ARRAY_TYPE = { float32: Float32Array, float64: Float64Array } as const;

export class Region {
  readonly address: number;
  readonly size: number;
  readonly dtype: DType;
  readonly #allocator: Allocator;
  readonly #owned: boolean;
  #view: FloatArray | null = null;
  #freed = false;

  /** `address`: elements that already live there, and are not ours to free. */
  constructor(allocator: Allocator, dtype: DType, size: number, address?: number) {
    this.#allocator = allocator;
    this.#owned = address === undefined;
    this.dtype = dtype;
    this.size = size;
    this.address = address ?? allocator.allocate(size * ELEMENT_BYTES[dtype]);
  }

  /** The elements. A view dies when the memory grows, so one is made anew whenever the buffer has changed. */
  get view(): FloatArray {
    const buffer = this.#allocator.memory.buffer;
    if (this.#freed) throw new Error("this memory was freed: its parameter, optimizer or engine was disposed");
    if (this.#view === null || this.#view.buffer !== buffer) {
      this.#view = new ARRAY_TYPE[this.dtype](buffer, this.address, this.size) as FloatArray;
    }
    return this.#view;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#view = null;
    if (this.#owned) this.#allocator.free(this.address);
  }
}

/**
 * `source` in a form that survives the growth of `memory`: a view of that same memory would be detached by the allocation
 * that makes room for its copy.
 */
export function lasting<A extends ArrayLike<number>>(source: A, memory: WebAssembly.Memory): A {
  return ArrayBuffer.isView(source) && source.buffer === memory.buffer
    ? ((source as unknown as FloatArray).slice() as unknown as A)
    : source;
}
