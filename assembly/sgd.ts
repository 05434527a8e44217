// The update rule of torch.optim.SGD (_single_tensor_sgd of PyTorch 1.13), once.
//
//   d = g                         -g with maximize
//   d = d + weightDecay·p         with decay
//   b = momentum·b + undamped·d   with momentum; b = d on a parameter's first step
//   d = b                         d + momentum·b with Nesterov
//   p = p + negativeLr·d
//
// undamped is 1 - dampening. Without dampening undamped·d is d, and one addition gives what the multiply-add would. With SCALE
// a gradient is multiplied by `factor`, then by `clip`, before anything else.

import { BFLOAT16, DAMPENING, DECAY, FIRST, MAXIMIZE, MOMENTUM, NESTEROV, SCALE, ZERO } from "../src/kernel/flags";
import { loadVector, rounded, storeVector, vectorBytes } from "./elements";
import { isEmulated, multiplier, multiplyAdd } from "./fma";
import { evenBfloat16, joinBfloat16, oddBfloat16, quietBfloat16 } from "./half";
import { blockOf, distance, endOf } from "./places";

/** One step of n adjacent elements: whole vectors, then the tail, element by element, so that nothing beyond it is touched. */
// @ts-ignore: decorator
@inline
export function step<T extends number, E extends number>(
  half: i32, flags: i32, p: usize, g: usize, b: usize, n: usize,
  negativeLr: T, weightDecay: T, momentum: T, undamped: T, factor: T, clip: T,
): void {
  // Here and below: lr, wd, m and u as multiply-add takes them; r (the momentum again), f and c as plain products take them.
  const lr = multiplier<T>(negativeLr);
  const wd = multiplier<T>(weightDecay);
  const r = v128.splat<T>(momentum);
  const m = multiplier<T>(momentum);
  const u = multiplier<T>(undamped);
  const f = rounded<E>(half, v128.splat<T>(factor));
  const c = rounded<E>(half, v128.splat<T>(clip));
  // Counted by the offset, never by an end address: a region may end at 4 GiB, where the address wraps to 0.
  const bytes = n * sizeof<E>();
  const apart = distance<E>(bytes, 2 * vectorBytes<T, E>());
  const block = blockOf<E>(bytes, apart);
  const end = endOf<E>(bytes, apart);
  for (let offset: usize = 0; offset < apart; offset += block) {
    for (let i = offset; i < end; i += apart) {
      const done = sizeof<E>() == 2
        ? ASC_FEATURE_RELAXED_SIMD && half == BFLOAT16 && commonBfloat16(flags, p + i, g + i, b + i, block, lr, wd, r, m, u, f, c)
        : commonRule<T>(flags, p + i, g + i, b + i, block, lr, wd, r, m, u, f, c);
      if (!done) anyRule<T, E>(half, flags, p + i, g + i, b + i, block, lr, wd, r, m, u, f, c);
    }
  }
  if (end < bytes) anyRule<T, E>(half, flags, p + end, g + end, b + end, bytes - end, lr, wd, r, m, u, f, c);
}

/**
 * The rules that have a loop of their own: where the flags of `walk` are literals, the compiler leaves out what they do not ask
 * for. Where multiply-add is emulated, that one which needs it least. Each loop is followed by `return true`: the compiler
 * would make one of those that end alike, with a variable for their flags.
 */
// @ts-ignore: decorator
@inline
function commonRule<T extends number>(
  flags: i32, p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): bool {
  if (flags == MOMENTUM) {
    walk<T>(MOMENTUM, p, g, b, bytes, lr, wd, r, m, u, f, c);
    return true;
  }
  if (isEmulated) return false;
  switch (flags) {
    case 0: walk<T>(0, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case DECAY: walk<T>(DECAY, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case MOMENTUM | DECAY: walk<T>(MOMENTUM | DECAY, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case MOMENTUM | NESTEROV: walk<T>(MOMENTUM | NESTEROV, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case MOMENTUM | NESTEROV | DECAY: walk<T>(MOMENTUM | NESTEROV | DECAY, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
  }
  return false;
}

/** The same for bfloat16 in the hardware build, where it is worth it; its other rules go through the same loop. */
// @ts-ignore: decorator
@inline
function commonBfloat16(
  flags: i32, p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): bool {
  switch (flags) {
    case 0: walkBfloat16(0, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case DECAY: walkBfloat16(DECAY, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case MOMENTUM: walkBfloat16(MOMENTUM, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
    case MOMENTUM | DECAY: walkBfloat16(MOMENTUM | DECAY, p, g, b, bytes, lr, wd, r, m, u, f, c); return true;
  }
  walkBfloat16(flags, p, g, b, bytes, lr, wd, r, m, u, f, c);
  return true;
}

/** Any rule, and any number of elements. */
function anyRule<T extends number, E extends number>(
  half: i32, flags: i32, p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): void {
  const whole = bytes & -vectorBytes<T, E>();
  let i: usize = 0;
  for (; i < whole; i += vectorBytes<T, E>()) update<T, E>(half, flags, true, false, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
  for (; i < bytes; i += sizeof<E>()) update<T, E>(half, flags, false, false, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
}

/** Updates whole vectors, unrolled by two where that is faster. */
// @ts-ignore: decorator
@inline
function walk<T extends number>(
  flags: i32, p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): void {
  for (let i: usize = 0; i < bytes; i += isEmulated ? 16 : 32) {
    update<T, T>(0, flags, true, false, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
    if (!isEmulated) update<T, T>(0, flags, true, true, p + i, g + i, b + i, lr, wd, r, m, u, f, c);
  }
}

/** The same for bfloat16, eight elements an iteration: those with even and those with odd indices. */
// @ts-ignore: decorator
@inline
function walkBfloat16(
  flags: i32, p: usize, g: usize, b: usize, bytes: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): void {
  // Constants that the compiler must not know, or it would have them built in every iteration.
  const one = i16x8.splat(i16(bytes != 0));
  const upper = i32x4.shl(i16x8.neg(one), 16);
  let largest = i64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const parameter = v128.load(p + i);
    const gradient = v128.load(g + i);
    const evenP = evenBfloat16(parameter);
    const oddP = oddBfloat16(parameter, upper);
    let even = gradientOf<f32, u16>(BFLOAT16, flags, true, evenP, evenBfloat16(gradient), wd, f, c);
    let odd = gradientOf<f32, u16>(BFLOAT16, flags, true, oddP, oddBfloat16(gradient, upper), wd, f, c);
    if (flags & ZERO) v128.store(g + i, i64x2.splat(0));
    if (flags & MOMENTUM) {
      let evenB = even;
      let oddB = odd;
      if (!(flags & FIRST)) {
        const buffer = v128.load(b + i);
        evenB = bufferOf<f32>(flags, true, even, evenBfloat16(buffer), r, u);
        oddB = bufferOf<f32>(flags, true, odd, oddBfloat16(buffer, upper), r, u);
      }
      v128.store(b + i, joinBfloat16(evenB, oddB, one));
      even = directionOf<f32>(flags, true, even, evenB, m);
      odd = directionOf<f32>(flags, true, odd, oddB, m);
    }
    const after = joinBfloat16(multiplyAdd<f32>(true, even, lr, evenP), multiplyAdd<f32>(true, odd, lr, oddP), one);
    largest = i16x8.max_u(largest, i16x8.add(after, after));
    v128.store(p + i, after);
  }
  // Twice the bits of an infinity are 0xff00 whatever its sign; those of NaN are more.
  if (v128.any_true(i16x8.gt_u(largest, i16x8.splat(-256)))) {
    quietBfloat16(p, bytes >> 1);
    if (flags & MOMENTUM) quietBfloat16(b, bytes >> 1);
  }
}

/** The rule, for the vector at the addresses, the `second` one from there, or with `whole` false for one element. */
// @ts-ignore: decorator
@inline
function update<T extends number, E extends number>(
  half: i32, flags: i32, whole: bool, second: bool,
  p: usize, g: usize, b: usize,
  lr: v128, wd: v128, r: v128, m: v128, u: v128, f: v128, c: v128,
): void {
  const inlined = whole && sizeof<E>() > 2;
  const parameter = loadVector<T, E>(half, p, second, whole);
  let d = gradientOf<T, E>(half, flags, inlined, parameter, loadVector<T, E>(half, g, second, whole), wd, f, c);
  if (flags & ZERO) storeVector<T, E>(half, g, i64x2.splat(0), second, whole);
  if (flags & MOMENTUM) {
    const buffer = flags & FIRST ? d : bufferOf<T>(flags, inlined, d, loadVector<T, E>(half, b, second, whole), r, u);
    storeVector<T, E>(half, b, buffer, second, whole);
    d = directionOf<T>(flags, inlined, d, buffer, m);
  }
  storeVector<T, E>(half, p, multiplyAdd<T>(inlined, d, lr, parameter), second, whole);
}

// @ts-ignore: decorator
@inline
function gradientOf<T extends number, E extends number>(
  half: i32, flags: i32, inlined: bool, parameter: v128, gradient: v128, weightDecay: v128, factor: v128, clip: v128,
): v128 {
  let d = gradient;
  if (flags & (SCALE | MAXIMIZE)) {
    if (flags & SCALE) d = rounded<E>(half, v128.mul<T>(rounded<E>(half, v128.mul<T>(d, factor)), clip));
    if (flags & MAXIMIZE) d = v128.neg<T>(d);
  }
  return flags & DECAY ? multiplyAdd<T>(inlined, parameter, weightDecay, d) : d;
}

/** The momentum buffer after a step that is not the first. */
// @ts-ignore: decorator
@inline
function bufferOf<T extends number>(flags: i32, inlined: bool, d: v128, buffer: v128, momentum: v128, undamped: v128): v128 {
  const retained = v128.mul<T>(buffer, momentum);
  return flags & DAMPENING ? multiplyAdd<T>(inlined, d, undamped, retained) : v128.add<T>(d, retained);
}

/** What is multiplied by -lr. */
// @ts-ignore: decorator
@inline
function directionOf<T extends number>(flags: i32, inlined: bool, d: v128, buffer: v128, momentum: v128): v128 {
  return flags & NESTEROV ? multiplyAdd<T>(inlined, buffer, momentum, d) : buffer;
}
