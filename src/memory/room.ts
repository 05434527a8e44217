// Room for a region that comes and goes.

import { type DType, ELEMENT_BYTES } from "../common/dtype.js";
import type { Allocator, Block } from "./allocator.js";
import { Region } from "./region.js";

/** Reserved before its region comes, unless told otherwise, and kept when it has gone: so the memory need not grow for it. */
export class Room {
  readonly #allocator: Allocator;
  readonly #dtype: DType;
  readonly #size: number;
  #region: Region | null = null;
  /** where the region was last */
  #parked: Block | null = null;
  #reserved: boolean;

  constructor(allocator: Allocator, dtype: DType, size: number, reserve: boolean) {
    this.#allocator = allocator;
    this.#dtype = dtype;
    this.#size = size;
    this.#reserved = reserve;
    if (reserve) allocator.reserve(this.#byteLength);
  }

  /** The region while it is there. */
  get region(): Region | null {
    return this.#region;
  }

  /** Makes the region, which must not be there. @throws RangeError when there is no memory */
  take(): Region {
    if (this.#parked && !this.#allocator.resume(this.#parked)) this.#parked = null;
    const block = this.#parked ?? this.#allocate();
    this.#region = Region.create(this.#allocator, this.#dtype, this.#size, block);
    this.#parked = null;
    return this.#region;
  }

  /** The region goes. */
  leave(): void {
    this.#region?.park();
    this.#parked = this.#region?.block ?? null;
    this.#region = null;
  }

  /** Gives everything back. */
  dispose(): void {
    this.leave();
    if (this.#parked && this.#allocator.resume(this.#parked)) this.#allocator.free(this.#parked);
    this.#parked = null;
    if (this.#reserved) this.#allocator.unreserve(this.#byteLength);
    this.#reserved = false;
  }

  get #byteLength(): number {
    return this.#size * ELEMENT_BYTES[this.#dtype];
  }

  #allocate(): Block {
    if (!this.#reserved) return this.#allocator.allocate(this.#byteLength);
    this.#allocator.unreserve(this.#byteLength);
    try {
      const block = this.#allocator.allocate(this.#byteLength);
      this.#reserved = false;
      return block;
    } catch (error) {
      this.#allocator.reserve(this.#byteLength);
      throw error;
    }
  }
}
