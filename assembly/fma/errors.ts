// The rounding errors of sums and products as numbers of their own, and sums of such pairs rounded once.

/**
 * a + b rounded to odd: the exact sum if it is a f64, else whichever of its two neighbours has an odd last bit. Narrowing
 * that to 51 bits or fewer gives what narrowing the exact sum would (Boldo and Melquiond, "Emulation of FMA and
 * correctly rounded sums: proved algorithms using rounding to odd", 2008).
 */
// @ts-ignore: decorator
@inline
export function addToOdd(a: v128, b: v128): v128 {
  const sum = f64x2.add(a, b);
  const error = sumError(a, b, sum);
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
export function sumError(a: v128, b: v128, sum: v128): v128 {
  const bRounded = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, bRounded)), f64x2.sub(b, bRounded));
}

/** The rounding error of product = x·k, exactly (Dekker's product on Veltkamp's halves). */
// @ts-ignore: decorator
@inline
export function productError(x: v128, k: v128, product: v128): v128 {
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

/**
 * x·k + z rounded once (Boldo and Melquiond's Fmac), for operands on which no step overflows, underflows or loses a bit: to a
 * f64, or where its absolute value is below `limit`, a power of two or 0, to a multiple of limit·2^-52.
 */
export function sumOnce(x: v128, k: v128, z: v128, limit: v128): v128 {
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
