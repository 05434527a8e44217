// Averages of parameters over a training, as torch.optim.swa_utils of PyTorch 2.14 computes them. `a` is the average, `v` a value:
//
//   MEAN     a = a + (v - a) / first
//   DECAY    a = first·a + second·v
//   LERP     a = a + first·(v - a)   with one multiply-add
//   LERP_TO  a = v + first·(v - a)   the same for first = weight - 1, more exact for a weight from 1/2 on

import { DECAY_AVERAGE, LERP, LERP_TO, MEAN } from "../src/kernel/flags";
import { loadVector, rounded, storeVector, vectorBytes } from "./elements";
import { isEmulated, multiplier, multiplyAdd } from "./fma";
import { blockOf, distance, endOf } from "./places";

/**
 * One update of n adjacent elements. 16-bit elements are widened to f32; every result of MEAN and DECAY_AVERAGE is rounded to
 * them, of the others the last one.
 */
// @ts-ignore: decorator
@inline
export function average<T extends number, E extends number>(
  half: i32, rule: i32, a: usize, v: usize, n: usize, first: T, second: T,
): void {
  const x = v128.splat<T>(first);
  const y = v128.splat<T>(second);
  const k = multiplier<T>(first);
  const bytes = n * sizeof<E>();
  let end: usize = 0;
  // Where multiply-add is short, the processor reads far enough ahead in one walk.
  if (isEmulated && sizeof<E>() > 2) {
    const apart = distance<E>(bytes, vectorBytes<T, E>());
    const block = blockOf<E>(bytes, apart);
    end = endOf<E>(bytes, apart);
    for (let offset: usize = 0; offset < apart; offset += block) {
      for (let i = offset; i < end; i += apart) walk<T, E>(half, rule, a + i, v + i, block, x, y, k);
    }
  }
  walk<T, E>(half, rule, a + end, v + end, bytes - end, x, y, k);
}

/**
 * Whole vectors, unrolled by two where a vector takes few instructions, then the tail, element by element. A loop for each rule
 * would be no faster.
 */
function walk<T extends number, E extends number>(
  half: i32, rule: i32, a: usize, v: usize, bytes: usize, x: v128, y: v128, k: v128,
): void {
  let i: usize = 0;
  if (!isEmulated && sizeof<E>() > 2) {
    for (const pairs = bytes & -(2 * vectorBytes<T, E>()); i < pairs; i += 2 * vectorBytes<T, E>()) {
      update<T, E>(half, rule, true, false, a + i, v + i, x, y, k);
      update<T, E>(half, rule, true, true, a + i, v + i, x, y, k);
    }
  }
  for (const whole = bytes & -vectorBytes<T, E>(); i < whole; i += vectorBytes<T, E>()) {
    update<T, E>(half, rule, true, false, a + i, v + i, x, y, k);
  }
  for (; i < bytes; i += sizeof<E>()) update<T, E>(half, rule, false, false, a + i, v + i, x, y, k);
}

/** The rule, for the vector at the addresses, the `second` one from there, or with `whole` false for one element. */
// @ts-ignore: decorator
@inline
function update<T extends number, E extends number>(
  half: i32, rule: i32, whole: bool, second: bool, a: usize, v: usize, first: v128, other: v128, weight: v128,
): void {
  const old = loadVector<T, E>(half, a, second, whole);
  const value = loadVector<T, E>(half, v, second, whole);
  let result: v128;
  if (rule == DECAY_AVERAGE) {
    result = v128.add<T>(rounded<E>(half, v128.mul<T>(first, old)), rounded<E>(half, v128.mul<T>(other, value)));
  } else {
    const difference = v128.sub<T>(value, old);
    if (rule == MEAN) result = v128.add<T>(old, rounded<E>(half, v128.div<T>(rounded<E>(half, difference), first)));
    else result = multiplyAdd<T>(whole && sizeof<E>() > 2, difference, weight, rule == LERP ? old : value);
  }
  storeVector<T, E>(half, a, result, second, whole);
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
