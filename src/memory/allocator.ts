/** Hands out regions of a linear memory, by byte address. */
export interface Allocator {
  readonly memory: WebAssembly.Memory;
  /** what is handed out now, with the rounding up that the allocator adds */
  readonly allocatedBytes: number;
  /** @throws when there is no room; nothing has changed then, except that the memory may have grown */
  allocate(byteLength: number): number;
  free(address: number): void;
}
