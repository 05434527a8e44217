// The bandwidth of copying memory, by the memmove of the runtime: what a loop over as much memory is compared with.

import { now } from "./clock.js";
import type { Runner } from "./timing.js";

/** Copies one half of so many bytes to the other half: each of them is read or written once. */
export function copyRunner(bytes: number): Runner {
  const half = Math.ceil(bytes / 2 / 8);
  const from = new Float64Array(half).fill(1);
  const to = new Float64Array(half);
  return {
    run(times) {
      const start = now();
      for (let i = 0; i < times; i++) to.set(from);
      return now() - start;
    },
  };
}
