// Averages element by element, as PyTorch 2.14 computes them on a processor with fused multiply-add, or without: written for
// reading, on numbers, with one rounding after each operation.

import { fusedMultiplyAdd, separateMultiplyAdd } from "./exact.js";

export type Kind = "swa" | "ema" | "swa_multi" | "ema_multi";
type DType = "float32" | "float64";

/** @param count how many values are in the average */
export function averaged(
  kind: Kind,
  dtype: DType,
  rounding: "fused" | "separate",
  [a, v]: readonly [average: number, value: number],
  count: number,
  decay: number,
): number {
  const round = dtype === "float32" ? Math.fround : Number;
  const multiplyAdd = rounding === "fused" ? fusedMultiplyAdd : separateMultiplyAdd;
  if (kind === "swa") return round(a + round(round(v - a) / round(count + 1)));
  if (kind === "ema") return round(round(round(decay) * a) + round(round(1 - decay) * v));
  const weight = round(kind === "swa_multi" ? Math.fround(1 / Math.fround(count + 1)) : 1 - decay);
  const difference = round(v - a);
  return Math.abs(weight) < 0.5
    ? multiplyAdd(difference, weight, a, dtype)
    : multiplyAdd(difference, round(weight - 1), v, dtype);
}
