// Passes over memory that are made of many calls of the kernel. On a threaded engine each is shared among the threads.

import type { KernelExports } from "./kernel.js";

/**
 * Where gradients are changed on the way in (scaled, clipped, negated) or zeroed after, this many bytes of them are taken at a
 * time: a block stays in the cache, so that memory is still passed over once.
 */
export const BLOCK_BYTES = 4096;

/** Squares are summed in runs of this many elements, run by run, so that threads can share them without changing the sum. */
export const RUN = 65536;

/** What `sgd` takes, and what is done to the gradients before and after. */
export interface BlockStep {
  variant: number;
  p: number;
  g: number;
  b: number;
  n: number;
  negativeLr: number;
  weightDecay: number;
  retain: number;
  undamped: number;
  lookahead: number;
  /** gradients are multiplied by `factor`, then by `clip`, on their way through `scratch`: room for a block; 0 for not at all */
  scratch: number;
  factor: number;
  clip: number;
  /** they are zeroed after */
  zero: boolean;
}

export function stepInBlocks(kernel: KernelExports, elementBytes: number, step: BlockStep): void {
  const { variant, p, g, b, n, scratch, factor, clip } = step;
  const { negativeLr, weightDecay, retain, undamped, lookahead } = step;
  const block = BLOCK_BYTES / elementBytes;
  for (let start = 0; start < n; start += block) {
    const at = start * elementBytes;
    const count = Math.min(block, n - start);
    if (scratch !== 0) kernel.multiply(scratch, g + at, count, factor, clip);
    const gradient = scratch === 0 ? g + at : scratch;
    kernel.sgd(variant, p + at, gradient, b + at, count, negativeLr, weightDecay, retain, undamped, lookahead);
    if (step.zero) kernel.zero(g + at, count * elementBytes);
  }
}

/** Σ (x·scale)² over `n` elements at byte address `x`. */
export function sumInRuns(kernel: KernelExports, elementBytes: number, x: number, n: number, scale: number): number {
  let sum = 0;
  for (let start = 0; start < n; start += RUN) {
    sum += kernel.sumOfSquares(x + start * elementBytes, Math.min(RUN, n - start), scale);
  }
  return sum;
}
