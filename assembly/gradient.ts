// What is done to gradients besides the step: the sum of squares for a norm, a look for NaN and infinities, scaling and
// clamping.

import { RUN } from "../src/kernel/flags";
import { loadVector, rounded, storeVector, vectorBytes } from "./elements";

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

/** The same of 16-bit elements, in two sums: those of the first and of the last two of every four. */
// @ts-ignore: decorator
@inline
export function sumOfSquares16(half: i32, x: usize, n: usize, scale: f32): f64 {
  const s = rounded<u16>(half, f32x4.splat(scale));
  let sum: f64 = 0;
  do {
    const run = min<usize>(n, RUN);
    let a = f64x2.splat(0);
    let b = a;
    const end = x + run * 2;
    for (const whole = x + (run & ~3) * 2; x != whole; x += 8) {
      const scaled = rounded<u16>(half, f32x4.mul(loadVector<f32, u16>(half, x, false, true), s));
      a = addSquare(a, f64x2.promote_low_f32x4(scaled));
      b = addSquare(b, f64x2.promote_low_f32x4(v128.shuffle<i64>(scaled, scaled, 1, 1)));
    }
    for (; x != end; x += 2) {
      const scaled = rounded<u16>(half, f32x4.mul(loadVector<f32, u16>(half, x, false, false), s));
      a = addSquare(a, f64x2.replace_lane(f64x2.splat(0), 0, f64(f32x4.extract_lane(scaled, 0))));
    }
    const all = f64x2.add(a, b);
    sum += f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
    n -= run;
  } while (n);
  return sum;
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, x));
}

/** to = (from·first)·second, each product rounded; both may be the same. Elements of `from` and `to` are stored alike. */
// @ts-ignore: decorator
@inline
export function multiply<T extends number, E extends number>(half: i32, to: usize, from: usize, n: usize, first: T, second: T): void {
  const a = rounded<E>(half, v128.splat<T>(first));
  const b = rounded<E>(half, v128.splat<T>(second));
  const bytes = n * sizeof<E>();
  const whole = bytes & -vectorBytes<T, E>();
  let i: usize = 0;
  for (; i < whole; i += vectorBytes<T, E>()) product<T, E>(half, to + i, from + i, a, b, true);
  for (; i < bytes; i += sizeof<E>()) product<T, E>(half, to + i, from + i, a, b, false);
}

// @ts-ignore: decorator
@inline
function product<T extends number, E extends number>(half: i32, to: usize, from: usize, a: v128, b: v128, whole: bool): void {
  const once = rounded<E>(half, v128.mul<T>(loadVector<T, E>(half, from, false, whole), a));
  storeVector<T, E>(half, to, v128.mul<T>(once, b), false, whole);
}

/** x = min(max(x, -bound), bound); NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function clamp<T extends number, E extends number>(half: i32, x: usize, n: usize, bound: T): void {
  const upper = rounded<E>(half, v128.splat<T>(bound));
  const lower = v128.neg<T>(upper);
  const bytes = n * sizeof<E>();
  const whole = bytes & -vectorBytes<T, E>();
  let i: usize = 0;
  for (; i < whole; i += vectorBytes<T, E>()) limit<T, E>(half, x + i, lower, upper, true);
  for (; i < bytes; i += sizeof<E>()) limit<T, E>(half, x + i, lower, upper, false);
}

// @ts-ignore: decorator
@inline
function limit<T extends number, E extends number>(half: i32, x: usize, lower: v128, upper: v128, whole: bool): void {
  const limited = v128.min<T>(v128.max<T>(loadVector<T, E>(half, x, false, whole), lower), upper);
  storeVector<T, E>(half, x, limited, false, whole);
}

/** Whether no x·scale, rounded to the element type, is NaN or infinite: 1 or 0. */
// @ts-ignore: decorator
@inline
export function allFinite<T extends number, E extends number>(half: i32, x: usize, n: usize, scale: T): i32 {
  const s = rounded<E>(half, v128.splat<T>(scale));
  const bytes = n * sizeof<E>();
  const whole = bytes & -vectorBytes<T, E>();
  let rest = i64x2.splat(0);
  let i: usize = 0;
  for (; i < whole; i += vectorBytes<T, E>()) rest = v128.or(rest, nonfinite<T, E>(half, x + i, s, true));
  for (; i < bytes; i += sizeof<E>()) {
    // The other lanes hold zeros, or the same element: times a scale that is not finite they are no more finite than that one.
    rest = v128.or(rest, nonfinite<T, E>(half, x + i, s, false));
  }
  return i32(!v128.any_true(rest));
}

/** A finite number minus itself is 0, everything else NaN. */
// @ts-ignore: decorator
@inline
function nonfinite<T extends number, E extends number>(half: i32, x: usize, scale: v128, whole: bool): v128 {
  const scaled = rounded<E>(half, v128.mul<T>(loadVector<T, E>(half, x, false, whole), scale));
  return v128.sub<T>(scaled, scaled);
}
