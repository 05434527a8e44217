// x·k + z with the rounding of the build; everything else in the kernel is written in terms of it.

import { called32, emulated32, emulated64 } from "./emulated";

export const rounding: i32 = BUILD;

// @ts-ignore: decorator
@inline
const EMULATED = 1;

/** Whether multiply-add is long: then loops gain nothing from being specialized or unrolled. */
// @ts-ignore: decorator
@inline
export const isEmulated: bool = BUILD == EMULATED;

/** k as `multiplyAdd` takes it: in all lanes, and for the emulation of f32 as f64. */
// @ts-ignore: decorator
@inline
export function multiplier<T extends number>(k: T): v128 {
  return isEmulated && sizeof<T>() == 4 ? f64x2.splat(f64(k)) : v128.splat<T>(k);
}

/** x·k + z, with k from `multiplier`. `inlined`: in line even where it is long, for loops over large arrays. */
// @ts-ignore: decorator
@inline
export function multiplyAdd<T extends number>(inlined: bool, x: v128, k: v128, z: v128): v128 {
  // By its feature, because the compiler refuses the instruction elsewhere even in a branch that is never taken.
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(x, k, z);
  if (!isEmulated) return v128.add<T>(v128.mul<T>(x, k), z);
  if (sizeof<T>() == 8) return emulated64(x, k, z);
  return inlined ? emulated32(x, k, z) : called32(x, k, z);
}
