// The update rule of torch.optim.SGD (_single_tensor_sgd of PyTorch 1.13), once.
//
//   d = g                         -g with maximize
//   d = d + weightDecay·p         with decay
//   b = momentum·b + undamped·d   with momentum; b = d on a parameter's first step
//   d = b                         d + momentum·b with Nesterov
//   p = p + negativeLr·d
//
// undamped is 1 - dampening. Without dampening undamped·d is d, and one addition gives what the multiply-add would.

import { DAMPENING, DECAY, FIRST, MAXIMIZE, MOMENTUM, NESTEROV, SCALE, ZERO } from "../src/kernel/flags";
import { isEmulated, multiplier, multiplyAdd } from "./fma";

// @ts-ignore: decorator
@inline
const VECTOR: usize = 16;

/**
 * One step of n adjacent elements: whole vectors, then the last elements one by one, so that nothing beyond them is touched.
 * With SCALE a gradient is multiplied by `factor`, then by `clip`, before anything else.
 *
 * The common rules have loops of their own: where the flags of `walk` are literals, the compiler leaves out what they do not
 * ask for. All else goes through the loop whose flags are a variable.
 */
// @ts-ignore: decorator
@inline
export function step<T extends number>(
  flags: i32, p: usize, g: usize, b: usize, n: usize,
  negativeLr: T, weightDecay: T, momentum: T, undamped: T, factor: T, clip: T,
): void {
  const lr = multiplier<T>(negativeLr);
  const wd = multiplier<T>(weightDecay);
  const r = v128.splat<T>(momentum);
  const m = multiplier<T>(momentum);
  const u = multiplier<T>(undamped);
  const f = v128.splat<T>(factor);
  const c = v128.splat<T>(clip);
  // Counted by the offset, never by an end address: a region may end at 4 GiB, where the address wraps to 0.
  const bytes = n * sizeof<T>();
  let i: usize = 0;
  switch (flags) {
    case 0: i = walk<T>(0, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
    case DECAY: i = walk<T>(DECAY, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
    case MOMENTUM: i = walk<T>(MOMENTUM, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
    case MOMENTUM | DECAY: i = walk<T>(MOMENTUM | DECAY, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
    case MOMENTUM | NESTEROV: i = walk<T>(MOMENTUM | NESTEROV, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
    case MOMENTUM | NESTEROV | DECAY: i = walk<T>(MOMENTUM | NESTEROV | DECAY, !isEmulated, p, g, b, bytes, lr, wd, r, m, u, f, c); break;
  }
  i += walk<T>(flags, false, p + i, g + i, b + i, bytes - i, lr, wd, r, m, u, f, c);
  for (; i < bytes; i += sizeof<T>()) update<T>(flags, false, false, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
}

/**
 * Updates whole vectors, two a turn with `paired`: that is faster where a vector takes few instructions.
 *
 * @returns the offset of the first byte that is left
 */
// @ts-ignore: decorator
@inline
function walk<T extends number>(
  flags: i32, paired: bool,
  p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): usize {
  const turn: usize = paired ? 2 * VECTOR : VECTOR;
  const end = bytes & -turn;
  for (let i: usize = 0; i < end; i += turn) {
    update<T>(flags, true, false, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
    if (paired) update<T>(flags, true, true, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
  }
  return end;
}

/** The rule, for the vector at the addresses, the `second` one from there, or with `whole` false for one element. */
// @ts-ignore: decorator
@inline
function update<T extends number>(
  flags: i32, whole: bool, second: bool,
  p: usize, g: usize, b: usize,
  negativeLr: v128, weightDecay: v128, retain: v128, momentum: v128, undamped: v128, factor: v128, clip: v128,
): void {
  const parameter = load<T>(p, second, whole);
  let d = load<T>(g, second, whole);
  if (flags & (SCALE | MAXIMIZE | ZERO)) {
    if (flags & SCALE) d = v128.mul<T>(v128.mul<T>(d, factor), clip);
    if (flags & MAXIMIZE) d = v128.neg<T>(d);
    if (flags & ZERO) store<T>(g, i64x2.splat(0), second, whole);
  }
  if (flags & DECAY) d = multiplyAdd<T>(parameter, weightDecay, d);
  if (flags & MOMENTUM) {
    let buffer = d;
    if (!(flags & FIRST)) {
      const retained = v128.mul<T>(load<T>(b, second, whole), retain);
      buffer = flags & DAMPENING ? multiplyAdd<T>(d, undamped, retained) : v128.add<T>(d, retained);
    }
    store<T>(b, buffer, second, whole);
    d = flags & NESTEROV ? multiplyAdd<T>(buffer, momentum, d) : buffer;
  }
  store<T>(p, multiplyAdd<T>(d, negativeLr, parameter), second, whole);
}

// @ts-ignore: decorator
@inline
function load<T extends number>(address: usize, second: bool, whole: bool): v128 {
  if (!whole) return v128.load_zero<T>(address);
  return second ? v128.load(address, VECTOR) : v128.load(address);
}

// @ts-ignore: decorator
@inline
function store<T extends number>(address: usize, value: v128, second: bool, whole: bool): void {
  if (!whole) v128.store_lane<T>(address, value, 0);
  else if (second) v128.store(address, value, VECTOR);
  else v128.store(address, value);
}
