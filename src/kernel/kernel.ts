// The kernel as the host calls it: typed, and bound to a memory.

import type { DType } from "../common/dtype.js";

/** How multiply-add rounds: once by an instruction, once by emulation, twice. The kernel's export `rounding` is the index. */
export const BUILDS = ["hardware", "emulated", "separate"] as const;
export type Build = (typeof BUILDS)[number];

/** The numbers that a step takes; what its flags do not ask for may be anything. */
export const SCALARS = ["negativeLr", "weightDecay", "momentum", "undamped", "factor", "clip"] as const;

/** `undamped` is 1 - dampening. With SCALE gradients are multiplied by `factor`, then by `clip`. */
export type StepScalars = { [name in (typeof SCALARS)[number]]: number };

/** The functions for one element type. `x`, `p`, `g`, `b`, `to` and `from` are byte addresses of `n` elements. */
export interface TypedKernel {
  /** One step, as the bits of flags.ts say: the rule is in assembly/sgd.ts. */
  sgd(flags: number, p: number, g: number, b: number, n: number, scalars: StepScalars): void;
  /** Σ (x·scale)², in runs of `RUN` elements whose sums are added in their order */
  sumOfSquares(x: number, n: number, scale: number): number;
  /** whether all x·scale are finite: 1 or 0 */
  allFinite(x: number, n: number, scale: number): number;
  /** to = (from·first)·second; both may be the same */
  multiply(to: number, from: number, n: number, first: number, second: number): void;
  clamp(x: number, n: number, bound: number): void;
  /** takes the values at `v` into the averages at `a` by a rule of flags.ts */
  average(rule: number, a: number, v: number, n: number, first: number, second: number): void;
  multiplyAdd(x: number, k: number, z: number): number;
}

/** How the exports for an element type end. */
const SUFFIXES: Record<DType, string> = { float32: "f32", float64: "f64" };

export interface Kernel extends Record<DType, TypedKernel> {
  module: WebAssembly.Module;
  build: Build;
  zero(address: number, byteLength: number): void;
  /** exchanges the contents of two places */
  swap(x: number, y: number, byteLength: number): void;
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
  /** how many threads share a pass; undefined for one */
  threads?: number;
  /** ends the threads */
  stop?(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: exports have no types
type Find = (name: string) => any;

/** @throws TypeError when the module is another's */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const find: Find = (name) => {
    if (name in exports) return exports[name];
    throw new TypeError(`options.module is no kernel of this version of sgd-wasm: it has no export ${name}`);
  };
  return {
    module,
    build: BUILDS[find("rounding").value],
    float32: typedKernel(find, SUFFIXES.float32),
    float64: typedKernel(find, SUFFIXES.float64),
    zero: find("zero"),
    swap: find("swap"),
    backward: find("backward"),
  };
}

function typedKernel(find: Find, suffix: string): TypedKernel {
  const sgd = find(`sgd_${suffix}`);
  return {
    sgd(flags, p, g, b, n, { negativeLr, weightDecay, momentum, undamped, factor, clip }) {
      sgd(flags, p, g, b, n, negativeLr, weightDecay, momentum, undamped, factor, clip);
    },
    sumOfSquares: find(`sumOfSquares_${suffix}`),
    allFinite: find(`allFinite_${suffix}`),
    multiply: find(`multiply_${suffix}`),
    clamp: find(`clamp_${suffix}`),
    average: find(`average_${suffix}`),
    multiplyAdd: find(`multiplyAdd_${suffix}`),
  };
}
