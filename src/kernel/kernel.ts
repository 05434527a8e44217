// The kernel as the host calls it: typed, and bound to a memory.

import { BFLOAT16, FLOAT16 } from "./flags.js";

/** How multiply-add rounds: once by an instruction, once by emulation, twice. The kernel's export `rounding` is the index. */
export const BUILDS = ["hardware", "emulated", "separate"] as const;
export type Build = (typeof BUILDS)[number];

/** What a user chooses from: `fused` is hardware where that rounds once, else emulated. */
export const ROUNDINGS = ["fused", "separate"];

/** The numbers that a step takes; what its flags do not ask for may be anything. */
export const SCALARS = ["negativeLr", "weightDecay", "momentum", "undamped", "factor", "clip"] as const;

/** `undamped` is 1 - dampening. With SCALE gradients are multiplied by `factor`, then by `clip`. */
export type StepScalars = { [name in (typeof SCALARS)[number]]: number };

/** Byte addresses of what a step read, of the cotangents of what it wrote, and of four sums. */
export type BackwardAddresses = { [name in "p" | "g" | "b" | "cp" | "cb" | "sums"]: number };

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
  /** x = min(max(x, -bound), bound) */
  clamp(x: number, n: number, bound: number): void;
  /** takes the values at `v` into the averages at `a` by a rule of flags.ts */
  average(rule: number, a: number, v: number, n: number, first: number, second: number): void;
}

export interface FloatKernel extends TypedKernel {
  multiplyAdd(x: number, k: number, z: number): number;
}

export interface Kernel {
  float32: FloatKernel;
  float64: FloatKernel;
  /** 16-bit elements are widened to float32, computed with, and rounded when they are stored. */
  float16: TypedKernel;
  bfloat16: TypedKernel;
  module: WebAssembly.Module;
  build: Build;
  zero(address: number, byteLength: number): void;
  /** exchanges the contents of two places */
  swap(x: number, y: number, byteLength: number): void;
  /** The derivative of a step of `n` float64, in arrays with room for an even number: see assembly/backward.ts. */
  backward(flags: number, addresses: BackwardAddresses, n: number, scalars: StepScalars): void;
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
    float32: floatKernel(find, "f32"),
    float64: floatKernel(find, "f64"),
    float16: halfKernel(find, FLOAT16),
    bfloat16: halfKernel(find, BFLOAT16),
    zero: find("zero"),
    swap: find("swap"),
    backward: backwardOf(find),
  };
}

function backwardOf(find: Find): Kernel["backward"] {
  const backward = find("backward");
  return (flags, { p, g, b, cp, cb, sums }, n, { negativeLr, weightDecay, momentum, undamped }) =>
    backward(flags, p, g, b, cp, cb, n, -negativeLr, weightDecay, momentum, undamped, sums);
}

function floatKernel(find: Find, type: string): FloatKernel {
  const sgd = find(`sgd_${type}`);
  return {
    sgd(flags, p, g, b, n, { negativeLr, weightDecay, momentum, undamped, factor, clip }) {
      sgd(flags, p, g, b, n, negativeLr, weightDecay, momentum, undamped, factor, clip);
    },
    sumOfSquares: find(`sumOfSquares_${type}`),
    allFinite: find(`allFinite_${type}`),
    multiply: find(`multiply_${type}`),
    clamp: find(`clamp_${type}`),
    average: find(`average_${type}`),
    multiplyAdd: find(`multiplyAdd_${type}`),
  };
}

function halfKernel(find: Find, type: number): TypedKernel {
  const sgd = find("sgd_16");
  const [sumOfSquares, allFinite, multiply, clamp, average] = HALF_FUNCTIONS.map((name) => find(`${name}_16`));
  return {
    sgd(flags, p, g, b, n, { negativeLr, weightDecay, momentum, undamped, factor, clip }) {
      sgd(flags, p, g, b, n, negativeLr, weightDecay, momentum, undamped, factor, clip, type);
    },
    sumOfSquares: (x, n, scale) => sumOfSquares(x, n, scale, type),
    allFinite: (x, n, scale) => allFinite(x, n, scale, type),
    multiply: (to, from, n, first, second) => multiply(to, from, n, first, second, type),
    clamp: (x, n, bound) => clamp(x, n, bound, type),
    average: (rule, a, v, n, first, second) => average(rule, a, v, n, first, second, type),
  };
}

const HALF_FUNCTIONS = ["sumOfSquares", "allFinite", "multiply", "clamp", "average"];
