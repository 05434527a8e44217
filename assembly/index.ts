// The kernel's exports, one line each. All are pure functions over linear memory: no state, no allocation, no imports but
// the memory. Addresses and counts are unsigned; p, g and b are byte addresses of n parameters, gradients and momentum
// buffers, aligned to the element (4 or 8 bytes) and not overlapping. The meaning of the scalars is in sgd.ts.

import { backward } from "./backward";
import { clamp, multiply, sumOfSquares } from "./gradient";
import { multiplier, multiplyAdd } from "./multiply-add";
import { Momentum, update } from "./sgd";

/** Which build this is: 0 hardware, 1 emulated, 2 separate. */
// @ts-ignore: introduced by asconfig.json
export const rounding: i32 = ROUNDING;

/**
 * One step of n elements by the given variant; the scalars are explained in sgd.ts. The variants are counted as in
 * src/kernel/variants.ts. One export for all of them, because JavaScript engines call a function fast that is always the same.
 */
export function sgd_f32(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f32, wd: f32, r: f32, u: f32, l: f32): void {
  switch (variant) {
    case 0: update<f32>(Momentum.None, false, false, p, g, b, n, lr, wd, r, u, l); break; // plain
    case 1: update<f32>(Momentum.Heavy, false, false, p, g, b, n, lr, wd, r, u, l); break; // momentum
    case 2: update<f32>(Momentum.Heavy, false, true, p, g, b, n, lr, wd, r, u, l); break; // momentum_damped
    case 3: update<f32>(Momentum.Nesterov, false, false, p, g, b, n, lr, wd, r, u, l); break; // nesterov
    case 4: update<f32>(Momentum.Nesterov, false, true, p, g, b, n, lr, wd, r, u, l); break; // nesterov_damped
    case 5: update<f32>(Momentum.None, true, false, p, g, b, n, lr, wd, r, u, l); break; // plain_decay
    case 6: update<f32>(Momentum.Heavy, true, false, p, g, b, n, lr, wd, r, u, l); break; // momentum_decay
    case 7: update<f32>(Momentum.Heavy, true, true, p, g, b, n, lr, wd, r, u, l); break; // momentum_damped_decay
    case 8: update<f32>(Momentum.Nesterov, true, false, p, g, b, n, lr, wd, r, u, l); break; // nesterov_decay
    case 9: update<f32>(Momentum.Nesterov, true, true, p, g, b, n, lr, wd, r, u, l); break; // nesterov_damped_decay
  }
}
export function sgd_f64(variant: u32, p: usize, g: usize, b: usize, n: usize, lr: f64, wd: f64, r: f64, u: f64, l: f64): void {
  switch (variant) {
    case 0: update<f64>(Momentum.None, false, false, p, g, b, n, lr, wd, r, u, l); break; // plain
    case 1: update<f64>(Momentum.Heavy, false, false, p, g, b, n, lr, wd, r, u, l); break; // momentum
    case 2: update<f64>(Momentum.Heavy, false, true, p, g, b, n, lr, wd, r, u, l); break; // momentum_damped
    case 3: update<f64>(Momentum.Nesterov, false, false, p, g, b, n, lr, wd, r, u, l); break; // nesterov
    case 4: update<f64>(Momentum.Nesterov, false, true, p, g, b, n, lr, wd, r, u, l); break; // nesterov_damped
    case 5: update<f64>(Momentum.None, true, false, p, g, b, n, lr, wd, r, u, l); break; // plain_decay
    case 6: update<f64>(Momentum.Heavy, true, false, p, g, b, n, lr, wd, r, u, l); break; // momentum_decay
    case 7: update<f64>(Momentum.Heavy, true, true, p, g, b, n, lr, wd, r, u, l); break; // momentum_damped_decay
    case 8: update<f64>(Momentum.Nesterov, true, false, p, g, b, n, lr, wd, r, u, l); break; // nesterov_decay
    case 9: update<f64>(Momentum.Nesterov, true, true, p, g, b, n, lr, wd, r, u, l); break; // nesterov_damped_decay
  }
}

export function sum_of_squares_f32(x: usize, n: usize, scale: f32): f64 { return sumOfSquares<f32>(x, n, scale); }
export function multiply_f32(to: usize, from: usize, n: usize, first: f32, second: f32): void { multiply<f32>(to, from, n, first, second); }
export function clamp_f32(x: usize, n: usize, bound: f32): void { clamp<f32>(x, n, bound); }
export function sum_of_squares_f64(x: usize, n: usize, scale: f64): f64 { return sumOfSquares<f64>(x, n, scale); }
export function multiply_f64(to: usize, from: usize, n: usize, first: f64, second: f64): void { multiply<f64>(to, from, n, first, second); }
export function clamp_f64(x: usize, n: usize, bound: f64): void { clamp<f64>(x, n, bound); }
export function backward_f32(flags: u32, p: usize, g: usize, b: usize, cp: usize, cb: usize, n: usize, lr: f64, wd: f64, mu: f64, u: f64, sums: usize): void { backward<f32>(flags, p, g, b, cp, cb, n, lr, wd, mu, u, sums); }
export function backward_f64(flags: u32, p: usize, g: usize, b: usize, cp: usize, cb: usize, n: usize, lr: f64, wd: f64, mu: f64, u: f64, sums: usize): void { backward<f64>(flags, p, g, b, cp, cb, n, lr, wd, mu, u, sums); }
export function zero(address: usize, bytes: usize): void { memory.fill(address, 0, bytes); }

/** x·k + z on single numbers, as the updates compute it: for the probe at load, and for tests. */
export function multiply_add_f32(x: f32, k: f32, z: f32): f32 { return f32x4.extract_lane(multiplyAdd<f32>(f32x4.splat(x), multiplier<f32>(k), f32x4.splat(z), false), 0); }
export function multiply_add_f64(x: f64, k: f64, z: f64): f64 { return f64x2.extract_lane(multiplyAdd<f64>(f64x2.splat(x), multiplier<f64>(k), f64x2.splat(z), false), 0); }
