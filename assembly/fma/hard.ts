// x·k + z on one f64, rounded once, for the operands on which error-free transformations could overflow, underflow or lose the
// sign of a zero: as fractions near 1, whose exponents are put back in the end.

import { sumOnce } from "./errors";

const EXPONENT: u64 = 0x7ff << 52;
const ONE: u64 = 1023 << 52;

export function hard64(x: f64, k: f64, z: f64): f64 {
  const rounded = x * k;
  if (rounded == 0 ? x == 0 || k == 0 : !isFinite(x) || !isFinite(k)) return rounded + z;
  if (!isFinite(z)) return z;
  if (z == 0) return rounded;

  // Where one of both is so small that it only decides which way is rounded, it is brought nearer.
  const product = exponent(x) + exponent(k);
  const other = exponent(z);
  const distance = min(max(other - product, -200), 100);
  const scale = max(product, other - 100); // from -1174 on
  const c = fraction(z) * power(distance);
  // Below 2^-1022 numbers are multiples of 2^-1074. Adding a number as large as has this as its last bit rounds there.
  const limit = scale < -900 ? power(-1022 - scale) : 0;
  const sum = f64x2.extract_lane(
    sumOnce(f64x2.splat(fraction(x)), f64x2.splat(fraction(k)), f64x2.splat(c), f64x2.splat(limit)),
    0,
  );
  return sum * power(scale >> 1) * power(scale - (scale >> 1));
}

/** 2^n, for n from -1022 to 1023. */
// @ts-ignore: decorator
@inline
function power(n: i32): f64 {
  return reinterpret<f64>(u64(n + 1023) << 52);
}

/** v / 2^`exponent(v)`: from 1 up to 2, with the sign of v. */
function fraction(v: f64): f64 {
  return reinterpret<f64>((reinterpret<u64>(normal(v)) & ~EXPONENT) | ONE);
}

function exponent(v: f64): i32 {
  const n = normal(v);
  return (i32(reinterpret<u64>(n) >> 52) & 0x7ff) - (n == v ? 1023 : 1023 + 64);
}

/** A subnormal number times 2^64. */
function normal(v: f64): f64 {
  return abs(v) < 2.2250738585072014e-308 ? v * 18446744073709551616.0 : v;
}
