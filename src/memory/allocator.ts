/** What 32-bit addresses reach. */
export const ADDRESS_SPACE = 2 ** 32;

/** A stretch of memory that an allocator has handed out. */
export interface Block {
  readonly address: number;
  /** bytes, with the rounding up that the allocator adds */
  readonly size: number;
}

/** Hands out blocks of a linear memory. */
export interface Allocator {
  readonly memory: WebAssembly.Memory;
  /** the sum of the sizes of what is handed out now */
  readonly allocatedBytes: number;
  /** ends the message when there is no room: what holds the memory */
  explain: () => string;
  /** @throws when there is no room; nothing has changed then, except that the memory may have grown */
  allocate(byteLength: number): Block;
  /** Takes a block back: once. */
  free(block: Block): void;
  /** Grows the memory, as far as it may grow, for a block to be allocated later, which then grows nothing. */
  reserve(byteLength: number): void;
  /** Takes one reservation back: the block is allocated now, or never. */
  unreserve(byteLength: number): void;
  /** Blocks for reservations of these lengths, one after the other, in place of the reservations; null where there are none such. */
  allocateReserved(byteLengths: readonly number[]): Block[] | null;
  /** Takes a block back, and keeps its place for `resume` until another block has no other place. */
  park(block: Block): void;
  /** Hands out a parked block again, unless its place was given away. */
  resume(block: Block): boolean;
  /** Refuses an address of the caller's as the place of `byteLength` bytes. */
  checkAddress(name: string, address: number, byteLength: number, alignment: number): void;
}
