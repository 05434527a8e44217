// What clipping does to gradients: the sum of squares for a norm, scaling, clamping, zeroing.

/** Elements whose squares are summed before they go into the total: RUN of src/kernel/kernel.ts. */
const RUN: usize = 65536;

/** Σ (x·scale)², run by run. */
// @ts-ignore: decorator
@inline
export function sumOfSquares<T extends number>(x: usize, n: usize, scale: T): f64 {
  let sum: f64 = 0;
  for (; n > RUN; n -= RUN) {
    sum += sumOfRun<T>(x, RUN, scale);
    x += RUN * sizeof<T>();
  }
  return sum + sumOfRun<T>(x, n, scale);
}

/**
 * Σ (x·scale)² of one run, every product rounded to T as the scaled gradient would be, squares and sums in f64. Pairs of elements go to
 * four sums in turn, which are added up at the end: a fixed order, so that the bits depend on nothing but the input, and one
 * in which no addition waits for the one before.
 */
function sumOfRun<T extends number>(x: usize, n: usize, scale: T): f64 {
  const s = v128.splat<T>(scale);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const turn: usize = 8 * sizeof<T>(); // four pairs
  const bytes = n * sizeof<T>();
  let i: usize = 0;
  for (const whole = bytes & ~(turn - 1); i < whole; i += turn) {
    a = addSquare(a, scaledPair<T>(x + i, s));
    b = addSquare(b, scaledPair<T>(x + i + 2 * sizeof<T>(), s));
    c = addSquare(c, scaledPair<T>(x + i + 4 * sizeof<T>(), s));
    d = addSquare(d, scaledPair<T>(x + i + 6 * sizeof<T>(), s));
  }
  for (; i < bytes; i += sizeof<T>()) {
    const v = v128.mul<T>(v128.load_zero<T>(x + i), s);
    // In the lanes beyond the element 0·scale is 0, or NaN for a scale that is not finite: only lane 0 counts.
    const wide = sizeof<T>() == 4 ? f64(f32x4.extract_lane(v, 0)) : f64x2.extract_lane(v, 0);
    a = addSquare(a, f64x2.replace_lane(f64x2.splat(0), 0, wide));
  }
  const sum = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Two elements, scaled and rounded to T, as f64. */
// @ts-ignore: decorator
@inline
function scaledPair<T extends number>(address: usize, scale: v128): v128 {
  if (sizeof<T>() == 8) return f64x2.mul(v128.load(address), scale);
  return f64x2.promote_low_f32x4(f32x4.mul(v128.load64_zero(address), scale));
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
