// The memory of an engine whose threads share it.

/** It may grow to this many pages, or where a runtime reserves no such stretch of addresses, to a half or a quarter. */
const LIMITS = [65536, 32768, 16384];

/** A shared memory needs a maximum, and runtimes reserve addresses for all of it. */
export function newSharedMemory(initial: number, most: number): WebAssembly.Memory {
  let failure: unknown;
  for (const limit of LIMITS) {
    const maximum = Math.max(Math.min(limit, most), initial);
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
