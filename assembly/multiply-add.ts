// x·k + z with the rounding that the build is for; everything else in the kernel is written in terms of it.

import { multiplierF32, multiplyAddF32, multiplyAddF64 } from "./holes";
import { multiplyAddHard64 } from "./multiply-add-hard";

/** k as multiplyAdd wants it: in all lanes, and for the emulation of f32 already as f64. */
// @ts-ignore: decorator
@inline
export function multiplier<T extends number>(k: T): v128 {
  return sizeof<T>() == 4 ? multiplierF32(f32(k)) : v128.splat<T>(k);
}

/** x·k + z, with k from `multiplier`. */
// @ts-ignore: decorator
@inline
export function multiplyAdd<T extends number>(x: v128, k: v128, z: v128): v128 {
  return sizeof<T>() == 4 ? multiplyAddF32(x, k, z) : multiplyAddF64(x, k, z);
}

// What the builds have in the places of these: functions named by build and hole, whose instructions are written out there.

export function hardware_multiplier_f32(k: f32): v128 { return f32x4.splat(k); }
export function hardware_multiply_add_f32(x: v128, k: v128, z: v128): v128 { return f32x4.relaxed_madd(x, k, z); }
export function hardware_multiply_add_f64(x: v128, k: v128, z: v128): v128 { return f64x2.relaxed_madd(x, k, z); }

export function emulated_multiplier_f32(k: f32): v128 { return f64x2.splat(f64(k)); }
export function emulated_multiply_add_f32(x: v128, k: v128, z: v128): v128 { return emulated32(x, k, z); }
export function emulated_multiply_add_f64(x: v128, k: v128, z: v128): v128 { return emulated_f64(x, k, z); }

export function separate_multiplier_f32(k: f32): v128 { return f32x4.splat(k); }
export function separate_multiply_add_f32(x: v128, k: v128, z: v128): v128 { return f32x4.add(f32x4.mul(x, k), z); }
export function separate_multiply_add_f64(x: v128, k: v128, z: v128): v128 { return f64x2.add(f64x2.mul(x, k), z); }

// ---- f32: the product of two f32 is exact in f64, so one f64 sum is the only rounding before the last one.

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

// @ts-ignore: decorator
@inline
function emulated32(x: v128, k: v128, z: v128): v128 {
  const lo = f64x2.add(f64x2.mul(low(x), k), low(z));
  const hi = f64x2.add(f64x2.mul(high(x), k), high(z));
  const result = narrow(lo, hi);
  // Rounding twice differs from rounding once only where the f64 sum was itself rounded and landed on the midpoint of two
  // neighbouring f32. In the normal range of f32 the sum's lowest 29 bits are then a one and 28 zeros: shifted to the top, the
  // one number whose absolute value is negative. Below that range and at its border the midpoints lie elsewhere, so all results
  // whose squares are 0, those up to 2^-75, are taken as hard. No constants but 0, because engines build others anew at every use.
  const midpoint = i32x4.abs(i32x4.shl(v128.shuffle<i32>(lo, hi, 0, 2, 4, 6), 3));
  const small = f32x4.eq(f32x4.mul(result, result), f32x4.splat(0));
  return i32x4.bitmask(v128.or(midpoint, small)) ? emulated_hard_f32(x, k, z) : result;
}

/** Exported so that it is called: it is long and rare. */
export function emulated_hard_f32(x: v128, k: v128, z: v128): v128 {
  return narrow(
    addToOdd(f64x2.mul(low(x), k), low(z)),
    addToOdd(f64x2.mul(high(x), k), high(z)),
  );
}

/**
 * a + b rounded to odd: the exact sum if it is a f64, else whichever of its two neighbours has an odd last bit. Narrowing
 * that to 51 bits or fewer gives what narrowing the exact sum would (Boldo and Melquiond, "Emulation of FMA and
 * correctly rounded sums: proved algorithms using rounding to odd", 2008).
 */
// @ts-ignore: decorator
@inline
function addToOdd(a: v128, b: v128): v128 {
  const sum = f64x2.add(a, b);
  return toOdd(sum, sumError(a, b, sum));
}

/** sum, moved one step towards its rounding error where there is one and the last bit of sum is even. */
// @ts-ignore: decorator
@inline
function toOdd(sum: v128, error: v128): v128 {
  const zero = f64x2.splat(0);
  // Two ordered comparisons, not one `ne`: a NaN error (infinite sums) must leave the sum alone.
  const inexact = v128.or(f64x2.lt(error, zero), f64x2.gt(error, zero));
  const one = i64x2.splat(1);
  const even = v128.andnot(one, sum);
  // Away from zero if the error has the sign of the sum: +1 on the bit pattern, else -1.
  const towardsZero = i64x2.shr_s(v128.xor(sum, error), 63);
  const step = i64x2.add(v128.shl<i64>(towardsZero, 1), one);
  return i64x2.add(sum, v128.and(v128.and(step, i64x2.neg(even)), inexact));
}

/** The rounding error of sum = a + b, exactly (Knuth's TwoSum). */
// @ts-ignore: decorator
@inline
function sumError(a: v128, b: v128, sum: v128): v128 {
  const bRounded = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, bRounded)), f64x2.sub(b, bRounded));
}

// ---- f64: product and sum as unevaluated pairs of f64, added with one rounding.

// Inside these bounds no step of the error-free transformations overflows, underflows or loses a bit.
// @ts-ignore: decorator
@inline
const LARGEST: f64 = 1.0e298; // below 2^990
// @ts-ignore: decorator
@inline
const SMALLEST_PRODUCT: f64 = 1.0e-288; // above 2^-957

// Exported so that it is called, not written out: it is long, and a call is a small part of what it costs.
export function emulated_f64(x: v128, k: v128, z: v128): v128 {
  const product = f64x2.mul(x, k);
  const size = f64x2.abs(product);
  const largest = f64x2.pmax(f64x2.pmax(size, f64x2.abs(x)), f64x2.pmax(f64x2.abs(z), f64x2.abs(k)));
  const ordinary = v128.and(
    f64x2.ge(size, f64x2.splat(SMALLEST_PRODUCT)),
    f64x2.le(largest, f64x2.splat(LARGEST)),
  );
  return i64x2.all_true(ordinary) ? emulated_sum_f64(x, k, z, f64x2.splat(0)) : hard64(x, k, z);
}

/**
 * x·k + z rounded once (Boldo and Melquiond's Fmac): to a f64, or where its absolute value is below `limit`, a power of two or
 * 0, to a multiple of limit·2^-52.
 */
export function emulated_sum_f64(x: v128, k: v128, z: v128, limit: v128): v128 {
  const product = f64x2.mul(x, k);
  const error = productError(x, k, product);
  const small = f64x2.add(z, error);
  const most = f64x2.add(product, small);
  const little = addToOdd(sumError(z, error, small), sumError(product, small, most));
  const sum = f64x2.add(most, little);
  return v128.any_true(limit) ? roundBelow(sum, sumError(most, little, sum), limit) : sum;
}

/** sum + rest, to a multiple of limit·2^-52 where that is below `limit`, else `sum`. */
// @ts-ignore: decorator
@inline
function roundBelow(sum: v128, rest: v128, limit: v128): v128 {
  const sign = v128.and(sum, f64x2.splat(-0.0));
  // What is added to this has limit·2^-52 as its last bit.
  const coarse = v128.and(v128.or(limit, sign), f64x2.lt(f64x2.abs(sum), limit));
  const large = f64x2.add(sum, coarse);
  const rounded = f64x2.add(large, addToOdd(sumError(sum, coarse, large), rest));
  // A zero has the sign of what was rounded to it.
  return v128.or(f64x2.sub(rounded, coarse), sign);
}

/** The rounding error of product = x·k, exactly (Dekker's product on Veltkamp's halves). */
// @ts-ignore: decorator
@inline
function productError(x: v128, k: v128, product: v128): v128 {
  const xHigh = upperHalf(x);
  const xLow = f64x2.sub(x, xHigh);
  const kHigh = upperHalf(k);
  const kLow = f64x2.sub(k, kHigh);
  let error = f64x2.sub(f64x2.mul(xHigh, kHigh), product);
  error = f64x2.add(error, f64x2.mul(xHigh, kLow));
  error = f64x2.add(error, f64x2.mul(xLow, kHigh));
  return f64x2.add(error, f64x2.mul(xLow, kLow));
}

// @ts-ignore: decorator
@inline
function upperHalf(v: v128): v128 {
  const scaled = f64x2.mul(v, f64x2.splat(134217729)); // 2^27 + 1
  return f64x2.sub(scaled, f64x2.sub(scaled, v));
}

function hard64(x: v128, k: v128, z: v128): v128 {
  const first = multiplyAddHard64(
    f64x2.extract_lane(x, 0),
    f64x2.extract_lane(k, 0),
    f64x2.extract_lane(z, 0),
  );
  const second = multiplyAddHard64(
    f64x2.extract_lane(x, 1),
    f64x2.extract_lane(k, 1),
    f64x2.extract_lane(z, 1),
  );
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}
