// The update rule of torch.optim.SGD (_single_tensor_sgd of PyTorch 1.13), once.
//
//   d = g
//   d = d + weightDecay·p      with decay
//   b = retain·b + undamped·d  with momentum
//   d = b                      d = d + lookahead·b, with Nesterov
//   p = p + negativeLr·d
//
// lookahead is the momentum, undamped is 1 - dampening, retain the momentum, but for a parameter's first step. That starts the buffer
// as b = d: the variant without dampening, with retain = 1, on a buffer of -0, the number that changes nothing when it is added.
// Without dampening undamped·d is d, and one addition is what the fused multiply-add would give. So no variant needs both: `weight`
// is undamped where there is dampening, retain where there is none. maximize negates g beforehand.

import { paired } from "./holes";
import { multiplier, multiplyAdd } from "./multiply-add";

// What a variant does, as src/kernel/variants.ts has it: left open here, as in holes.ts.
// @ts-ignore: decorator
@external("is", "momentum")
declare const momentum: bool;
// @ts-ignore: decorator
@external("is", "damped")
declare const damped: bool;
// @ts-ignore: decorator
@external("is", "nesterov")
declare const nesterov: bool;
// @ts-ignore: decorator
@external("is", "decay")
declare const decay: bool;
// @ts-ignore: decorator
@external("is", "scaled")
declare const scaled: bool;
// @ts-ignore: decorator
@external("is", "zeroed")
declare const zeroed: bool;

/**
 * n adjacent elements: whole vectors, then the last elements one by one, so that nothing beyond them is touched. Where the
 * variant scales, a gradient is multiplied by `factor`, then by `clip`, before anything else.
 */
// @ts-ignore: decorator
@inline
export function update<T extends number>(
  p: usize, g: usize, b: usize, n: usize,
  negativeLr: T, weightDecay: T, lookahead: T, weight: T,
  factor: T, clip: T,
): void {
  const lr = multiplier<T>(negativeLr);
  const wd = multiplier<T>(weightDecay);
  const r = v128.splat<T>(damped ? lookahead : weight);
  const u = multiplier<T>(weight);
  const l = multiplier<T>(lookahead);
  const f = v128.splat<T>(factor);
  const c = v128.splat<T>(clip);
  // Counted by the offset, never by an end address: a region may end at 4 GiB, where the address wraps to 0.
  const bytes = n * sizeof<T>();
  const whole = bytes & ~15;
  let i: usize = 0;
  // Two vectors a turn where a vector is a few instructions, so that counting is a small part of them: 15 % faster in the cache.
  if (paired) {
    for (const pairs = bytes & ~31; i < pairs; i += 32) {
      updateVector<T>(true, false, p + i, g + i, b + i, lr, wd, r, u, l, f, c);
      updateVector<T>(true, true, p + i, g + i, b + i, lr, wd, r, u, l, f, c);
    }
  }
  for (; i < whole; i += 16) {
    updateVector<T>(true, false, p + i, g + i, b + i, lr, wd, r, u, l, f, c);
  }
  for (; i < bytes; i += sizeof<T>()) {
    updateVector<T>(false, false, p + i, g + i, b + i, lr, wd, r, u, l, f, c);
  }
}

/** The rule, for the vector at the addresses or the second from there. */
// @ts-ignore: decorator
@inline
function updateVector<T extends number>(
  whole: bool, second: bool,
  p: usize, g: usize, b: usize,
  negativeLr: v128, weightDecay: v128, retain: v128, undamped: v128, lookahead: v128,
  factor: v128, clip: v128,
): void {
  const parameter = load<T>(p, second, whole);
  let d = load<T>(g, second, whole);
  if (scaled) d = v128.mul<T>(v128.mul<T>(d, factor), clip);
  if (zeroed) store<T>(g, i64x2.splat(0), second, whole);
  if (decay) d = multiplyAdd<T>(parameter, weightDecay, d);
  if (momentum) {
    const retained = v128.mul<T>(load<T>(b, second, whole), retain);
    const buffer = damped ? multiplyAdd<T>(d, undamped, retained) : v128.add<T>(d, retained);
    store<T>(b, buffer, second, whole);
    d = nesterov ? multiplyAdd<T>(buffer, lookahead, d) : buffer;
  }
  store<T>(p, multiplyAdd<T>(d, negativeLr, parameter), second, whole);
}

// @ts-ignore: decorator
@inline
function load<T extends number>(address: usize, second: bool, whole: bool): v128 {
  if (!whole) return v128.load_zero<T>(address);
  return second ? v128.load(address, 16) : v128.load(address);
}

// @ts-ignore: decorator
@inline
function store<T extends number>(address: usize, value: v128, second: bool, whole: bool): void {
  if (!whole) v128.store_lane<T>(address, value, 0);
  else if (second) v128.store(address, value, 16);
  else v128.store(address, value);
}
