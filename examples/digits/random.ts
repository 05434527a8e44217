// Numbers that are the same everywhere: mulberry32, and values made from it exactly.

import type { Precision } from "./precision.js";

/** 32 random bits at every call. */
export type Random = () => number;

/** mulberry32 by Tommy Ettinger (public domain). */
export function mulberry32(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/**
 * `count` values between -scale and scale, small ones more often: m * 2^-e with a mantissa m of full length and e from 0 to 7.
 * Every operation is exact in `dtype` for a scale that is a power of two, so nothing depends on how anything rounds.
 */
export function values(random: Random, count: number, dtype: Precision, scale: number): number[] {
  return Array.from({ length: count }, () => {
    const m = dtype === "float32" ? mantissa24(random) : mantissa53(random);
    return (m / (1 << (random() >>> 29))) * scale;
  });
}

function mantissa24(random: Random): number {
  return (random() >>> 8) / 2 ** 23 - 1;
}

function mantissa53(random: Random): number {
  const high = random() >>> 5;
  return (high * 67108864 + (random() >>> 6)) / 4503599627370496 - 1;
}
