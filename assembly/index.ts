// The kernel's exports, one line each. All are pure functions over linear memory: no state, no allocation, no imports but
// the memory. Addresses and counts are unsigned; p, g and b are byte addresses of n parameters, gradients and momentum
// buffers, aligned to the element (4 or 8 bytes) and not overlapping. The meaning of the scalars is in sgd.ts.

export { backward } from "./backward";
export { sumOfSquares } from "./gradient";
import { clamp, multiply } from "./gradient";
import { multiplier, multiplyAdd } from "./multiply-add";
import { update } from "./sgd";

// What follows up to the next line is for the template only: builds do not export it.
export * from "./multiply-add";
export function update_f32(p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, l: f32, w: f32, f: f32, c: f32): void { update<f32>(p, g, b, n, lr, wd, l, w, f, c); }
export function update_f64(p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, l: f64, w: f64, f: f64, c: f64): void { update<f64>(p, g, b, n, lr, wd, l, w, f, c); }
// ----

/**
 * One step of n elements by the given variant; the scalars are explained in sgd.ts. One export for all variants, because
 * JavaScript engines call a function fast that is always the same: the builds have a `switch` here.
 */
export function sgd_f32(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, l: f32, w: f32, f: f32, c: f32): void { update_f32(p, g, b, n, lr, wd, l, w, f, c); }
export function sgd_f64(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, l: f64, w: f64, f: f64, c: f64): void { update_f64(p, g, b, n, lr, wd, l, w, f, c); }

export function multiply_f32(to: usize, from: usize, n: usize, first: f32, second: f32): void { multiply<f32>(to, from, n, first, second); }
export function clamp_f32(x: usize, n: usize, bound: f32): void { clamp<f32>(x, n, bound); }
export function multiply_f64(to: usize, from: usize, n: usize, first: f64, second: f64): void { multiply<f64>(to, from, n, first, second); }
export function clamp_f64(x: usize, n: usize, bound: f64): void { clamp<f64>(x, n, bound); }
export function zero(address: usize, bytes: usize): void { memory.fill(address, 0, bytes); }

/** x·k + z on single numbers, as the updates compute it: for the probe at load, and for tests. */
export function multiplyAdd_f32(x: f32, k: f32, z: f32): f32 { return f32x4.extract_lane(multiplyAdd<f32>(f32x4.splat(x), multiplier<f32>(k), f32x4.splat(z)), 0); }
export function multiplyAdd_f64(x: f64, k: f64, z: f64): f64 { return f64x2.extract_lane(multiplyAdd<f64>(f64x2.splat(x), multiplier<f64>(k), f64x2.splat(z)), 0); }
