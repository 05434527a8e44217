// Where regions of an engine's own memory lie: first fit, 64-byte aligned, address 0 never handed out.

import type { Allocator } from "./allocator.js";

const ALIGNMENT = 64;
const PAGE = 65536;
/** 32-bit addresses end here. */
const ADDRESS_SPACE = 65536 * PAGE;
/** Growing detaches views, so memory grows by an eighth of itself at least, but by no more than this beyond the need. */
const LARGEST_SLACK = 16 * 1024 * 1024;

interface Hole {
  address: number;
  size: number;
}

export class Arena implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  readonly #limit: number;
  /** The end of what has ever been handed out and not come back: free from here on. */
  #top = ALIGNMENT;
  /** Free ranges below the top, by address, no two adjacent. */
  readonly #holes: Hole[] = [];
  readonly #sizes = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, maximumBytes = ADDRESS_SPACE) {
    this.memory = memory;
    // The last bytes of all are never handed out either: Safari's engine traps when a fill of zeros ends with them.
    this.#limit = Math.min(Math.floor(maximumBytes / PAGE) * PAGE, ADDRESS_SPACE - ALIGNMENT);
  }

  allocate(byteLength: number): number {
    const size = Math.max(Math.ceil(byteLength / ALIGNMENT), 1) * ALIGNMENT;
    const address = this.#takeHole(size) ?? this.#takeTop(size, byteLength);
    this.#sizes.set(address, size);
    this.allocatedBytes += size;
    return address;
  }

  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    this.allocatedBytes -= size;
    this.#addHole(address, size);
  }

  #takeHole(size: number): number | undefined {
    const index = this.#holes.findIndex((hole) => hole.size >= size);
    if (index < 0) return undefined;
    const hole = this.#holes[index];
    const address = hole.address;
    hole.address += size;
    hole.size -= size;
    if (hole.size === 0) this.#holes.splice(index, 1);
    return address;
  }

  #takeTop(size: number, byteLength: number): number {
    const end = this.#top + size;
    if (end > this.memory.buffer.byteLength) this.#grow(end, byteLength);
    else if (end > this.#limit) throw this.#outOfMemory(byteLength);
    // Only now: a failed growth must leave the arena as it was.
    const address = this.#top;
    this.#top = end;
    return address;
  }

  #grow(end: number, byteLength: number): void {
    if (end > this.#limit) throw this.#outOfMemory(byteLength);
    const current = this.memory.buffer.byteLength;
    const pages = Math.ceil((end - current) / PAGE);
    const slack = Math.floor(Math.min(current / 8, LARGEST_SLACK, this.#limit - end) / PAGE);
    if (slack > pages && tryGrow(this.memory, slack)) return;
    if (!tryGrow(this.memory, pages)) throw this.#outOfMemory(byteLength);
  }

  #addHole(address: number, size: number): void {
    const holes = this.#holes;
    const found = holes.findIndex((hole) => hole.address > address);
    const index = found < 0 ? holes.length : found;
    const before = holes[index - 1];
    const after = holes[index];
    if (before && before.address + before.size === address) {
      before.size += size;
      if (after && after.address === address + size) {
        before.size += after.size;
        holes.splice(index, 1);
      }
    } else if (after && after.address === address + size) {
      after.address = address;
      after.size += size;
    } else {
      holes.splice(index, 0, { address, size });
    }
    const last = holes[holes.length - 1];
    if (last.address + last.size === this.#top) {
      this.#top = last.address;
      holes.pop();
    }
  }

  #outOfMemory(byteLength: number): Error {
    return new RangeError(
      `out of memory: ${byteLength} bytes were asked for, ${this.allocatedBytes} are in use and the memory of ` +
        `${this.memory.buffer.byteLength} bytes cannot grow enough (limit ${this.#limit}): dispose() of parameters, or raise maximumBytes`,
    );
  }
}

function tryGrow(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}
