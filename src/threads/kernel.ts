// A kernel whose large passes are shared among threads. It has the functions of any other kernel.

import { DTYPES, type DType, ELEMENT_BYTES } from "../common/dtype.js";
import { RUN } from "../kernel/flags.js";
import type { Kernel, TypedKernel } from "../kernel/kernel.js";
import { OPERATION } from "./chunks.js";
import { PASS, RESULTS, writeField, writeScalars } from "./control.js";
import type { Team } from "./team.js";

/**
 * Passes over fewer bytes of each array stay on the calling thread. Measured by `npm run bench -- threads`, without this bound,
 * with two threads on two cores of an AMD EPYC and Node 24: of the speed of one thread they had 0.9 at 16 KiB (4,096 float32),
 * 1.1 at 32 KiB, 1.4 at 64 KiB, 1.7 at 128 KiB. Where another process wants the second core, 32 KiB and less take twice as long
 * as on one thread.
 */
const THRESHOLD_BYTES = 65536;
/** No chunk is smaller than what is done in about the time of handing it over: a small pass goes to a few of many threads. */
const SMALLEST_CHUNK_BYTES = 16384;
/** Passes up to this are cut into at most one chunk per thread: handing out more would take longer than it evens out. */
const LARGEST_SINGLE_BYTES = 2097152;
/** Longer ones into this many, or into chunks that the kernel walks at several places if every thread gets one. */
const CHUNKS_PER_THREAD = 4;
/** Of float32 and float64, and of 16-bit elements: LARGE of assembly/places.ts. */
const CHUNK_BYTES = 4194304;
const CHUNK_BYTES_16 = 4 * CHUNK_BYTES;

export function threadedKernel(kernel: Kernel, team: Team): Kernel {
  const typed = DTYPES.map((dtype) => [dtype, threaded(kernel[dtype], team, dtype)]);
  return { ...kernel, ...Object.fromEntries(typed), ...threadedBytes(kernel, team) };
}

function threaded(kernel: TypedKernel, team: Team, dtype: DType): TypedKernel {
  const elementBytes = ELEMENT_BYTES[dtype];
  const run = (operation: number, n: number) =>
    team.run(
      operation,
      DTYPES.indexOf(dtype),
      n,
      chunkBytes(team, n * elementBytes, elementBytes === 2 ? CHUNK_BYTES_16 : CHUNK_BYTES) / elementBytes,
    );
  const small = (n: number) => isSmall(team, n * elementBytes);
  const { pass } = team.control;
  return {
    ...kernel,
    sgd(flags, p, g, b, n, scalars) {
      if (small(n)) return kernel.sgd(flags, p, g, b, n, scalars);
      writeArguments(pass, p, g, b, flags);
      writeScalars(pass, scalars);
      run(OPERATION.step, n);
    },
    multiply(to, from, n, first, second) {
      if (small(n)) return kernel.multiply(to, from, n, first, second);
      writeArguments(pass, to, from, first, second);
      run(OPERATION.multiply, n);
    },
    clamp(x, n, bound) {
      if (small(n)) return kernel.clamp(x, n, bound);
      writeArguments(pass, x, bound);
      run(OPERATION.clamp, n);
    },
    sumOfSquares(x, n, scale) {
      return n <= RUN ? kernel.sumOfSquares(x, n, scale) : sumOfRuns(team, OPERATION.sumOfSquares, dtype, x, n, scale);
    },
    allFinite(x, n, scale) {
      if (small(n)) return kernel.allFinite(x, n, scale);
      return Number(sumOfRuns(team, OPERATION.allFinite, dtype, x, n, scale) === Math.ceil(n / RUN));
    },
    average(rule, a, v, n, first, second) {
      if (small(n)) return kernel.average(rule, a, v, n, first, second);
      writeArguments(pass, a, v, rule, first, second);
      run(OPERATION.average, n);
    },
  };
}

/** What does not ask for the element type. */
function threadedBytes(kernel: Kernel, team: Team): Pick<Kernel, "zero" | "swap"> {
  const run = (operation: number, byteLength: number) =>
    team.run(operation, 0, byteLength, chunkBytes(team, byteLength));
  return {
    zero(address, byteLength) {
      if (isSmall(team, byteLength)) return kernel.zero(address, byteLength);
      writeArguments(team.control.pass, address);
      run(OPERATION.zero, byteLength);
    },
    swap(x, y, byteLength) {
      if (isSmall(team, byteLength)) return kernel.swap(x, y, byteLength);
      writeArguments(team.control.pass, x, y);
      run(OPERATION.swap, byteLength);
    },
  };
}

/** The results of all runs, added in order whichever thread they come from. */
function sumOfRuns(team: Team, operation: number, dtype: DType, x: number, n: number, scale: number): number {
  const { pass, results } = team.control;
  let sum = 0;
  for (let start = 0; start < n; start += RUN * RESULTS) {
    const count = Math.min(RUN * RESULTS, n - start);
    writeArguments(pass, x + start * ELEMENT_BYTES[dtype], scale);
    team.run(operation, DTYPES.indexOf(dtype), count, RUN);
    for (let run = 0; run * RUN < count; run++) sum += results[run];
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

/** A multiple of a cache line, so that no two threads write to the same one where arrays are aligned to it. */
function chunkBytes({ control }: Team, byteLength: number, large = CHUNK_BYTES): number {
  if (byteLength >= control.threads * large) return large;
  const perThread = byteLength <= LARGEST_SINGLE_BYTES ? 1 : CHUNKS_PER_THREAD;
  const even = Math.ceil(byteLength / (control.threads * perThread) / 1024) * 1024;
  return Math.max(even, SMALLEST_CHUNK_BYTES);
}

function writeArguments(pass: Float64Array, first: number, second = 0, third = 0, fourth = 0, fifth = 0): void {
  writeField(pass, PASS.args, first);
  writeField(pass, PASS.args + 1, second);
  writeField(pass, PASS.args + 2, third);
  writeField(pass, PASS.args + 3, fourth);
  writeField(pass, PASS.args + 4, fifth);
}
