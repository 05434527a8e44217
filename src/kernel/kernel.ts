// The kernel as the host calls it: typed, and bound to a memory.

import type { DType } from "../common/dtype.js";

/** How multiply-add rounds: once by an instruction, once by emulation, twice. The kernel's export `rounding` is the index. */
export const BUILDS = ["hardware", "emulated", "separate"] as const;
export type Build = (typeof BUILDS)[number];

/** Squares are summed in runs of this many elements, run by run, so that threads can share them without changing the sum. */
export const RUN = 65536;

/** The exports for one element type. `x` is the byte address of `n` elements. */
export interface TypedKernel {
  /**
   * One step of `n` elements at byte addresses `p`, `g` and `b` by a variant of variants.ts; the scalars are explained in
   * assembly/sgd.ts. Gradients are multiplied by `factor`, then by `clip`, if the variant scales.
   */
  sgd(
    variant: number,
    p: number,
    g: number,
    b: number,
    n: number,
    negativeLr: number,
    weightDecay: number,
    lookahead: number,
    weight: number,
    factor: number,
    clip: number,
  ): void;
  /** Σ (x·scale)², in runs of `RUN` elements whose sums are added in their order */
  sumOfSquares(x: number, n: number, scale: number): number;
  /** to = (from·first)·second; both may be the same */
  multiply(to: number, from: number, n: number, first: number, second: number): void;
  clamp(x: number, n: number, bound: number): void;
  multiplyAdd(x: number, k: number, z: number): number;
}

const FUNCTIONS = ["sgd", "sumOfSquares", "multiply", "clamp", "multiplyAdd"];

export interface Kernel extends Record<DType, TypedKernel> {
  module: WebAssembly.Module;
  build: Build;
  zero(address: number, byteLength: number): void;
  /** The derivative of a step over float64 arrays with room for an even number: see assembly/backward.ts. */
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
}

/** @throws TypeError when the module is another's */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const find = (name: string): never => {
    if (name in exports) return exports[name] as never;
    throw new TypeError(`options.module is no kernel of this version of sgd-wasm: it has no export ${name}`);
  };
  const typed = (type: string) => Object.fromEntries(FUNCTIONS.map((name) => [name, find(`${name}_${type}`)])) as never;
  const { value } = find("rounding") as WebAssembly.Global;
  return {
    module,
    build: BUILDS[value],
    float32: typed("f32"),
    float64: typed("f64"),
    zero: find("zero"),
    backward: find("backward"),
  };
}
