// Elements in memory and in vectors. Generic functions have two types: T is what is computed in, E is how elements are stored.
// Both are f32 or f64; or E is u16, the bits of a 16-bit float, widened to f32 when it is loaded and rounded when it is stored.

import { narrowHalf, widenHalf } from "./half";

/** Bytes of memory that a vector's elements take. */
// @ts-ignore: decorator
@inline
export function vectorBytes<T extends number, E extends number>(): usize {
  return 16 / sizeof<T>() * sizeof<E>();
}

/** The vector at an address; with `second` the one behind it, with `whole` false one element, in lane 0. */
// @ts-ignore: decorator
@inline
export function loadVector<T extends number, E extends number>(half: i32, address: usize, second: bool, whole: bool): v128 {
  if (sizeof<E>() > 2) {
    if (!whole) return v128.load_zero<T>(address);
    return second ? v128.load(address, 16) : v128.load(address);
  }
  if (!whole) return widenHalf(half, i32x4.replace_lane(i32x4.splat(0), 0, load<u16>(address)));
  return widenHalf(half, second ? v128.load_ext<u16>(address, 8) : v128.load_ext<u16>(address));
}

/** The inverse of `loadVector`. */
// @ts-ignore: decorator
@inline
export function storeVector<T extends number, E extends number>(half: i32, address: usize, value: v128, second: bool, whole: bool): void {
  if (sizeof<E>() > 2) {
    if (!whole) v128.store_lane<T>(address, value, 0);
    else if (second) v128.store(address, value, 16);
    else v128.store(address, value);
  } else {
    const bits = narrowHalf(half, value);
    const packed = i16x8.narrow_i32x4_u(bits, bits);
    if (!whole) v128.store_lane<u16>(address, packed, 0);
    else if (second) v128.store_lane<u64>(address, packed, 0, 8);
    else v128.store_lane<u64>(address, packed, 0);
  }
}

/** Rounds to E. */
// @ts-ignore: decorator
@inline
export function rounded<E extends number>(half: i32, value: v128): v128 {
  return sizeof<E>() > 2 ? value : widenHalf(half, narrowHalf(half, value));
}
