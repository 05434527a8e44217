// The update rule of torch.optim.SGD (_single_tensor_sgd of PyTorch 1.13), once.
//
//   d = g
//   d = d + weightDecay·p      with decay
//   b = retain·b + undamped·d  with momentum
//   d = b                      d = d + lookahead·b, with Nesterov
//   p = p + negativeLr·d
//
// retain and lookahead are the momentum, undamped is 1 - dampening. Without dampening undamped·d is d, and one addition is
// what the fused multiply-add would give. A parameter's first step starts the buffer as b = d: the variant without dampening,
// with retain = 1, on a buffer of -0, the number that changes nothing when it is added. maximize negates g beforehand.

import { isEmulated, multiplier, multiplyAdd } from "./multiply-add";

export const enum Momentum {
  None,
  Heavy,
  Nesterov,
}

/**
 * n adjacent elements: whole vectors, then the last elements one by one, so that nothing beyond them is touched. With `scaled`
 * a gradient is multiplied by `factor`, then by `clip`, before anything else, and zeros are stored at `zeros` + (its offset
 * & `mask`): over the gradient itself with mask -1, or with mask 0 always over the same 32 bytes, which costs no memory's time.
 */
// @ts-ignore: decorator
@inline
export function update<T extends number>(
  momentum: Momentum, decay: bool, damped: bool, scaled: bool,
  p: usize, g: usize, b: usize, n: usize,
  negativeLr: T, weightDecay: T, retain: T, undamped: T, lookahead: T,
  factor: T, clip: T, zeros: usize, mask: usize,
): void {
  const lr = multiplier<T>(negativeLr);
  const wd = multiplier<T>(weightDecay);
  const r = v128.splat<T>(retain);
  const u = multiplier<T>(undamped);
  const l = multiplier<T>(lookahead);
  const f = v128.splat<T>(factor);
  const c = v128.splat<T>(clip);
  // Counted by the offset, never by an end address: a region may end at 4 GiB, where the address wraps to 0.
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  // Two vectors a turn where a vector is a few instructions, so that counting is a small part of them: 15 % faster in the cache.
  if (!isEmulated) {
    for (const pairs = whole & ~31; i < pairs; i += 32) {
      const z = zeros + (i & mask);
      updateVector<T>(momentum, decay, damped, scaled, true, false, p + i, g + i, b + i, lr, wd, r, u, l, f, c, z);
      updateVector<T>(momentum, decay, damped, scaled, true, true, p + i, g + i, b + i, lr, wd, r, u, l, f, c, z);
    }
  }
  for (; i < whole; i += 16) {
    const z = zeros + (i & mask);
    updateVector<T>(momentum, decay, damped, scaled, true, false, p + i, g + i, b + i, lr, wd, r, u, l, f, c, z);
  }
  const rest = n % (16 / sizeof<T>());
  updateRest<T>(momentum, decay, damped, scaled, p + i, g + i, b + i, rest, lr, wd, r, u, l, f, c, zeros + (i & mask));
}

/** The last n elements, fewer than a vector. One function for all variants: it is small, and never where the time goes. */
function updateRest<T extends number>(
  momentum: Momentum, decay: bool, damped: bool, scaled: bool,
  p: usize, g: usize, b: usize, n: usize,
  lr: v128, wd: v128, r: v128, u: v128, l: v128, f: v128, c: v128, z: usize,
): void {
  for (; n; n--) {
    updateVector<T>(momentum, decay, damped, scaled, false, false, p, g, b, lr, wd, r, u, l, f, c, z);
    p += sizeof<T>();
    g += sizeof<T>();
    b += sizeof<T>();
    z += sizeof<T>();
  }
}

/**
 * The rule, for the vector at the addresses or the second from there. In `update`, everything that is compared here is a literal, so that no branch is
 * left in the loop.
 */
// @ts-ignore: decorator
@inline
function updateVector<T extends number>(
  momentum: Momentum, decay: bool, damped: bool, scaled: bool, whole: bool, second: bool,
  p: usize, g: usize, b: usize,
  negativeLr: v128, weightDecay: v128, retain: v128, undamped: v128, lookahead: v128,
  factor: v128, clip: v128, zeros: usize,
): void {
  const parameter = load<T>(p, second, whole);
  let d = load<T>(g, second, whole);
  if (scaled) {
    d = v128.mul<T>(v128.mul<T>(d, factor), clip);
    store<T>(zeros, i64x2.splat(0), second, whole);
  }
  if (decay) d = multiplyAdd<T>(parameter, weightDecay, d, whole);
  if (momentum != Momentum.None) {
    const retained = v128.mul<T>(load<T>(b, second, whole), retain);
    const buffer = damped ? multiplyAdd<T>(d, undamped, retained, whole) : v128.add<T>(d, retained);
    store<T>(b, buffer, second, whole);
    d = momentum == Momentum.Nesterov ? multiplyAdd<T>(buffer, lookahead, d, whole) : buffer;
  }
  store<T>(p, multiplyAdd<T>(d, negativeLr, parameter, whole), second, whole);
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
