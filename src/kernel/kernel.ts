// The kernel as the host calls it: typed, and bound to a memory.

import { demangle } from "@assemblyscript/loader";
import { type DType, WASM_TYPE } from "./variants.js";

/**
 * One step of `n` elements at byte addresses `p`, `g` and `b` by a variant of variants.ts; the scalars are explained in
 * assembly/sgd.ts.
 */
export type Update = (
  variant: number,
  p: number,
  g: number,
  b: number,
  n: number,
  negativeLr: number,
  weightDecay: number,
  retain: number,
  undamped: number,
  lookahead: number,
) => void;

/**
 * The same, on gradients that are multiplied by `factor`, then by `clip`. With `mask` -1 and `zeros` = `g` they are zero
 * afterwards. With `mask` 0 they stay as they are, and `zeros` is the address of `SINK_BYTES` that are written instead.
 */
export type ScaledUpdate = (
  ...args: [...step: Parameters<Update>, factor: number, clip: number, zeros: number, mask: number]
) => void;

/** Squares are summed in runs of this many elements, run by run, so that threads can share them without changing the sum. */
export const RUN = 65536;

/** Room for what an update writes instead of zeros: a line of the cache. */
export const SINK_BYTES = 64;

/** The exports for one element type. `x` is the byte address of `n` elements. */
export interface TypedKernel {
  sgd: Update;
  sgdScaled: ScaledUpdate;
  /** Σ (x·scale)², in runs of `RUN` elements whose sums are added in their order */
  sumOfSquares(x: number, n: number, scale: number): number;
  /** to = (from·first)·second; both may be the same */
  multiply(to: number, from: number, n: number, first: number, second: number): void;
  clamp(x: number, n: number, bound: number): void;
  multiplyAdd(x: number, k: number, z: number): number;
}

export type Build = "hardware" | "emulated" | "separate";
const BUILDS: readonly Build[] = ["hardware", "emulated", "separate"];

export interface Kernel extends Record<DType, TypedKernel> {
  module: WebAssembly.Module;
  build: Build;
  zero(address: number, byteLength: number): void;
}

export type Exports = Record<string, (...args: number[]) => number> & { rounding?: WebAssembly.Global };

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  // Of the loader only this part: the others know how strings and arrays of AssemblyScript lie in memory, and the kernel has none.
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return kernelOf(module, demangle(exports) as unknown as Exports);
}

/** @param exports of an instance of `module` */
export function kernelOf(module: WebAssembly.Module, exports: Exports): Kernel {
  const build = BUILDS[exports.rounding?.value];
  if (build === undefined)
    throw new TypeError("options.module is not a kernel of sgd-wasm: it has no export `rounding`");
  return {
    module,
    build,
    float32: typed(exports, "float32"),
    float64: typed(exports, "float64"),
    zero: exports.zero as Kernel["zero"],
  };
}

function typed(exports: Exports, dtype: DType): TypedKernel {
  const named = (name: string) => {
    const found = exports[`${name}_${WASM_TYPE[dtype]}`];
    if (found) return found as never;
    throw new TypeError(
      `options.module is a kernel of another version of sgd-wasm: it has no export ${name}_${WASM_TYPE[dtype]}`,
    );
  };
  return {
    sgd: named("sgd"),
    sgdScaled: named("sgd_scaled"),
    sumOfSquares: named("sum_of_squares"),
    multiply: named("multiply"),
    clamp: named("clamp"),
    multiplyAdd: named("multiply_add"),
  };
}
