// Where regions of an engine's own memory lie: first fit, aligned to a vector, address 0 never handed out.

import { checkInteger } from "../common/checks.js";
import { ADDRESS_SPACE, type Allocator, type Block } from "./allocator.js";

/** No vector crosses a cache line, and arrays of most sizes lie next to each other: steps take them together. */
const ALIGNMENT = 16;
/** The first region starts at a cache line. */
const LINE = 64;
const PAGE = 65536;
/** Growing detaches views, so memory grows by an eighth of itself at least, but by no more than this beyond the need. */
const LARGEST_SLACK = 16 * 1024 * 1024;

/** Makes a memory that may grow to `maximum` pages. */
export type NewMemory = (initial: number, maximum: number) => WebAssembly.Memory;

export interface ArenaOptions {
  /** bytes to reserve at once: the memory does not grow below this; default 0 */
  initialBytes?: number;
  /** bytes that the memory never exceeds, in pages of 64 KiB; default 4 GiB */
  maximumBytes?: number;
}

export class Arena implements Allocator {
  readonly memory: WebAssembly.Memory;
  allocatedBytes = 0;
  explain = () => "";
  readonly #limit: number;
  /** Free ranges, by address, no two adjacent; at the end what was never handed out, up to the limit. Some are empty. */
  readonly #holes: { address: number; end: number }[];
  /** bytes behind the last block that the memory has grown for, as far as it may grow */
  #reserved = 0;
  readonly #parked = new Set<Block>();

  constructor(
    { initialBytes = 0, maximumBytes = ADDRESS_SPACE }: ArenaOptions,
    newMemory: NewMemory = (initial) => new WebAssembly.Memory({ initial }),
  ) {
    checkInteger("maximumBytes", maximumBytes, ADDRESS_SPACE);
    checkInteger("initialBytes", initialBytes, maximumBytes);
    const maximum = Math.floor(maximumBytes / PAGE);
    // The last bytes of all are never handed out either: Safari's engine traps when a fill of zeros ends with them.
    this.#limit = Math.min(maximum * PAGE, ADDRESS_SPACE - LINE);
    this.#holes = [{ address: LINE, end: this.#limit }];
    // The first line, which is never handed out, comes on top.
    this.memory = newMemory(Math.min(Math.ceil((initialBytes + LINE) / PAGE), maximum), maximum);
  }

  allocate(byteLength: number): Block {
    const size = sizeOfBlock(byteLength);
    const block = this.#place(size) ?? (this.#giveParkedAway() ? this.#place(size) : null);
    if (block) return block;
    throw new RangeError(
      `out of memory: ${byteLength} bytes were asked for, ${this.allocatedBytes} of ${this.#limit} are in use` +
        `${this.explain()}, or a higher maximumBytes`,
    );
  }

  free(block: Block): void {
    this.allocatedBytes -= block.size;
    this.#insertHole(block);
  }

  reserve(byteLength: number): void {
    this.#reserved += sizeOfBlock(byteLength);
    this.#growForReserve();
  }

  unreserve(byteLength: number): void {
    this.#reserved -= sizeOfBlock(byteLength);
  }

  allocateReserved(byteLengths: readonly number[]): Block[] | null {
    const sizes = byteLengths.map(sizeOfBlock);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#reserved -= total;
    const whole = this.#place(total);
    if (!whole) {
      this.#reserved += total;
      return null;
    }
    let end = whole.address;
    return sizes.map((size) => {
      end += size;
      return { address: end - size, size };
    });
  }

  park(block: Block): void {
    this.allocatedBytes -= block.size;
    this.#parked.add(block);
  }

  resume(block: Block): boolean {
    const isThere = this.#parked.delete(block);
    if (isThere) this.allocatedBytes += block.size;
    return isThere;
  }

  checkAddress(name: string): void {
    throw new TypeError(`${name} needs a memory of yours: createEngine({ memory, allocate, free })`);
  }

  /** A block of the first hole that is large enough, if the memory reaches so far. */
  #place(size: number): Block | null {
    const hole = this.#holes.find(({ address, end }) => end - address >= size);
    if (!hole) return null;
    const { address } = hole;
    hole.address += size;
    if (!this.#growForReserve() && !this.#growTo(hole.address)) {
      hole.address = address;
      return null;
    }
    this.allocatedBytes += size;
    return { address, size };
  }

  /** Grows the memory so that what is reserved has its place behind all blocks, up to the limit. @returns whether it has */
  #growForReserve(): boolean {
    const { address } = this.#holes[this.#holes.length - 1];
    return this.#growTo(Math.min(address + this.#reserved, this.#limit));
  }

  #insertHole({ address, size }: Block): void {
    const end = address + size;
    const holes = this.#holes;
    // There is one: the last lies behind all blocks.
    const next = holes.findIndex((hole) => hole.address > address);
    if (holes[next].address === end) holes[next].address = address;
    else holes.splice(next, 0, { address, end });
    const before = holes[next - 1];
    if (before?.end === address) {
      holes[next].address = before.address;
      holes.splice(next - 1, 1);
    }
  }

  /** @returns whether there was a parked block */
  #giveParkedAway(): boolean {
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const block of parked) this.#insertHole(block);
    return parked.length > 0;
  }

  /** Grows the memory, if it does not reach to `end`. @returns whether it does now */
  #growTo(end: number): boolean {
    const current = this.memory.buffer.byteLength;
    const slack = Math.min(end + Math.min(current / 8, LARGEST_SLACK), this.#limit);
    return end <= current || tryGrow(this.memory, slack - current) || tryGrow(this.memory, end - current);
  }
}

function sizeOfBlock(byteLength: number): number {
  return Math.max(Math.ceil(byteLength / ALIGNMENT), 1) * ALIGNMENT;
}

function tryGrow(memory: WebAssembly.Memory, byteLength: number): boolean {
  try {
    memory.grow(Math.ceil(byteLength / PAGE));
    return true;
  } catch {
    return false;
  }
}
