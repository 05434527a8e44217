// What the kernel is asked to do in an update: the formulas of torch.optim.swa_utils of PyTorch 2.14.

import type { DType } from "../common/dtype.js";
import { DECAY_AVERAGE, LERP, LERP_TO, MEAN } from "../kernel/flags.js";

/** What is averaged: `swa` all updates alike, `ema` the latest ones more, by `decay`. */
export type Method = "swa" | "ema";
/** How an average is computed: `single` is PyTorch's `avg_fn`, `multi` its `multi_avg_fn`; they differ in the last bits. */
export type Formula = "single" | "multi";

export interface Rule {
  rule: number;
  first: number;
  second: number;
}

/** @param count how many values are in the average */
export function ruleOf(method: Method, formula: Formula, dtype: DType, count: number, decay: number): Rule {
  if (formula === "single") {
    return method === "swa"
      ? { rule: MEAN, first: count + 1, second: 0 }
      : { rule: DECAY_AVERAGE, first: decay, second: 1 - decay };
  }
  // PyTorch has the weight of the mean as a float32, whatever the parameters are.
  const weight = method === "swa" ? Math.fround(1 / Math.fround(count + 1)) : 1 - decay;
  const rounded = dtype === "float64" ? weight : Math.fround(weight);
  return Math.abs(rounded) < 0.5
    ? { rule: LERP, first: rounded, second: 0 }
    : { rule: LERP_TO, first: rounded - 1, second: 0 };
}
