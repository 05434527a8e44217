// What clipping does to gradients: the sum of squares for a norm, scaling, clamping, zeroing.

/**
 * Σ (x·scale)², every product rounded to T as the scaled gradient would be, squares and sum in f64. Two elements at a time in
 * a fixed order, so that the bits depend on nothing but the input.
 */
// @ts-ignore: decorator
@inline
export function sumOfSquares<T extends number>(x: usize, n: usize, scale: T): f64 {
  const s = v128.splat<T>(scale);
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const v = v128.mul<T>(v128.load(x + i), s);
    if (sizeof<T>() == 4) {
      even = addSquare(even, f64x2.promote_low_f32x4(v));
      odd = addSquare(odd, f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)));
    } else {
      even = addSquare(even, v);
    }
  }
  for (const bytes = n * sizeof<T>(); i < bytes; i += sizeof<T>()) {
    const v = v128.mul<T>(v128.load_zero<T>(x + i), s);
    // In the lanes beyond the element 0·scale is 0, or NaN for a scale that is not finite: only lane 0 counts.
    const wide = sizeof<T>() == 4 ? f64(f32x4.extract_lane(v, 0)) : f64x2.extract_lane(v, 0);
    even = addSquare(even, f64x2.replace_lane(f64x2.splat(0), 0, wide));
  }
  const sum = f64x2.add(even, odd);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
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
