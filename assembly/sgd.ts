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

import { multiplier, multiplyAdd, Rounding } from "./multiply-add";

export const enum Momentum {
  None,
  Heavy,
  Nesterov,
}

/** n adjacent elements: whole vectors, then the last elements one by one, so that nothing beyond them is touched. */
// @ts-ignore: decorator
@inline
export function update<T extends number>(
  momentum: Momentum, decay: bool, damped: bool,
  p: usize, g: usize, b: usize, n: usize,
  negativeLr: T, weightDecay: T, retain: T, undamped: T, lookahead: T,
): void {
  const lr = multiplier<T>(negativeLr);
  const wd = multiplier<T>(weightDecay);
  const r = v128.splat<T>(retain);
  const u = multiplier<T>(undamped);
  const l = multiplier<T>(lookahead);
  // Counted by the offset, never by an end address: a region may end at 4 GiB, where the address wraps to 0.
  const whole = (n * sizeof<T>()) & ~15;
  let i: usize = 0;
  // Two vectors a turn where a vector is a few instructions, so that counting is a small part of them: 15 % faster in the cache.
  // @ts-ignore: introduced by asconfig.json
  if (ROUNDING != Rounding.Emulated) {
    for (const pairs = whole & ~31; i < pairs; i += 32) {
      const j = i + 16;
      updateVector<T>(momentum, decay, damped, true, p + i, g + i, b + i, lr, wd, r, u, l);
      updateVector<T>(momentum, decay, damped, true, p + j, g + j, b + j, lr, wd, r, u, l);
    }
  }
  for (; i < whole; i += 16) {
    updateVector<T>(momentum, decay, damped, true, p + i, g + i, b + i, lr, wd, r, u, l);
  }
  updateRest<T>(momentum, decay, damped, p + whole, g + whole, b + whole, n % (16 / sizeof<T>()), lr, wd, r, u, l);
}

/** The last n elements, fewer than a vector. One function for all variants: it is small, and never where the time goes. */
function updateRest<T extends number>(
  momentum: Momentum, decay: bool, damped: bool,
  p: usize, g: usize, b: usize, n: usize,
  lr: v128, wd: v128, r: v128, u: v128, l: v128,
): void {
  for (; n; n--) {
    updateVector<T>(momentum, decay, damped, false, p, g, b, lr, wd, r, u, l);
    p += sizeof<T>();
    g += sizeof<T>();
    b += sizeof<T>();
  }
}

/** The rule. In `update`, everything that is compared here is a literal, so that no branch is left in the loop. */
// @ts-ignore: decorator
@inline
function updateVector<T extends number>(
  momentum: Momentum, decay: bool, damped: bool, whole: bool,
  p: usize, g: usize, b: usize,
  negativeLr: v128, weightDecay: v128, retain: v128, undamped: v128, lookahead: v128,
): void {
  const parameter = load<T>(p, whole);
  let d = load<T>(g, whole);
  if (decay) d = multiplyAdd<T>(parameter, weightDecay, d, whole);
  if (momentum != Momentum.None) {
    const retained = v128.mul<T>(load<T>(b, whole), retain);
    const buffer = damped ? multiplyAdd<T>(d, undamped, retained, whole) : v128.add<T>(d, retained);
    store<T>(b, buffer, whole);
    d = momentum == Momentum.Nesterov ? multiplyAdd<T>(buffer, lookahead, d, whole) : buffer;
  }
  store<T>(p, multiplyAdd<T>(d, negativeLr, parameter, whole), whole);
}

// @ts-ignore: decorator
@inline
function load<T extends number>(address: usize, whole: bool): v128 {
  return whole ? v128.load(address) : v128.load_zero<T>(address);
}

// @ts-ignore: decorator
@inline
function store<T extends number>(address: usize, value: v128, whole: bool): void {
  if (whole) v128.store(address, value);
  else v128.store_lane<T>(address, value, 0);
}
