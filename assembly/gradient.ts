// What clipping does to gradients: the sum of squares for a norm, scaling, clamping, zeroing.

import { single } from "./holes";

/** Elements whose squares are summed before they go into the total: RUN of src/kernel/kernel.ts. */
const RUN: usize = 65536;

/**
 * Σ (x·scale)², run by run, every product rounded to the element type as the scaled gradient would be, squares and sums in f64. Pairs of elements go to
 * four sums in turn, which are added up at the end: a fixed order, so that the bits depend on nothing but the input, and one
 * in which no addition waits for the one before.
 */
export function sumOfSquares(x: usize, n: usize, scale: f64): f64 {
  const s = single ? f32x4.splat(f32(scale)) : f64x2.splat(scale);
  const shift = single ? 2 : 3;
  let sum: f64 = 0;
  do {
    const run = min(n, RUN);
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    const end = x + (run << shift);
    for (const whole = x + ((run & ~7) << shift); x != whole; x += 8 << shift) {
      a = addSquare(a, scaledPair(x, s));
      b = addSquare(b, scaledPair(x + (2 << shift), s));
      c = addSquare(c, scaledPair(x + (4 << shift), s));
      d = addSquare(d, scaledPair(x + (6 << shift), s));
    }
    for (; x != end; x += 1 << shift) a = addSquare(a, scaledElement(x, s));
    const all = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
    sum += f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
    n -= run;
  } while (n);
  return sum;
}

/** Two elements, scaled and rounded, as f64. */
// @ts-ignore: decorator
@inline
function scaledPair(address: usize, scale: v128): v128 {
  return single
    ? f64x2.promote_low_f32x4(f32x4.mul(v128.load64_zero(address), scale))
    : f64x2.mul(v128.load(address), scale);
}

/** One element and a zero: in the lanes beyond an element 0·scale is 0, or NaN for a scale that is not finite. */
// @ts-ignore: decorator
@inline
function scaledElement(address: usize, scale: v128): v128 {
  const one: f64 = single
    ? f64(f32x4.extract_lane(f32x4.mul(v128.load32_zero(address), scale), 0))
    : f64x2.extract_lane(f64x2.mul(v128.load64_zero(address), scale), 0);
  return f64x2.replace_lane(f64x2.splat(0), 0, one);
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, x));
}

/** to = (from·first)·second, each product rounded; both may be the same. */
// @ts-ignore: decorator
@inline
export function multiply<T extends number>(to: usize, from: usize, n: usize, first: T, second: T): void {
  const a = v128.splat<T>(first);
  const b = v128.splat<T>(second);
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(to + i, v128.mul<T>(v128.mul<T>(v128.load(from + i), a), b));
  for (const bytes = n * sizeof<T>(); i < bytes; i += sizeof<T>()) {
    v128.store_lane<T>(to + i, v128.mul<T>(v128.mul<T>(v128.load_zero<T>(from + i), a), b), 0);
  }
}

/** x = min(max(x, -bound), bound); NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function clamp<T extends number>(x: usize, n: usize, bound: T): void {
  const upper = v128.splat<T>(bound);
  const lower = v128.neg<T>(upper);
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(x + i, v128.min<T>(v128.max<T>(v128.load(x + i), lower), upper));
  for (const bytes = n * sizeof<T>(); i < bytes; i += sizeof<T>()) {
    v128.store_lane<T>(x + i, v128.min<T>(v128.max<T>(v128.load_zero<T>(x + i), lower), upper), 0);
  }
}
