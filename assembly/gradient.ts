// What is done to gradients besides the step: the sum of squares for a norm, a look for NaN and infinities, scaling, clamping.

import { RUN } from "../src/kernel/flags";

/**
 * Σ (x·scale)², every product rounded to the element type as the scaled gradient would be, squares and sums in f64. Pairs of
 * elements go to four sums in turn, which are added up at the end of every run: a fixed order, so that the bits depend on
 * nothing but the input, and one in which no addition waits for the one before.
 */
// @ts-ignore: decorator
@inline
export function sumOfSquares<T extends number>(x: usize, n: usize, scale: T): f64 {
  const s = v128.splat<T>(scale);
  const pair = 2 * sizeof<T>();
  let sum: f64 = 0;
  do {
    const run = min<usize>(n, RUN);
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    const end = x + run * sizeof<T>();
    for (const whole = x + (run & ~7) * sizeof<T>(); x != whole; x += 4 * pair) {
      a = addSquare(a, scaledPair<T>(x, s));
      b = addSquare(b, scaledPair<T>(x + pair, s));
      c = addSquare(c, scaledPair<T>(x + 2 * pair, s));
      d = addSquare(d, scaledPair<T>(x + 3 * pair, s));
    }
    for (; x != end; x += sizeof<T>()) a = addSquare(a, scaledElement<T>(x, s));
    const all = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
    sum += f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
    n -= run;
  } while (n);
  return sum;
}

/** Two elements, scaled and rounded, as f64. */
// @ts-ignore: decorator
@inline
function scaledPair<T extends number>(address: usize, scale: v128): v128 {
  return sizeof<T>() == 4
    ? f64x2.promote_low_f32x4(f32x4.mul(v128.load64_zero(address), scale))
    : f64x2.mul(v128.load(address), scale);
}

/** One element and a zero: in the lanes beyond an element 0·scale is 0, or NaN for a scale that is not finite. */
// @ts-ignore: decorator
@inline
function scaledElement<T extends number>(address: usize, scale: v128): v128 {
  const one: f64 = f64(v128.extract_lane<T>(v128.mul<T>(v128.load_zero<T>(address), scale), 0));
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

/** Whether no x·scale, rounded to the element type, is NaN or infinite: 1 or 0. */
// @ts-ignore: decorator
@inline
export function allFinite<T extends number>(x: usize, n: usize, scale: T): i32 {
  const s = v128.splat<T>(scale);
  // A finite number minus itself is 0, everything else NaN.
  let rest = i64x2.splat(0);
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const scaled = v128.mul<T>(v128.load(x + i), s);
    rest = v128.or(rest, v128.sub<T>(scaled, scaled));
  }
  for (const bytes = n * sizeof<T>(); i < bytes; i += sizeof<T>()) {
    const scaled = v128.mul<T>(v128.load_splat<T>(x + i), s);
    rest = v128.or(rest, v128.sub<T>(scaled, scaled));
  }
  return i32(!v128.any_true(rest));
}
