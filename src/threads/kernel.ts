// A kernel whose large passes are shared among threads. It has the functions of any other kernel.

import type { DType } from "../common/dtype.js";
import { ELEMENT_BYTES } from "../common/dtype.js";
import { type Kernel, RUN, type TypedKernel } from "../kernel/kernel.js";
import { OPERATION } from "./chunks.js";
import { describe, PASS, SUMS } from "./control.js";
import type { Team } from "./team.js";

/**
 * Passes over fewer bytes of each array stay on the calling thread. Measured by `npm run bench -- threads`, without this bound,
 * with two threads on two cores of an AMD EPYC and Node 24: of the speed of one thread they had 0.9 at 16 KiB (4,096 float32),
 * 1.1 at 32 KiB, 1.4 at 64 KiB, 1.7 at 128 KiB. Where something else wants the second core, 32 KiB and less take twice as long
 * as on one thread. Handing a pass over and taking it back costs about half a microsecond.
 */
const THRESHOLD_BYTES = 65536;
/** No chunk is smaller than what is done in about the time of handing it over: a small pass goes to a few of many threads. */
const SMALLEST_CHUNK_BYTES = 16384;
/** Passes up to this are cut into at most one chunk per thread: handing out more would take longer than it evens out. */
const LARGEST_SINGLE_BYTES = 2097152;
/** Longer ones into this many, if the chunks are not larger than this: small enough to share out evenly. */
const CHUNKS_PER_THREAD = 4;
const LARGEST_CHUNK_BYTES = 1048576;

export function threadedKernel(kernel: Kernel, team: Team): Kernel {
  return {
    ...kernel,
    float32: threaded(kernel.float32, team, "float32"),
    float64: threaded(kernel.float64, team, "float64"),
    zero: threadedZero(kernel, team),
  };
}

function threaded(kernel: TypedKernel, team: Team, dtype: DType): TypedKernel {
  const elementBytes = ELEMENT_BYTES[dtype];
  const run = (operation: number, n: number) =>
    team.run(operation, dtype === "float64", n, chunkBytes(team, n * elementBytes) / elementBytes);
  const small = (n: number) => isSmall(team, n * elementBytes);
  const { pass } = team.control;
  return {
    ...kernel,
    sgd(variant, p, g, b, n, negativeLr, weightDecay, lookahead, weight, factor, clip) {
      if (small(n)) {
        kernel.sgd(variant, p, g, b, n, negativeLr, weightDecay, lookahead, weight, factor, clip);
        return;
      }
      write(pass, variant, p, g, b);
      describe(pass, PASS.args + 4, negativeLr);
      describe(pass, PASS.args + 5, weightDecay);
      describe(pass, PASS.args + 6, lookahead);
      describe(pass, PASS.args + 7, weight);
      describe(pass, PASS.args + 8, factor);
      describe(pass, PASS.args + 9, clip);
      run(OPERATION.step, n);
    },
    multiply(to, from, n, first, second) {
      if (small(n)) return kernel.multiply(to, from, n, first, second);
      write(pass, to, from, first, second);
      run(OPERATION.multiply, n);
    },
    clamp(x, n, bound) {
      if (small(n)) return kernel.clamp(x, n, bound);
      write(pass, x, bound);
      run(OPERATION.clamp, n);
    },
    sumOfSquares: (x, n, scale) =>
      n <= RUN ? kernel.sumOfSquares(x, n, scale) : sumInRuns(team, dtype === "float64", x, n, scale),
  };
}

function threadedZero(kernel: Kernel, team: Team): Kernel["zero"] {
  return (address, byteLength) => {
    if (isSmall(team, byteLength)) return kernel.zero(address, byteLength);
    describe(team.control.pass, PASS.args, address);
    team.run(OPERATION.zero, false, byteLength, chunkBytes(team, byteLength));
  };
}

/** The sums of all runs, added in order whoever took them. */
function sumInRuns(team: Team, float64: boolean, x: number, n: number, scale: number): number {
  const { pass, sums } = team.control;
  let sum = 0;
  for (let start = 0; start < n; start += RUN * SUMS) {
    const count = Math.min(RUN * SUMS, n - start);
    write(pass, x + start * (float64 ? 8 : 4), scale);
    team.run(OPERATION.sumOfSquares, float64, count, RUN);
    for (let run = 0; run * RUN < count; run++) sum += sums[run];
  }
  return sum;
}

/**
 * Whether the calling thread does it alone.
 *
 * @throws Error when another thread has died: a step is then refused before its first element
 */
function isSmall(team: Team, byteLength: number): boolean {
  team.check();
  return byteLength < THRESHOLD_BYTES;
}

/** A multiple of a cache's line, so that no two threads write to the same one where arrays are aligned to it. */
function chunkBytes({ control }: Team, byteLength: number): number {
  const perThread = byteLength <= LARGEST_SINGLE_BYTES ? 1 : CHUNKS_PER_THREAD;
  const even = Math.ceil(byteLength / (control.threads * perThread) / 1024) * 1024;
  return Math.min(Math.max(even, SMALLEST_CHUNK_BYTES), LARGEST_CHUNK_BYTES);
}

function write(pass: Float64Array, a: number, b: number, c = 0, d = 0): void {
  describe(pass, PASS.args, a);
  describe(pass, PASS.args + 1, b);
  describe(pass, PASS.args + 2, c);
  describe(pass, PASS.args + 3, d);
}
