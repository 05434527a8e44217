// The kernel as the host calls it: typed, and bound to a memory.

import { instantiateSync } from "@assemblyscript/loader";
import { type BlockStep, stepInBlocks, sumInRuns } from "./passes.js";
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

/** The exports for one element type. `x` is the byte address of `n` elements. */
export interface KernelExports {
  sgd: Update;
  sumOfSquares(x: number, n: number, scale: number): number;
  /** to = (from·first)·second; both may be the same */
  multiply(to: number, from: number, n: number, first: number, second: number): void;
  clamp(x: number, n: number, bound: number): void;
  backward(
    flags: number,
    p: number,
    g: number,
    b: number,
    cp: number,
    cb: number,
    n: number,
    lr: number,
    weightDecay: number,
    momentum: number,
    undamped: number,
    sums: number,
  ): void;
  multiplyAdd(x: number, k: number, z: number): number;
  /** of any type */
  zero(address: number, byteLength: number): void;
}

/** The exports for one element type, and passes made of them. */
export interface TypedKernel extends KernelExports {
  stepInBlocks(step: BlockStep): void;
  /** the sum of squares of any number of elements */
  sumInRuns(x: number, n: number, scale: number): number;
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
  return kernelOf(module, instantiateSync(module, { env: { memory } }).exports as unknown as Exports);
}

/** @param exports of an instance of `module` */
export function kernelOf(module: WebAssembly.Module, exports: Exports): Kernel {
  const build = BUILDS[exports.rounding?.value];
  if (build === undefined)
    throw new TypeError("options.module is not a kernel of sgd-wasm: it has no export `rounding`");
  return {
    module,
    build,
    float32: typed(exports, "float32", 4),
    float64: typed(exports, "float64", 8),
    zero: exports.zero as Kernel["zero"],
  };
}

function typed(exports: Exports, dtype: DType, elementBytes: number): TypedKernel {
  const named = (name: string) => exports[`${name}_${WASM_TYPE[dtype]}`] as never;
  const kernel: KernelExports = {
    sgd: named("sgd"),
    sumOfSquares: named("sum_of_squares"),
    multiply: named("multiply"),
    clamp: named("clamp"),
    backward: named("backward"),
    multiplyAdd: named("multiply_add"),
    zero: exports.zero as KernelExports["zero"],
  };
  return {
    ...kernel,
    stepInBlocks: (step) => stepInBlocks(kernel, elementBytes, step),
    sumInRuns: (x, n, scale) => sumInRuns(kernel, elementBytes, x, n, scale),
  };
}
