// x·k + z rounded once, without an instruction for it. The long and rare parts are functions of their own, which are called.

import { addToOdd, sumOnce } from "./errors";
import { hard64 } from "./hard";

// ---- f32: the product of two f32 is exact in f64, so one f64 sum is the only rounding before the last one.

/** @param k as f64 */
// @ts-ignore: decorator
@inline
export function emulated32(x: v128, k: v128, z: v128): v128 {
  const lo = f64x2.add(f64x2.mul(low(x), k), low(z));
  const hi = f64x2.add(f64x2.mul(high(x), k), high(z));
  const result = narrow(lo, hi);
  // Rounding twice differs from rounding once only where the f64 sum was itself rounded and landed on the midpoint of two
  // neighbouring f32. In the normal range of f32 the sum's lowest 29 bits are then a one and 28 zeros: shifted to the top, the
  // one number whose absolute value is negative. Below that range and at its border the midpoints lie elsewhere, so all results
  // whose squares are 0, those up to 2^-75, are taken as hard. No constants but 0, because engines build others anew at every use.
  const midpoint = i32x4.abs(i32x4.shl(v128.shuffle<i32>(lo, hi, 0, 2, 4, 6), 3));
  const small = f32x4.eq(f32x4.mul(result, result), f32x4.splat(0));
  return i32x4.bitmask(v128.or(midpoint, small)) ? hard32(x, k, z) : result;
}

export function called32(x: v128, k: v128, z: v128): v128 {
  return emulated32(x, k, z);
}

function hard32(x: v128, k: v128, z: v128): v128 {
  return narrow(
    addToOdd(f64x2.mul(low(x), k), low(z)),
    addToOdd(f64x2.mul(high(x), k), high(z)),
  );
}

// @ts-ignore: decorator
@inline
function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1));
}

// @ts-ignore: decorator
@inline
function narrow(lo: v128, hi: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(lo), f32x4.demote_f64x2_zero(hi), 0, 2);
}

// ---- f64: product and sum as unevaluated pairs of f64, added with one rounding.

// Inside these bounds no step of the error-free transformations overflows, underflows or loses a bit.
// @ts-ignore: decorator
@inline
const LARGEST: f64 = 1.0e298; // below 2^990
// @ts-ignore: decorator
@inline
const SMALLEST_PRODUCT: f64 = 1.0e-288; // above 2^-957

export function emulated64(x: v128, k: v128, z: v128): v128 {
  const product = f64x2.mul(x, k);
  const size = f64x2.abs(product);
  const largest = f64x2.pmax(f64x2.pmax(size, f64x2.abs(x)), f64x2.pmax(f64x2.abs(z), f64x2.abs(k)));
  const ordinary = v128.and(
    f64x2.ge(size, f64x2.splat(SMALLEST_PRODUCT)),
    f64x2.le(largest, f64x2.splat(LARGEST)),
  );
  return i64x2.all_true(ordinary) ? sumOnce(x, k, z, f64x2.splat(0)) : hardPair(x, k, z);
}

function hardPair(x: v128, k: v128, z: v128): v128 {
  const first = hard64(f64x2.extract_lane(x, 0), f64x2.extract_lane(k, 0), f64x2.extract_lane(z, 0));
  const second = hard64(f64x2.extract_lane(x, 1), f64x2.extract_lane(k, 1), f64x2.extract_lane(z, 1));
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}
