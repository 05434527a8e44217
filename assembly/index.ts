// The kernel's exports, one line each. All are pure functions over linear memory: no state, no allocation, no imports but
// the memory. Addresses and counts are unsigned; p, g and b are byte addresses of n parameters, gradients and momentum
// buffers, aligned to the element (4 or 8 bytes) and not overlapping. The meaning of the scalars is in sgd.ts.

import { clamp, multiply, sumOfSquares } from "./gradient";
import { multiplier, multiplyAdd } from "./multiply-add";
import { dispatch } from "./variants";

/** Which build this is: 0 hardware, 1 emulated, 2 separate. */
// @ts-ignore: introduced by asconfig.json
export const rounding: i32 = ROUNDING;

/**
 * One step of n elements by the given variant of variants.ts; the scalars are explained in sgd.ts. One export for all of them,
 * because JavaScript engines call a function fast that is always the same.
 */
export function sgd_f32(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, r: f32, u: f32, l: f32): void {
  dispatch<f32>(false, variant, p, g, b, n, lr, wd, r, u, l, 1, 1, 0, 0);
}
export function sgd_f64(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, r: f64, u: f64, l: f64): void {
  dispatch<f64>(false, variant, p, g, b, n, lr, wd, r, u, l, 1, 1, 0, 0);
}
/** The same on gradients that are scaled, and zeroed if `mask` says so. */
export function sgd_scaled_f32(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, r: f32, u: f32, l: f32, factor: f32, clip: f32, zeros: usize, mask: usize): void {
  dispatch<f32>(true, variant, p, g, b, n, lr, wd, r, u, l, factor, clip, zeros, mask);
}
export function sgd_scaled_f64(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, r: f64, u: f64, l: f64, factor: f64, clip: f64, zeros: usize, mask: usize): void {
  dispatch<f64>(true, variant, p, g, b, n, lr, wd, r, u, l, factor, clip, zeros, mask);
}

export function sum_of_squares_f32(x: usize, n: usize, scale: f32): f64 { return sumOfSquares<f32>(x, n, scale); }
export function multiply_f32(to: usize, from: usize, n: usize, first: f32, second: f32): void { multiply<f32>(to, from, n, first, second); }
export function clamp_f32(x: usize, n: usize, bound: f32): void { clamp<f32>(x, n, bound); }
export function sum_of_squares_f64(x: usize, n: usize, scale: f64): f64 { return sumOfSquares<f64>(x, n, scale); }
export function multiply_f64(to: usize, from: usize, n: usize, first: f64, second: f64): void { multiply<f64>(to, from, n, first, second); }
export function clamp_f64(x: usize, n: usize, bound: f64): void { clamp<f64>(x, n, bound); }
export function zero(address: usize, bytes: usize): void { memory.fill(address, 0, bytes); }

/** x·k + z on single numbers, as the updates compute it: for the probe at load, and for tests. */
export function multiply_add_f32(x: f32, k: f32, z: f32): f32 { return f32x4.extract_lane(multiplyAdd<f32>(f32x4.splat(x), multiplier<f32>(k), f32x4.splat(z), false), 0); }
export function multiply_add_f64(x: f64, k: f64, z: f64): f64 { return f64x2.extract_lane(multiplyAdd<f64>(f64x2.splat(x), multiplier<f64>(k), f64x2.splat(z), false), 0); }
