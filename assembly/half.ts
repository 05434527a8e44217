// 16-bit floats to f32 and back: IEEE half precision (float16), and the upper half of a f32 (bfloat16). Widening is exact;
// narrowing rounds to nearest, ties to even. A NaN becomes the quiet one without sign.

import { FLOAT16 } from "../src/kernel/flags";

// ---- Four in the lower halves of lanes of 32 bits, with zeros above.

export function widenHalf(half: i32, bits: v128): v128 {
  return half == FLOAT16 ? widenFloat16(bits) : i32x4.shl(bits, 16);
}

export function narrowHalf(half: i32, value: v128): v128 {
  if (half == FLOAT16) return narrowFloat16(value);
  const isOdd = v128.and(i32x4.shr_u(value, 16), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(value, i32x4.splat(0x7fff)), isOdd), 16);
  return v128.bitselect(rounded, i32x4.splat(0x7fc0), f32x4.eq(value, value));
}

function widenFloat16(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  // The exponent's bias is 127 instead of 15. A multiplication moves it, which makes subnormal numbers normal as well.
  const finite = f32x4.mul(magnitude, f32x4.splat(TWO_TO_112));
  const special = v128.and(i32x4.ge_s(magnitude, i32x4.splat(0x0f800000)), i32x4.splat(0x7f800000));
  return v128.or(v128.or(finite, special), i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

/**
 * Adding a power of two whose last bit is the last one that float16 keeps of the number rounds as wanted, and leaves the
 * result at the bottom of the sum (the method of Marat Dukhan's FP16 library).
 */
function narrowFloat16(value: v128): v128 {
  const magnitude = f32x4.abs(value);
  // What is too large for float16 overflows in the first product.
  const scaled = f32x4.mul(f32x4.mul(magnitude, f32x4.splat(TWO_TO_112)), f32x4.splat(TWO_TO_MINUS_110));
  const exponent = v128.and(i32x4.add(magnitude, i32x4.splat(0x07800000)), i32x4.splat(0x7f800000));
  // Subnormal results are all multiples of the same power of two.
  const sum = f32x4.add(scaled, i32x4.max_s(exponent, i32x4.splat(0x40000000)));
  const bits = i32x4.add(v128.and(i32x4.shr_u(sum, 13), i32x4.splat(0x7c00)), v128.and(sum, i32x4.splat(0x0fff)));
  const sign = i32x4.shr_u(v128.xor(value, magnitude), 16);
  return v128.bitselect(v128.or(bits, sign), i32x4.splat(0x7e00), f32x4.eq(value, value));
}

// @ts-ignore: decorator
@inline
const TWO_TO_112: f32 = 5.192296858534828e33;
// @ts-ignore: decorator
@inline
const TWO_TO_MINUS_110: f32 = 7.7037197775489434e-34;

// ---- Eight bfloat16 as two vectors of f32, those with even and those with odd indices, which takes the fewest instructions.
// Engines build constants anew at every use, so the loops make these vectors once: `one` in all eight, `upper` ones in the upper
// half of lanes of 32 bits.

// @ts-ignore: decorator
@inline
export function evenBfloat16(eight: v128): v128 {
  return i32x4.shl(eight, 16);
}

// @ts-ignore: decorator
@inline
export function oddBfloat16(eight: v128, upper: v128): v128 {
  return v128.and(eight, upper);
}

/**
 * The eight of both, for numbers; of a NaN with zeros in its lower half the upper half, see `quietBfloat16`. An upper half goes up
 * by one if the lower one is above 0x8000, or equal to it and the upper one odd: the highest bit of the lower half says so, after
 * 1 was taken from it where the upper half is even.
 */
// @ts-ignore: decorator
@inline
export function joinBfloat16(even: v128, odd: v128, one: v128): v128 {
  const upper = v128.shuffle<i16>(i32x4.shr_u(even, 16), odd, 0, 9, 2, 11, 4, 13, 6, 15);
  const lower = v128.shuffle<i16>(even, i32x4.shl(odd, 16), 0, 9, 2, 11, 4, 13, 6, 15);
  const up = i16x8.shr_u(i16x8.sub_sat_u(lower, v128.andnot(one, upper)), 15);
  return i16x8.add(upper, up);
}

/** Makes every NaN of n bfloat16 the quiet one without sign. */
export function quietBfloat16(address: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    if ((load<u16>(address + 2 * i) & 0x7fff) > 0x7f80) store<u16>(address + 2 * i, 0x7fc0);
  }
}
