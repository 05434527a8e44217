// The kernel's exports. All are pure functions over linear memory: no state, no allocation, no imports but the memory.
// Addresses and counts are unsigned. The calling convention is in docs/kernel.md, the meaning of the scalars in sgd.ts.

import { average } from "./average";
import { multiplier, multiplyAdd } from "./fma";
import { allFinite, clamp, multiply, sumOfSquares, sumOfSquares16 } from "./gradient";
import { step } from "./sgd";

export { swap } from "./average";
export { backward } from "./backward";
export { rounding } from "./fma";

export function zero(address: usize, bytes: usize): void { memory.fill(address, 0, bytes); }

export function sgd_f32(flags: i32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, m: f32, u: f32, f: f32, c: f32): void { step<f32, f32>(0, flags, p, g, b, n, lr, wd, m, u, f, c); }
export function sumOfSquares_f32(x: usize, n: usize, scale: f32): f64 { return sumOfSquares<f32>(x, n, scale); }
export function allFinite_f32(x: usize, n: usize, scale: f32): i32 { return allFinite<f32, f32>(0, x, n, scale); }
export function multiply_f32(to: usize, from: usize, n: usize, first: f32, second: f32): void { multiply<f32, f32>(0, to, from, n, first, second); }
export function clamp_f32(x: usize, n: usize, bound: f32): void { clamp<f32, f32>(0, x, n, bound); }
export function average_f32(rule: i32, a: usize, v: usize, n: usize, first: f32, second: f32): void { average<f32, f32>(0, rule, a, v, n, first, second); }
/** x·k + z on single numbers, as the steps compute it: for the probe when a kernel is loaded, and for tests. */
export function multiplyAdd_f32(x: f32, k: f32, z: f32): f32 { return f32x4.extract_lane(multiplyAdd<f32>(false, f32x4.splat(x), multiplier<f32>(k), f32x4.splat(z)), 0); }

export function sgd_f64(flags: i32, p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, m: f64, u: f64, f: f64, c: f64): void { step<f64, f64>(0, flags, p, g, b, n, lr, wd, m, u, f, c); }
export function sumOfSquares_f64(x: usize, n: usize, scale: f64): f64 { return sumOfSquares<f64>(x, n, scale); }
export function allFinite_f64(x: usize, n: usize, scale: f64): i32 { return allFinite<f64, f64>(0, x, n, scale); }
export function multiply_f64(to: usize, from: usize, n: usize, first: f64, second: f64): void { multiply<f64, f64>(0, to, from, n, first, second); }
export function clamp_f64(x: usize, n: usize, bound: f64): void { clamp<f64, f64>(0, x, n, bound); }
export function average_f64(rule: i32, a: usize, v: usize, n: usize, first: f64, second: f64): void { average<f64, f64>(0, rule, a, v, n, first, second); }
export function multiplyAdd_f64(x: f64, k: f64, z: f64): f64 { return f64x2.extract_lane(multiplyAdd<f64>(false, f64x2.splat(x), multiplier<f64>(k), f64x2.splat(z)), 0); }

// 16 bits: `half` is 0 for float16, 1 for bfloat16.

export function sgd_16(flags: i32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, m: f32, u: f32, f: f32, c: f32, half: i32): void { step<f32, u16>(half, flags, p, g, b, n, quiet(lr), quiet(wd), quiet(m), quiet(u), f, c); }
export function sumOfSquares_16(x: usize, n: usize, scale: f32, half: i32): f64 { return sumOfSquares16(half, x, n, scale); }
export function allFinite_16(x: usize, n: usize, scale: f32, half: i32): i32 { return allFinite<f32, u16>(half, x, n, scale); }
export function multiply_16(to: usize, from: usize, n: usize, first: f32, second: f32, half: i32): void { multiply<f32, u16>(half, to, from, n, first, second); }
export function clamp_16(x: usize, n: usize, bound: f32, half: i32): void { clamp<f32, u16>(half, x, n, bound); }
export function average_16(rule: i32, a: usize, v: usize, n: usize, first: f32, second: f32, half: i32): void { average<f32, u16>(half, rule, a, v, n, first, second); }

/** NaN with zeros in its lower half, as `joinBfloat16` needs it. */
function quiet(x: f32): f32 { return x == x ? x : f32.NaN; }
