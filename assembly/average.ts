// Averages of parameters over a training, as torch.optim.swa_utils of PyTorch 2.14 computes them. `a` is the average, `v` a value:
//
//   MEAN     a = a + (v - a) / first
//   DECAY    a = first·a + second·v
//   LERP     a = a + first·(v - a)   with one multiply-add
//   LERP_TO  a = v + first·(v - a)   the same for first = weight - 1, more exact for a weight from 1/2 on

import { DECAY_AVERAGE, LERP, LERP_TO, MEAN } from "../src/kernel/flags";
import { isEmulated, multiplier, multiplyAdd } from "./fma";

/** One update of n adjacent elements: whole vectors, in a loop for each rule, then the last elements one by one. */
// @ts-ignore: decorator
@inline
export function average<T extends number>(rule: i32, a: usize, v: usize, n: usize, first: T, second: T): void {
  const x = v128.splat<T>(first);
  const y = v128.splat<T>(second);
  const k = multiplier<T>(first);
  const bytes = n * sizeof<T>();
  switch (rule) {
    case MEAN: walk<T>(MEAN, a, v, bytes, x, y, k); break;
    case DECAY_AVERAGE: walk<T>(DECAY_AVERAGE, a, v, bytes, x, y, k); break;
    case LERP: walk<T>(LERP, a, v, bytes, x, y, k); break;
    default: walk<T>(LERP_TO, a, v, bytes, x, y, k);
  }
  for (let i = bytes & ~15; i < bytes; i += sizeof<T>()) {
    v128.store_lane<T>(a + i, updated<T>(rule, v128.load_zero<T>(a + i), v128.load_zero<T>(v + i), x, y, k), 0);
  }
}

// @ts-ignore: decorator
@inline
function walk<T extends number>(rule: i32, a: usize, v: usize, bytes: usize, x: v128, y: v128, k: v128): void {
  const pairs: usize = isEmulated ? 0 : bytes & ~31;
  const whole = bytes & ~15;
  let i: usize = 0;
  for (; i < pairs; i += 32) {
    v128.store(a + i, updated<T>(rule, v128.load(a + i), v128.load(v + i), x, y, k));
    v128.store(a + i, updated<T>(rule, v128.load(a + i, 16), v128.load(v + i, 16), x, y, k), 16);
  }
  for (; i < whole; i += 16) v128.store(a + i, updated<T>(rule, v128.load(a + i), v128.load(v + i), x, y, k));
}

// @ts-ignore: decorator
@inline
function updated<T extends number>(rule: i32, a: v128, v: v128, first: v128, second: v128, weight: v128): v128 {
  if (rule == DECAY_AVERAGE) return v128.add<T>(v128.mul<T>(first, a), v128.mul<T>(second, v));
  const difference = v128.sub<T>(v, a);
  if (rule == MEAN) return v128.add<T>(a, v128.div<T>(difference, first));
  return multiplyAdd<T>(difference, weight, rule == LERP ? a : v);
}

/** Exchanges the contents of two places. */
export function swap(x: usize, y: usize, bytes: usize): void {
  const whole = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const held = v128.load(x + i);
    v128.store(x + i, v128.load(y + i));
    v128.store(y + i, held);
  }
  for (; i < bytes; i++) {
    const held = load<u8>(x + i);
    store<u8>(x + i, load<u8>(y + i));
    store<u8>(y + i, held);
  }
}
