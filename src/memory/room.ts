// Room for a region that comes and goes.

import { type DType, ELEMENT_BYTES } from "../common/dtype.js";
import type { Allocator, Block } from "./allocator.js";
import { Region } from "./region.js";

/**
 * With `waiting` it is reserved before its region comes, and kept when it has gone: so the memory need not grow for it. There
 * rooms of one kind wait for their places, which they get together when the first of them is taken, in the order in which
 * they were made: neighbours among parameters are neighbours among gradients, whichever gradient comes first.
 */
export class Room {
  readonly #allocator: Allocator;
  readonly #dtype: DType;
  readonly #size: number;
  readonly #waiting: Set<Room> | undefined;
  #region: Region | null = null;
  /** where the region was last, or will be */
  #parked: Block | null = null;

  constructor(allocator: Allocator, dtype: DType, size: number, waiting: Set<Room> | undefined) {
    this.#allocator = allocator;
    this.#dtype = dtype;
    this.#size = size;
    this.#waiting = waiting;
    if (!waiting) return;
    allocator.reserve(this.#byteLength);
    waiting.add(this);
  }

  /** The region while it is there. */
  get region(): Region | null {
    return this.#region;
  }

  /** Makes the region, which must not be there. @throws RangeError when there is no memory */
  take(): Region {
    if (this.#waits) this.#placeAll();
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
    if (this.#waiting?.delete(this)) this.#allocator.unreserve(this.#byteLength);
  }

  get #byteLength(): number {
    return this.#size * ELEMENT_BYTES[this.#dtype];
  }

  /** Whether it is reserved, and has no place. */
  get #waits(): boolean {
    return this.#waiting?.has(this) ?? false;
  }

  /** Gives all that wait their places, if they have them next to each other; else each finds its own when it is taken. */
  #placeAll(): void {
    const rooms = [...(this.#waiting ?? [])];
    const blocks = this.#allocator.allocateReserved(rooms.map((room) => room.#byteLength));
    if (!blocks) return;
    for (const [i, room] of rooms.entries()) {
      room.#parked = blocks[i];
      room.#allocator.park(blocks[i]);
    }
    this.#waiting?.clear();
  }

  #allocate(): Block {
    if (!this.#waits) return this.#allocator.allocate(this.#byteLength);
    this.#allocator.unreserve(this.#byteLength);
    try {
      const block = this.#allocator.allocate(this.#byteLength);
      this.#waiting?.delete(this);
      return block;
    } catch (error) {
      this.#allocator.reserve(this.#byteLength);
      throw error;
    }
  }
}
